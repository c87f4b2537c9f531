"""Kills, stops and restarts the processes of a stack, and never leaves one standing still."""

import contextlib
import threading
import time

import psutil

from landfall.chaos.proxied_stack import Stage
from landfall.chaos.schedule import Weapon
from landfall.errors import CommandError
from landfall.stack.processes import Part
from landfall.stack.readiness import host_runs, storage_runs, studio_runs

WORKER = "spawn_main"  # in the command line of the host's worker process
WORKER_WAIT_S = 8.0  # how long to wait for a worker while the host starts another
STORAGE_STOP_S = 60.0
STARTS = 6  # a start may meet a fault and end; the platform would try again as well


class Processes:
    """The processes of one stack; used by one thread at a time."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.host_ended = 0  # how often the host ended without having been killed

    def targets(self, weapon: Weapon) -> list[psutil.Process]:
        """Find whom a weapon is for; nobody if there is no worker just now and none comes."""
        match weapon:
            case Weapon.KILL_WORKER | Weapon.STOP_WORKER:
                return self._workers(WORKER_WAIT_S)
            case Weapon.KILL_HOST:
                return [self._process("host"), *self._workers(0)]
            case Weapon.STOP_HOST:
                return [self._process("host")]
            case Weapon.RESTART_STUDIO:
                studio = self._process("studio")
                return [studio, *studio.children(recursive=True)]
            case Weapon.RESTART_STORAGE:
                return [self._process("azurite")]

    def strike(self, weapon: Weapon, targets: list[psutil.Process]) -> bool:
        """Send the signal; False if the first target was gone already."""
        if not targets:
            return False
        first, *others = targets
        try:
            match weapon:
                case Weapon.STOP_WORKER | Weapon.STOP_HOST:
                    first.suspend()
                case Weapon.RESTART_STORAGE:  # never by force: it would forget writes that it has acknowledged
                    first.terminate()
                case _:
                    first.kill()
        except psutil.Error:
            return False
        for one in others:
            with contextlib.suppress(psutil.Error):
                one.kill()
        return True

    def mend(self, weapon: Weapon, targets: list[psutil.Process], stopped_s: float, stop: threading.Event) -> None:
        """Let go on what was stopped, start again what was ended; a killed worker is the host's business.

        Raises:
            CommandError: a part cannot be started again.
        """
        match weapon:
            case Weapon.STOP_WORKER | Weapon.STOP_HOST:
                try:
                    stop.wait(stopped_s)
                finally:
                    for one in targets:
                        with contextlib.suppress(psutil.Error):
                            one.resume()
            case Weapon.KILL_HOST:
                self._start_host()
            case Weapon.RESTART_STUDIO:
                self._stage.stack.start_again("studio").wait_until(lambda: studio_runs(self._stage.studio))
            case Weapon.RESTART_STORAGE:
                _await_end(self._stage.stack.part("azurite"))
                azurite = self._stage.stack.start_again("azurite")
                azurite.wait_until(lambda: storage_runs(self._stage.ports.azurite))
            case _:
                pass

    def look_after(self) -> None:
        """Start the host again if it ended by itself, as the platform does.

        Raises:
            CommandError: it cannot be started, or another part ended by itself.
        """
        died = self._stage.stack.died()
        if died is None:
            return
        if died.name != "host":
            raise CommandError(f"{died.name} ended by itself with status {died.process.returncode}:\n{died.tail()}")
        self.host_ended += 1
        self._start_host()

    def _start_host(self) -> None:
        url = f"http://127.0.0.1:{self._stage.ports.host}"
        nonce = self._stage.stack.document["functions_nonce"]
        for left in reversed(range(STARTS)):
            try:
                self._stage.stack.start_again("host").wait_until(lambda: host_runs(url, nonce))
            except CommandError:
                if not left or self._stage.stack.part("host").process.poll() is None:
                    raise
            else:
                return

    def _process(self, name: str) -> psutil.Process:
        return psutil.Process(self._stage.stack.part(name).process.pid)

    def _workers(self, wait_s: float) -> list[psutil.Process]:
        deadline = time.monotonic() + wait_s
        while True:
            with contextlib.suppress(psutil.Error):
                for child in self._process("host").children():
                    if any(WORKER in word for word in child.cmdline()):
                        return [child]
            if time.monotonic() >= deadline:
                return []
            time.sleep(0.02)


def _await_end(part: Part) -> None:
    deadline = time.monotonic() + STORAGE_STOP_S
    while part.process.poll() is None:
        if time.monotonic() > deadline:
            raise CommandError(f"{part.name} did not end within {STORAGE_STOP_S:.0f} s")
        time.sleep(0.02)
