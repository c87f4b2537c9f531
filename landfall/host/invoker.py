"""The host's side of the worker process: starts it, sends invocations, kills it at a time-out, and replaces it."""

import contextlib
import logging
import multiprocessing
import threading
import uuid
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from pathlib import Path

from landfall.host.worker import Function, Indexed, Invocation, LogLine, Outcome, Value, main

log = logging.getLogger("host.worker")

STOP_GRACE_S = 2.0  # how long a worker may take to end before it is killed


class AppError(Exception):
    """The app cannot run; the text is the runtime library's."""


class WorkerDiedError(Exception):
    """The worker process ended while a function ran."""


class _Process:
    """A worker process."""

    def __init__(self, app_folder: Path) -> None:
        context = multiprocessing.get_context("spawn")  # a fork would inherit the host's threads and locks
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(
            target=main, args=(theirs, str(app_folder)), name="functions-worker", daemon=True
        )
        self.process.start()
        theirs.close()
        self.pending: dict[str, Future[Outcome]] = {}
        self.lock = threading.Lock()
        self.gone = False

    def send(self, invocation: Invocation) -> Future[Outcome]:
        """Send an invocation; its future fails if the process ends first."""
        future: Future[Outcome] = Future()
        with self.lock:
            if self.gone:
                raise WorkerDiedError("the worker process ended")
            self.pending[invocation.invocation_id] = future
            with contextlib.suppress(OSError):  # the process is ending: the reader fails every pending future
                self.pipe.send(invocation)
        return future

    def read(self) -> None:
        """Receive messages until the process ends, then fail every pending future."""
        with contextlib.suppress(EOFError, OSError):
            while True:
                message = self.pipe.recv()
                if isinstance(message, LogLine):
                    logging.getLogger(message.logger).log(message.level, "%s", message.text)
                elif isinstance(message, Outcome):
                    with self.lock:
                        future = self.pending.pop(message.invocation_id, None)
                    if future is not None:
                        future.set_result(message)
        with self.lock:
            self.gone = True
            lost, self.pending = list(self.pending.values()), {}
        for future in lost:
            future.set_exception(WorkerDiedError("the worker process ended while the function ran"))

    def end(self) -> None:
        """End the process; kill it if it does not end in time."""
        with contextlib.suppress(OSError):
            self.pipe.send(None)  # closing would not reach it while the reader waits on the same pipe
        self.process.join(STOP_GRACE_S)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


class Invoker:
    """Runs the app's functions in a worker process, which is started again whenever it dies."""

    def __init__(self, app_folder: Path, timeout_s: float) -> None:
        self._app_folder = app_folder
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._stopping = False
        self._current: _Process
        self._current, self.functions = self._start()

    @property
    def worker_pid(self) -> int:
        """The process id of the present worker."""
        return self._current.process.pid or 0

    def invoke(
        self, function: Function, inputs: dict[str, Value], metadata: dict[str, Value], invocation_id: str = ""
    ) -> Outcome:
        """Run a function and wait for it. One that takes longer than the timeout ends the whole worker process.

        Never raises for what went wrong in the function: that is the outcome's error.
        """
        invocation = Invocation(invocation_id or str(uuid.uuid4()), function.function_id, inputs, metadata)
        process = self._current
        try:
            process, future = self._send(invocation)
            return future.result(self._timeout_s)
        except FutureTimeoutError:
            log.error(  # noqa: TRY400 - a traceback of this host would only distract
                "function timeout of %.0f s exceeded by %s: the worker is restarted", self._timeout_s, function.name
            )
            process.process.kill()
            self._replace(process)
            return Outcome(invocation.invocation_id, f"function timeout of {self._timeout_s:.0f} s exceeded")
        except WorkerDiedError as error:
            self._replace(process)
            return Outcome(invocation.invocation_id, str(error))

    def stop(self) -> None:
        """End the worker for good."""
        with self._lock:
            self._stopping = True
            self._current.end()

    def _send(self, invocation: Invocation) -> tuple[_Process, Future[Outcome]]:
        """Send to the present worker; one that ended while it had nothing to do is replaced first."""
        process = self._current
        try:
            return process, process.send(invocation)
        except WorkerDiedError:
            self._replace(process)
        return self._current, self._current.send(invocation)

    def _replace(self, dead: _Process) -> None:
        """Start another worker unless somebody did already."""
        with self._lock:
            if self._stopping or self._current is not dead:
                return
            dead.process.join(STOP_GRACE_S)
            log.warning("the worker process ended (exit status %s); starting another", dead.process.exitcode)
            dead.end()
            try:
                self._current, self.functions = self._start()
            except AppError as error:  # the next invocation tries again: files may be in the middle of a change
                log.error("the worker cannot be started again: %s", error)  # noqa: TRY400 - the text is the app's own

    def _start(self) -> tuple[_Process, dict[str, Function]]:
        process = _Process(self._app_folder)
        try:
            indexed = self._await_index(process)
        except EOFError:
            process.end()
            raise AppError(
                f"the worker process ended (exit status {process.process.exitcode}) while indexing"
            ) from None
        if indexed.problem is not None:
            process.end()
            raise AppError(indexed.problem)
        threading.Thread(target=process.read, name="worker-reader", daemon=True).start()
        return process, {function.name: function for function in indexed.functions}

    @staticmethod
    def _await_index(process: _Process) -> Indexed:
        while True:
            message = process.pipe.recv()
            if isinstance(message, Indexed):
                return message
            if isinstance(message, LogLine):
                logging.getLogger(message.logger).log(message.level, "%s", message.text)
