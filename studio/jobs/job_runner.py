"""Runs queued jobs: one thread for each training worker, each taking the next job of the queue."""

import logging
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from studio.errors import StudioError
from studio.jobs.errors import JobNotStartableError
from studio.jobs.execution import Executed, JobExecution
from studio.jobs.failure import JobFailedError, failing_in
from studio.jobs.job import Job, JobState
from studio.jobs.job_store import JobStore
from studio.storage.failures import release_failed_transfers
from studio.storage.stopping import Stop, StoppedError
from studio.training.training_notes import details_of
from studio.training.training_worker import TrainingWorker, WorkerDiedError

RETRY_PAUSE_S = 5.0  # after the database could not be read, or a wake-up was missed
STOP_TIMEOUT_S = 5.0
MAX_RUNS = 2  # a job whose run was interrupted by the end of the studio runs again, once

_log = logging.getLogger(__name__)


class JobRunner:
    """The threads that run the jobs of all endpoints."""

    def __init__(self, jobs: JobStore, execution: JobExecution, workers: int) -> None:
        """Prepare to run at most `workers` jobs at a time."""
        self._jobs = jobs
        self._execution = execution
        self._workers = [TrainingWorker(threads=0 if workers == 1 else 1) for _ in range(workers)]
        self._changed = threading.Condition()  # a job was put into the queue, or one has ended
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._running: dict[str, Stop] = {}
        self._stopping = False

    def start(self) -> None:
        """Begin to run jobs, with those first that an earlier studio left."""
        self._jobs.drop_unstarted(datetime.now(UTC))
        self._jobs.requeue_interrupted()
        self._threads = [threading.Thread(target=self._serve, args=(worker,), daemon=True) for worker in self._workers]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End all trainings and their processes; the interrupted jobs run again at the studio's next start."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        with self._lock:
            for stop in self._running.values():
                stop.stop()
        for worker in self._workers:
            worker.close()
        for thread in self._threads:
            # A thread that waits for a name's addresses may take longer. It finds no worker then; its job runs again.
            thread.join(STOP_TIMEOUT_S)

    def start_job(self, job: Job) -> None:
        """Put a job into the queue.

        Raises:
            JobNotStartableError: it was started before or has ended.
        """
        if not self._jobs.enqueue(job.id):
            current = self._jobs.get(job.id) or job
            state = "Queued" if current.state is JobState.NOT_STARTED else current.state
            raise JobNotStartableError(f"The job cannot be started because it is in {state} state.")
        self._wake()

    def cancel(self, job: Job) -> None:
        """Cancel a job, and stop its transfer or its training; a job that has ended stays as it is."""
        if self._jobs.end(job.id, JobState.CANCELLED):
            with self._lock:
                if job.id in self._running:
                    self._running[job.id].stop()

    def stop_deleted(self) -> None:
        """Stop the jobs that were deleted with their endpoint."""
        with self._lock:
            for job_id, stop in self._running.items():
                if self._jobs.get(job_id) is None:
                    stop.stop()

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _serve(self, worker: TrainingWorker) -> None:
        """Run jobs on one worker until the studio stops."""
        try:
            worker.warm_up()
        except WorkerDiedError:
            if not self._stopping:
                _log.warning("A training process could not be started. The first job tries again.")
        while not self._stopping:
            try:
                job = self._next_job()
                if job is not None:
                    self._run(job, worker)
                    self._wake()  # its endpoint may run another one now
            except sqlite3.Error:
                # The disk may be full. The thread must live; the job runs again after the next start of the studio.
                _log.exception("The state of a job could not be written to the database.")
                with self._changed:
                    self._changed.wait(RETRY_PAUSE_S)

    def _next_job(self) -> Job | None:
        """Return a job that runs from now on, or None after a while without one."""
        with self._changed:
            job = None if self._stopping else self._jobs.take_next()
            if job is None and not self._stopping:
                self._changed.wait(RETRY_PAUSE_S)
            return job

    def _run(self, job: Job, worker: TrainingWorker) -> None:
        """Run a job, and record how it ended."""
        try:
            with self._stoppable(job.id) as stop:
                executed = self._execute(job, worker, stop)
        except JobFailedError as failure:
            if self._stopping and isinstance(failure.cause, WorkerDiedError | StoppedError):
                return  # the job stays Running, which the next start takes for interrupted
            self._jobs.end(job.id, JobState.FAILED, details=failure.details(job.id))
        except Exception:  # noqa: BLE001 (whatever it is, the job must end with a reason, and the thread go on)
            _log.exception("Job %s failed for an unknown reason.", job.id)
            unknown = JobFailedError(
                "Train Model", StudioError("the studio failed; its log says why under this job's id")
            )
            self._jobs.end(job.id, JobState.FAILED, details=unknown.details(job.id))
        else:
            self._jobs.end(job.id, JobState.FINISHED, results=executed.results, details=details_of(executed.notes))
        finally:
            release_failed_transfers()

    def _execute(self, job: Job, worker: TrainingWorker, stop: Stop) -> Executed:
        with failing_in("Import Data"):
            if job.runs > MAX_RUNS or job.accepted is None:
                raise StudioError("the studio ended each time while this job was running")
        return self._execution.run(job.id, job.accepted, worker, stop)

    @contextmanager
    def _stoppable(self, job_id: str) -> Iterator[Stop]:
        """Let `cancel`, `stop` and `stop_deleted` stop the job during the `with`."""
        stop = Stop()
        with self._lock:
            self._running[job_id] = stop
        try:
            if self._stopping or not self._jobs.is_running(job_id):
                stop.stop()  # whoever decided so may have looked for the job before it was registered
            yield stop
        finally:
            with self._lock:
                del self._running[job_id]
