"""The processes of the stack: how each starts, when it is ready, and how it ends."""

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

CORE_TOOLS_READY_TIMEOUT_S = 300  # their first start fetches the extension bundle
READY_TIMEOUT_S = 90  # a busy machine may take long; a part that ended is noticed at once
STOP_TIMEOUT_S = 40  # the functions host lets running functions finish
STORAGE = "azurite"


class Part:
    """One process of the stack, in a session of its own: Ctrl-C reaches the command alone, which ends its parts.

    `ports` are those on 127.0.0.1 at which this process, or a child of it, must listen to be ready. An answer alone
    may come from another stack that took the port first.
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
        """Start the same command again, with the same environment, log and data; the process must have ended."""
        self.process.wait()
        ready_s, ports = self._ready_s, tuple(self._ports)
        return Part(self.name, self._command, self._state, self._environ, ready_s=ready_s, ports=ports)

    def wait_until(self, ready: Callable[[], bool]) -> None:
        """Return once `ready` returns True and this process listens at its ports.

        Raises:
            CommandError: the process ended, or was not ready in time; with the end of its log.
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
        """Tell whether this process and its children listen at all of its ports."""
        if not self._ports:
            return True
        listening: set[int] = set()
        with contextlib.suppress(psutil.Error):  # the process or a child has just ended
            parent = psutil.Process(self.process.pid)
            for process in (parent, *parent.children(recursive=True)):
                sockets = process.net_connections("inet")
                listening |= {socket.laddr.port for socket in sockets if socket.status == psutil.CONN_LISTEN}
        return self._ports <= listening

    def end_report(self) -> str:
        """Return how this process ended, with the end of its log."""
        return f"{self.name} ended with status {self.process.returncode}:\n{self.tail()}"

    def tail(self, lines: int = 15) -> str:
        """Return the last lines of the log, and its path."""
        try:
            text = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]
        except OSError:
            text = []
        return "\n".join([*(f"  {line}" for line in text), f"  (log: {self.log})"])


def end_process(identity: ProcessIdentity) -> bool:
    """End a process and its children: SIGTERM, then SIGKILL. Returns whether it ran."""
    process = identity.find()
    if process is None:
        return False
    family = [process]
    with contextlib.suppress(psutil.Error):
        family += process.children(recursive=True)
        process.terminate()
    deadline = time.monotonic() + STOP_TIMEOUT_S
    while _is_running(process) and time.monotonic() < deadline:
        time.sleep(0.02)
    for member in family:  # those that still run
        with contextlib.suppress(psutil.Error):
            member.kill()
    while any(_is_running(member) for member in family):
        time.sleep(0.02)
    return True


def kill_parts(parts: Sequence[Part]) -> None:
    """Kill parts that are only starting: they can start again from the beginning.

    The storage gets SIGTERM instead: it may have acknowledged writes that are not on disk yet.
    """
    for part in reversed(parts):
        if part.name == STORAGE:
            part.process.terminate()
        else:
            kill_session(part.process.pid)
    for part in reversed(parts):
        try:
            part.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            kill_session(part.process.pid)
            part.process.wait()


def kill_session(leader: int) -> None:
    """Kill the leader of a session and its children; returns once the children have ended.

    The caller, the leader's parent, waits for the leader itself.
    """
    family: list[psutil.Process] = []
    with contextlib.suppress(psutil.Error, ProcessLookupError):
        family += psutil.Process(leader).children(recursive=True)
        os.killpg(leader, signal.SIGKILL)
    while any(_is_running(member) for member in family):
        time.sleep(0.005)


def _is_running(process: psutil.Process) -> bool:
    """Tell whether a process runs; a zombie does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def start_azurite(state: StateFolder, ports: AzuritePorts) -> Part:
    """Start the storage emulator; the state folder keeps its data."""
    listening = (ports.blob, ports.queue, ports.table)
    return Part(STORAGE, azurite_command(ports, state.path / "azurite"), state, ports=listening)


def start_studio(state: StateFolder, port: int, storage_host: str, arguments: Sequence[str] = ()) -> Part:
    """Start the studio with what was published; it may read and write the stack's own storage."""
    serve = ["serve", "--port", str(port), "--data", str(studio_data(state)), "--allow-host", storage_host]
    return Part("studio", [*studio_command(), *serve, "--activation-delay-s", "1", *arguments], state, ports=[port])


def start_host(state: StateFolder, port: int, environ: Mapping[str, str], nonce: str) -> Part:
    """Start the functions host with this repository's app. Its locks are short: a host after a crash waits for them.

    Its status repeats `nonce`, which tells it from other hosts.
    """
    app = ["--app", str(ROOT), "--port", str(port), "--settings", str(state.settings), "--nonce", nonce]
    times = ["--blob-scan-s", "1", "--visibility-s", "60", "--lock-s", "15"]
    return Part("host", [sys.executable, "-m", "landfall.host", *app, *times], state, environ)


def start_core_tools(state: StateFolder, port: int, settings: Mapping[str, str]) -> Part:
    """Start Azure Functions Core Tools with this repository's app, instead of our own host.

    The settings are passed by the environment, which wins over a local.settings.json in the folder. Core Tools run the
    `python` of the PATH.

    Raises:
        CommandError: Core Tools are not installed.
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
    """Return the command that runs the studio: a program of its own, with its own imports."""
    return [sys.executable, "-m", "studio"]


def studio_data(state: StateFolder) -> Path:
    """Return the studio's data folder."""
    return state.path / "studio"
