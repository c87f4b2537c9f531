"""The processes of the stack: how each is started, how it is known to be ready, and how it is ended."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil

from landfall.errors import CommandError
from landfall.stack.azurite import ROOT, AzuritePorts, azurite_command
from landfall.stack.stack_state import ProcessIdentity, StateFolder

CORE_TOOLS_READY_TIMEOUT_S = 300  # the first time they fetch the extension bundle
READY_TIMEOUT_S = 90  # a busy machine may take long; a part that died is noticed at once
STOP_TIMEOUT_S = 40  # the functions host lets running functions finish
STORAGE = "azurite"


class Part:
    """One process of the stack, in a session of its own: a Ctrl-C is for the command, which ends the parts in order.

    `ports` are those on 127.0.0.1 at which this very process, or a child of it, must listen to be ready: what answers
    there may be part of another stack that was quicker.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        state: StateFolder,
        environ: Mapping[str, str] | None = None,
        *,
        ready_s: float = READY_TIMEOUT_S,
        ports: Sequence[int] = (),
    ) -> None:
        self.name = name
        self.log = state.log(name)
        self._command, self._state, self._environ, self._ready_s = command, state, environ, ready_s
        self._ports = frozenset(ports)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.identity = ProcessIdentity.of(name, self.process.pid)

    def restarted(self) -> "Part":
        """Start the same command once more, with the same environment, log and data; this one must have ended."""
        self.process.wait()
        ready_s, ports = self._ready_s, tuple(self._ports)
        return Part(self.name, self._command, self._state, self._environ, ready_s=ready_s, ports=ports)

    def wait_until(self, ready: Callable[[], bool]) -> None:
        """Return once `ready` says so, and it is this process that listens at its ports.

        Raises:
            CommandError: the process ended first, or took too long; with the end of its log.
        """
        deadline = time.monotonic() + self._ready_s
        while not (ready() and self._listens()):
            status = self.process.poll()
            if status is not None:
                raise CommandError(f"{self.name} ended with status {status} while starting:\n{self.tail()}")
            if time.monotonic() > deadline:
                raise CommandError(f"{self.name} was not ready within {self._ready_s:g} s:\n{self.tail()}")
            time.sleep(0.05)

    def _listens(self) -> bool:
        """Tell whether this process, with its children, is what listens at all of its ports."""
        if not self._ports:
            return True
        found: set[int] = set()
        with contextlib.suppress(psutil.Error):  # it has just ended, or a child of it
            process = psutil.Process(self.process.pid)
            for one in (process, *process.children(recursive=True)):
                found |= {c.laddr.port for c in one.net_connections("inet") if c.status == psutil.CONN_LISTEN}
        return self._ports <= found

    def end_report(self) -> str:
        """Return how this process ended, with the end of its log."""
        return f"{self.name} ended with status {self.process.returncode}:\n{self.tail()}"

    def tail(self, lines: int = 15) -> str:
        """Return the end of the log, and where the rest is."""
        try:
            text = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]
        except OSError:
            text = []
        return "\n".join([*(f"  {line}" for line in text), f"  (log: {self.log})"])


def end(identity: ProcessIdentity) -> bool:
    """End a process and what it started, gently first; tells whether it ran."""
    process = identity.find()
    if process is None:
        return False
    family = [process]
    with contextlib.suppress(psutil.Error):
        family += process.children(recursive=True)
        process.terminate()
    deadline = time.monotonic() + STOP_TIMEOUT_S
    while _runs(process) and time.monotonic() < deadline:
        time.sleep(0.02)
    for one in family:  # what did not go by itself, or not with its parent
        with contextlib.suppress(psutil.Error):
            one.kill()
    while any(_runs(one) for one in family):
        time.sleep(0.02)
    return True


def kill_parts(begun: Sequence[Part]) -> None:
    """End parts that have only begun, at once; all they had done can be done again.

    The storage alone is asked to end, and waited for: it may have acknowledged writes that no disk has yet.
    """
    for part in reversed(begun):
        if part.name == STORAGE:
            part.process.terminate()
        else:
            kill_session(part.process.pid)
    for part in reversed(begun):
        try:
            part.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            kill_session(part.process.pid)
            part.process.wait()


def kill_session(leader: int) -> None:
    """Kill a process that was started in a session of its own, with all that it has started; returns once all ended.

    The leader itself is for its parent to wait for.
    """
    family: list[psutil.Process] = []
    with contextlib.suppress(psutil.Error, ProcessLookupError):
        family += psutil.Process(leader).children(recursive=True)
        os.killpg(leader, signal.SIGKILL)
    while any(_runs(one) for one in family):
        time.sleep(0.005)


def _runs(process: psutil.Process) -> bool:
    """Tell whether a process still runs; one that only waits to be collected by its parent does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def start_azurite(state: StateFolder, ports: AzuritePorts) -> Part:
    """Start the storage emulator; its data is kept in the state folder."""
    listening = (ports.blob, ports.queue, ports.table)
    return Part(STORAGE, azurite_command(ports, state.path / "azurite"), state, ports=listening)


def start_studio(state: StateFolder, port: int, storage_host: str, arguments: Sequence[str] = ()) -> Part:
    """Start the studio on what was published; it may read and write the stack's own storage."""
    serve = ["serve", "--port", str(port), "--data", str(studio_data(state)), "--allow-host", storage_host]
    return Part("studio", [*studio_command(), *serve, "--activation-delay-s", "1", *arguments], state, ports=[port])


def start_host(state: StateFolder, port: int, environ: Mapping[str, str], nonce: str) -> Part:
    """Start the functions host on this repository's app; its locks are short, for the one after a crash.

    Its status repeats `nonce`, by which it is known.
    """
    app = ["--app", str(ROOT), "--port", str(port), "--settings", str(state.settings), "--nonce", nonce]
    times = ["--blob-scan-s", "1", "--visibility-s", "60", "--lock-s", "15"]
    return Part("host", [sys.executable, "-m", "landfall.host", *app, *times], state, environ)


def start_core_tools(state: StateFolder, port: int, settings: Mapping[str, str]) -> Part:
    """Start Azure Functions Core Tools on this repository's app instead of our own host.

    Their settings come by the environment, which wins over a local.settings.json that lies about; the interpreter is
    the one that `python` on the PATH is.

    Raises:
        CommandError: they are not installed.
    """
    func = shutil.which("func")
    if func is None:
        raise CommandError(
            "`func` is not on the PATH: install Azure Functions Core Tools 4 (npm install --global"
            " azure-functions-core-tools@4), or leave out --host func"
        )
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    environ = {
        **os.environ,
        **settings,
        "PATH": path,
        "VIRTUAL_ENV": sys.prefix,
        "FUNCTIONS_CORE_TOOLS_TELEMETRY_OPTOUT": "1",
    }
    command = [func, "start", "--port", str(port)]
    return Part("host", command, state, environ, ready_s=CORE_TOOLS_READY_TIMEOUT_S, ports=[port])


def studio_command() -> list[str]:
    """Return how the studio is called: as a program of its own, with its own imports."""
    return [sys.executable, "-m", "studio"]


def studio_data(state: StateFolder) -> Path:
    """Return the studio's data folder."""
    return state.path / "studio"
