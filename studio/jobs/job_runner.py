"""Runs batch jobs: a queue in the database, and threads that fetch the input, have it trained and write the outputs."""

import hashlib
import logging
import sqlite3
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from studio.errors import ParameterError, StudioError
from studio.jobs.contract import INPUTS, contract_of, job_outputs
from studio.jobs.errors import JobNotStartableError, JobParameterError, MissingOutputLocationError
from studio.jobs.failure import JobFailedError, failing_in
from studio.jobs.job_store import Job, JobState, JobStore, Outcome, Result
from studio.jobs.output_targets import OutputTargets
from studio.jobs.output_writer import MODEL_TYPE, evaluation_file, write_outputs
from studio.storage.blob_locations import HostAllowList, resolve
from studio.storage.blobs import BlobStorage
from studio.storage.default_output_storage import VARIABLE, DefaultOutputStorage
from studio.storage.failures import release_failed_transfers
from studio.storage.stopping import Stop, StoppedError
from studio.tables.csv_reader import TableFormat
from studio.tables.table_writer import OutputFile
from studio.training.parameters import plan_of_job
from studio.training.training_notes import details_of
from studio.training.training_worker import TrainingWorker, WorkerDiedError
from studio.wire.quirks import Quirks
from studio.wire.request_codec import JobContract, JobRequest
from studio.words import counted
from studio.workspace.deployed_models import DeployedModels
from studio.workspace.in_service import model_in_service
from studio.workspace.registry import Endpoint, Registry

INPUT_LIMIT = 4 * 2**30  # bytes of a CSV; as many values as a training takes rarely need more
LOOK_AGAIN_S = 5.0  # after the database could not be read, or a wake-up was missed
STOP_TIMEOUT_S = 5.0
MOST_RUNS = 2  # a job whose run was interrupted by the end of the studio runs again, once

_log = logging.getLogger(__name__)


