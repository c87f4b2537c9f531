"""A process that trains: warm between jobs, killed when its job is cancelled, and never left behind."""

import contextlib
import multiprocessing
import os
import signal
import threading
from concurrent.futures import CancelledError, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from studio.child_process import bind_to_parent
from studio.errors import StudioError
from studio.tables.csv_reader import TableFormat
from studio.training.lightgbm_imports import block_unused_imports
from studio.training.previous_model import PreviousModel
from studio.training.train import TrainingResult, train
from studio.training.training_plan import TrainingPlan
from studio.training.training_progress import Progress, SharedProgress


class WorkerDiedError(StudioError):
    """The process ended during a training: it was killed, or it ran out of memory."""


class TrainingWorker:
    """One process that runs one training at a time. One thread uses it; any thread may call `kill`."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._lock = threading.Lock()
        self._executor: ProcessPoolExecutor | None = None
        self._pid: int | None = None
        self._closed = threading.Event()
        self._progress = SharedProgress()  # shared with each process of this worker in turn

    def warm_up(self) -> None:
        """Start the process unless it runs, and let it import the libraries of a training.

        Raises:
            WorkerDiedError: the process cannot be started.
        """
        try:
            self._start()
        except WorkerDiedError:
            if self._closed.is_set():
                raise
            self._start()  # the previous process was killed after its training had ended

    def _start(self) -> None:
        with self._lock:
            if self._closed.is_set():
                raise WorkerDiedError("the studio is stopping")
            if self._executor is None:
                context = multiprocessing.get_context("spawn")
                self._executor = ProcessPoolExecutor(1, context, _prepare, (self._progress,))
            executor = self._executor
        try:
            pid = executor.submit(os.getpid).result()
            with self._lock:
                self._pid = pid
                if self._closed.is_set():
                    _kill(pid)
            executor.submit(_import_library).result()
        except (BrokenProcessPool, CancelledError, RuntimeError) as error:
            self._discard(executor)
            raise WorkerDiedError("the training process cannot be started") from error

    def train(
        self, csv: Path, plan: TrainingPlan, table_format: TableFormat, previous: PreviousModel
    ) -> TrainingResult:
        """Train in the process; `previous` is the model in service.

        Raises:
            WorkerDiedError: the process ended meanwhile.
            StudioError: the training failed.
        """
        self.warm_up()
        with self._lock:
            executor = self._executor
        if executor is None:
            raise WorkerDiedError("the training process was stopped")
        try:
            return executor.submit(_train, csv, plan, self._threads, table_format, previous).result()
        except (BrokenProcessPool, CancelledError, RuntimeError) as error:
            self._discard(executor)
            raise WorkerDiedError(
                "the training process ended during the training: give the studio more memory, or train on fewer rows"
            ) from error
        finally:
            self._progress.clear()

    def progress(self) -> Progress | None:
        """Return the progress of the training; None without one, or before its first tree."""
        return self._progress.read()

    def _discard(self, executor: ProcessPoolExecutor) -> None:
        with self._lock:
            ours = self._executor is executor
            if ours:
                self._executor = self._pid = None
        if ours:  # only this thread shuts it down: two at once would close its pipes twice
            executor.shutdown(wait=True)

    def kill(self) -> None:
        """Kill the process and its training; the next training starts a new process."""
        with self._lock:
            if self._pid is not None:
                _kill(self._pid)

    def close(self) -> None:
        """End the process for good."""
        with self._lock:
            self._closed.set()
            executor, self._executor = self._executor, None
        self.kill()
        if executor is not None:
            executor.shutdown(wait=True, cancel_futures=True)


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


_shared_progress: list[SharedProgress] = []  # of the process that trains, in that process


def _train(
    csv: Path, plan: TrainingPlan, threads: int, table_format: TableFormat, previous: PreviousModel
) -> TrainingResult:
    """Train, and report the progress to the studio."""
    return train(csv, plan, threads, table_format, report=_shared_progress[0].report, previous=previous)


def _prepare(progress: SharedProgress) -> None:
    """Set the new process up."""
    _shared_progress.append(progress)
    block_unused_imports()
    bind_to_parent()


def _import_library() -> None:
    """Import LightGBM, after the process's id is known: it takes long, and a studio that ends must not wait for it."""
    # Without OpenMP the import fails; then every training raises SetupError.
    with contextlib.suppress(OSError):
        import lightgbm  # noqa: F401, PLC0415 (only this process needs it)
