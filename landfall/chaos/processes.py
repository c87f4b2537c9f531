"""Kills, stops and restarts the processes of a stack, and leaves no process stopped."""

import contextlib
import threading
import time

import psutil

from landfall.chaos.proxied_stack import ProxiedStack
from landfall.chaos.schedule import Kill, KillSignal
from landfall.errors import CommandError
from landfall.stack.processes import Part
from landfall.stack.readiness import host_runs, storage_runs, studio_runs

WORKER = "spawn_main"  # in the command line of the host's worker process
WORKER_WAIT_S = 8.0  # how long to wait for a worker while the host starts another
STORAGE_STOP_TIMEOUT_S = 60.0
MAX_STARTS = 6  # a start may meet a fault and end; the platform would try again as well
POLL_S = 0.02


class Processes:
    """The processes of one stack; used by one thread at a time."""

    def __init__(self, proxied: ProxiedStack) -> None:
        self._proxied = proxied
        self.host_ended = 0  # how often the host ended without a kill

    def targets(self, signal: KillSignal) -> list[psutil.Process]:
        """Return the processes that a signal is for; none if no worker runs and none comes in time."""
        match signal:
            case KillSignal.KILL_WORKER | KillSignal.STOP_WORKER:
                return self._workers(WORKER_WAIT_S)
            case KillSignal.KILL_HOST:
                return [self._process("host"), *self._workers(0)]
            case KillSignal.STOP_HOST:
                return [self._process("host")]
            case KillSignal.RESTART_STUDIO:
                studio = self._process("studio")
                return [studio, *studio.children(recursive=True)]
            case KillSignal.RESTART_STORAGE:
                return [self._process("azurite")]

    def send(self, signal: KillSignal, targets: list[psutil.Process]) -> bool:
        """Send a signal; False if the first target had ended before."""
        if not targets:
            return False
        first, *children = targets
        try:
            match signal:
                case KillSignal.STOP_WORKER | KillSignal.STOP_HOST:
                    first.suspend()
                case KillSignal.RESTART_STORAGE:  # never SIGKILL: Azurite would lose writes that it has acknowledged
                    first.terminate()
                case _:
                    first.kill()
        except psutil.Error:
            return False
        for child in children:
            with contextlib.suppress(psutil.Error):
                child.kill()
        return True

    def recover(self, kill: Kill, targets: list[psutil.Process], stop: threading.Event) -> None:
        """Resume what was stopped, and start again what was ended; the host itself replaces a killed worker.

        Raises:
            CommandError: a part cannot be started again.
        """
        match kill.signal:
            case KillSignal.STOP_WORKER | KillSignal.STOP_HOST:
                try:
                    stop.wait(kill.stopped_s)
                finally:
                    for process in targets:
                        with contextlib.suppress(psutil.Error):
                            process.resume()
            case KillSignal.KILL_HOST:
                self._start_host()
            case KillSignal.RESTART_STUDIO:
                self._proxied.stack.restart("studio").wait_until(lambda: studio_runs(self._proxied.studio))
            case KillSignal.RESTART_STORAGE:
                _await_end(self._proxied.stack.part("azurite"))
                azurite = self._proxied.stack.restart("azurite")
                azurite.wait_until(lambda: storage_runs(self._proxied.ports.azurite))
            case _:
                pass

    def restart_dead_host(self) -> None:
        """Start the host again if it ended by itself, as the platform does.

        Raises:
            CommandError: it cannot be started, or another part ended by itself.
        """
        dead = self._proxied.stack.dead_part()
        if dead is None:
            return
        if dead.name != "host":
            raise CommandError(dead.end_report())
        self.host_ended += 1
        self._start_host()

    def _start_host(self) -> None:
        url = f"http://127.0.0.1:{self._proxied.ports.host}"
        nonce = self._proxied.stack.document["functions_nonce"]
        for left in reversed(range(MAX_STARTS)):
            try:
                self._proxied.stack.restart("host").wait_until(lambda: host_runs(url, nonce))
            except CommandError:
                if not left or self._proxied.stack.part("host").process.poll() is None:
                    raise
            else:
                return

    def _process(self, name: str) -> psutil.Process:
        return psutil.Process(self._proxied.stack.part(name).process.pid)

    def _workers(self, wait_s: float) -> list[psutil.Process]:
        deadline = time.monotonic() + wait_s
        while True:
            with contextlib.suppress(psutil.Error):
                for child in self._process("host").children():
                    if any(WORKER in word for word in child.cmdline()):
                        return [child]
            if time.monotonic() >= deadline:
                return []
            time.sleep(POLL_S)


def _await_end(part: Part) -> None:
    deadline = time.monotonic() + STORAGE_STOP_TIMEOUT_S
    while part.process.poll() is None:
        if time.monotonic() > deadline:
            raise CommandError(
                f"{part.name} did not end within {STORAGE_STOP_TIMEOUT_S:.0f} s after SIGTERM. See {part.log}."
            )
        time.sleep(POLL_S)