class JobRunner:
    """The batch execution of all endpoints."""

    def __init__(
        self,
        jobs: JobStore,
        registry: Registry,
        allowed: HostAllowList,
        folder: Path,
        workers: int,
        *,
        deployed: DeployedModels,
        storage: BlobStorage,
        own: DefaultOutputStorage | None,
        quirks: Quirks,
    ) -> None:
        """Prepare to run at most `workers` jobs at a time; input files wait in `folder` while they are read.

        Trainings keep to the model in service that `deployed` has. Outputs that a job names no place for go to `own`.
        """
        self._jobs = jobs
        self._registry = registry
        self._deployed = deployed
        self._allowed = allowed
        self._folder = folder
        self._workers = [TrainingWorker(threads=0 if workers == 1 else 1) for _ in range(workers)]
        self._storage = storage
        self._own = own
        self._output_targets = OutputTargets(allowed, own)
        self._quirks = quirks
        self._model_output, self._evaluation_output = job_outputs(quirks)
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
        """End all trainings and processes; the jobs of these run again when the studio is started next."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        with self._lock:
            for stop in self._running.values():
                stop.stop()
        for worker in self._workers:
            worker.close()
        for thread in self._threads:
            # One that waits for a name's addresses may take longer; it finds no worker then, and its job runs again.
            thread.join(STOP_TIMEOUT_S)

    def contract(self, endpoint: Endpoint) -> JobContract:
        """Return what the endpoint's jobs take and give."""
        return contract_of(endpoint.service.plan, self._quirks)

    def submit(self, endpoint: Endpoint, request: JobRequest) -> str:
        """Accept a job whose locations and parameters are sound; returns its id.

        Raises:
            JobParameterError: a parameter has a value that it cannot have.
            MissingOutputLocationError: an output has no place.
            StorageError: a location is not sound or not allowed.
            ServiceNotFoundError: the endpoint was deleted meanwhile.
        """
        try:
            plan_of_job(endpoint.service.plan, request.parameters)
        except ParameterError as error:
            raise JobParameterError(f"{error}.") from error
        missing = [name for name in self.contract(endpoint).outputs if name not in request.outputs]
        if missing and self._own is None:
            raise MissingOutputLocationError(
                f"This service needs a location for every output. Missing overrides for: {', '.join(missing)}."
                f" (Started with {VARIABLE}, the studio writes them to a storage account of its own.)",
            )
        for reference in (*request.inputs.values(), *request.outputs.values()):
            resolve(reference, self._allowed)
        job_id = self._jobs.submit(endpoint.id, request)
        if request.notes:
            self._jobs.append_log(job_id, *request.notes)
        return job_id

    def start_job(self, job: Job) -> None:
        """Put a job into the queue.

        Raises:
            JobNotStartableError: it was started before or has ended.
        """
        if not self._jobs.enqueue(job.id):
            now = self._jobs.get(job.id) or job
            state = "Queued" if now.state is JobState.NOT_STARTED else now.state
            raise JobNotStartableError(f"The job cannot be started because it is in {state} state.")
        self._wake()

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def cancel(self, job: Job) -> None:
        """Cancel a job, and stop its transfer or its training; one that has ended stays as it is."""
        if self._jobs.end(job.id, JobState.CANCELLED):
            with self._lock:
                if job.id in self._running:
                    self._running[job.id].stop()

    def stop_forgotten(self) -> None:
        """Stop the jobs that are no longer in the table, since their endpoint was deleted."""
        with self._lock:
            for job_id, stop in self._running.items():
                if self._jobs.get(job_id) is None:
                    stop.stop()

    def current_token(self, result: Result) -> str:
        """Return a new token for reading an output, or the one of the job's end if its key is no longer known."""
        return self._output_targets.current_token(result)

    def _serve(self, worker: TrainingWorker) -> None:
        """Run jobs on one worker until the studio stops."""
        try:
            worker.warm_up()
        except WorkerDiedError:
            if not self._stopping:
                _log.warning("a training process could not be started; the first job tries again")
        while not self._stopping:
            try:
                job = self._next_job()
                if job is not None:
                    self._run(job, worker)
                    self._wake()  # its endpoint may run another one now
            except sqlite3.Error:
                # The disk is full, say. The thread must live; the job runs again after the next start of the studio.
                _log.exception("the state of a job could not be written")
                with self._changed:
                    self._changed.wait(LOOK_AGAIN_S)

    def _next_job(self) -> Job | None:
        """Return a job that runs from now on, or None after a while without one."""
        with self._changed:
            job = None if self._stopping else self._jobs.take_next()
            if job is None and not self._stopping:
                self._changed.wait(LOOK_AGAIN_S)
            return job

    def _run(self, job: Job, worker: TrainingWorker) -> None:
        stop = Stop()
        with self._lock:
            self._running[job.id] = stop
        try:
            if self._stopping or not self._jobs.is_running(job.id):
                stop.stop()  # whoever said so may have looked before it was here
            results, notes = self._execute(job, worker, stop)
        except JobFailedError as failure:
            if self._stopping and isinstance(failure.cause, WorkerDiedError | StoppedError):
                return  # it stays Running, which the next start takes for interrupted
            self._jobs.end(job.id, JobState.FAILED, details=failure.details(job.id))
        except Exception:  # noqa: BLE001 (whatever it is, the job must end in words, and the thread go on)
            _log.exception("job %s failed for an unknown reason", job.id)
            unknown = JobFailedError(
                "Train Model", StudioError("the studio failed; its log says why under this job's id")
            )
            self._jobs.end(job.id, JobState.FAILED, details=unknown.details(job.id))
        else:
            self._jobs.end(job.id, JobState.FINISHED, results=results, details=details_of(notes))
        finally:
            with self._lock:
                del self._running[job.id]
            release_failed_transfers()

    def _execute(self, job: Job, worker: TrainingWorker, stop: Stop) -> tuple[dict[str, Result], Sequence[str]]:
        storage = self._storage.until(stop)
        with ExitStack() as files:
            with failing_in("Import Data"):
                if job.runs > MOST_RUNS or job.request is None:
                    raise StudioError("the studio ended each time while this job was running")
                endpoint = self._registry.endpoint_by_id(job.endpoint_id)
                plan = plan_of_job(endpoint.service.plan, job.request.parameters)
                source = resolve(job.request.inputs[INPUTS[0]], self._allowed)
                targets = self._output_targets.targets(job.id, job.request, self.contract(endpoint))
                self._jobs.append_log(job.id, f"Import Data: {source.path}")
                csv = files.enter_context(storage.fetched_file(source, INPUT_LIMIT, self._folder))
            with failing_in("Train Model"):
                size = counted(csv.stat().st_size, "byte")
                self._jobs.append_log(job.id, f"Train Model: {size} to predict {plan.label!r} from")
                worker.warm_up()
                before = model_in_service(self._registry, self._deployed, endpoint.service)
                with stop.ending(worker.kill), self._jobs.tracking_progress(job.id, worker.progress):
                    trained = worker.train(csv, plan, TableFormat.of_name(source.path.name), before)
            self._jobs.append_log(job.id, *(f"Train Model: {note}" for note in trained.notes))
        if not self._jobs.is_running(job.id):
            return {}, ()  # it was cancelled meanwhile: it leaves no outputs
        rows = counted(trained.trained_rows, "row")
        self._jobs.append_log(job.id, f"Evaluate Model: trained on {rows}, tested on {trained.tested_rows:,}")
        evaluation = self._quirks.evaluation(trained.evaluation)
        self._jobs.keep_outcome(job.id, Outcome(evaluation, hashlib.sha256(trained.model).hexdigest()))
        contents = {
            self._model_output: OutputFile(trained.model, MODEL_TYPE),
            self._evaluation_output: evaluation_file(evaluation, targets[self._evaluation_output]),
        }
        with failing_in("Export Data"):
            if self._own is not None and len(job.request.outputs) < len(targets):
                self._own.prepare(storage)
            write_outputs(storage, targets, contents, lambda line: self._jobs.append_log(job.id, line))
        given = job.request.outputs
        results = {
            name: self._output_targets.delivered(target, own=name not in given) for name, target in targets.items()
        }
        return results, trained.notes
