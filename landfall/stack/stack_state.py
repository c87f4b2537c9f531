"""What is known of a running stack: `stack.json` for other tools, and which processes are its own."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from landfall.command_line import command
from landfall.errors import CommandError

DEFAULT_STATE = Path(".local")
DOCUMENT = "stack.json"
PROCESSES = "processes.json"
SETTINGS = "settings.json"


@dataclass(frozen=True)
class ProcessIdentity:
    """A process of the stack. A process id alone may by now belong to somebody else, so its birth is kept as well."""

    name: str
    pid: int
    created_at: float  # seconds since 1970, as the operating system tells

    @classmethod
    def of(cls, name: str, pid: int) -> "ProcessIdentity":
        """Describe a process that runs now."""
        return cls(name, pid, psutil.Process(pid).create_time())

    def find(self) -> psutil.Process | None:
        """Return the process if it is still the same one and alive."""
        try:
            process = psutil.Process(self.pid)
            if abs(process.create_time() - self.created_at) > 1 or process.status() == psutil.STATUS_ZOMBIE:
                return None
        except psutil.Error:
            return None
        return process


class StateFolder:
    """The folder that a stack keeps everything in: data, logs, settings, and what runs."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()

    def create(self) -> None:
        """Create the folder, readable for its owner only: it holds keys.

        Raises:
            CommandError: it is something else, or cannot be written.
        """
        self.check()
        try:
            (self.path / "logs").mkdir(parents=True, exist_ok=True)
            self.path.chmod(0o700)
        except OSError as error:
            raise self._unusable(error) from error
        if not os.access(self.path, os.W_OK | os.X_OK):
            raise CommandError(f"the state folder {self.path} cannot be written: choose another --state")

    def log(self, name: str) -> Path:
        """Return where a part logs to."""
        return self.path / "logs" / f"{name}.log"

    @property
    def settings(self) -> Path:
        """The settings file of the functions host; `func start` reads the same shape."""
        return self.path / SETTINGS

    def write_document(self, document: dict[str, Any]) -> None:
        """Write `stack.json`."""
        write_private(self.path / DOCUMENT, document)

    def read_document(self) -> dict[str, Any]:
        """Read `stack.json` of a running stack.

        Raises:
            CommandError: no stack runs there.
        """
        self.check()
        try:
            document: dict[str, Any] = json.loads((self.path / DOCUMENT).read_text(encoding="utf-8"))
        except FileNotFoundError:
            start = command("up", state=self.path)
            raise CommandError(f"no stack runs in {self.path}: start one with {start}") from None
        except (OSError, ValueError) as error:
            raise CommandError(f"{self.path / DOCUMENT} cannot be read: {error}") from error
        return document

    def write_processes(self, read_processes: list[ProcessIdentity]) -> None:
        """Write down which processes are the stack's, before anything else can go wrong."""
        write_private(self.path / PROCESSES, [vars(process) for process in read_processes])

    def read_processes(self) -> list[ProcessIdentity]:
        """Return the processes that were written down, whether they still run or not.

        Raises:
            CommandError: the folder is something else, or cannot be read.
        """
        self.check()
        try:
            found = json.loads((self.path / PROCESSES).read_text(encoding="utf-8"))
            return [ProcessIdentity(**one) for one in found]
        except (FileNotFoundError, ValueError, TypeError):
            return []
        except OSError as error:
            raise self._unusable(error) from error

    def clear(self) -> None:
        """Remove what says that a stack runs; data and logs stay.

        Raises:
            CommandError: the folder cannot be written.
        """
        try:
            for name in (DOCUMENT, PROCESSES):
                (self.path / name).unlink(missing_ok=True)
        except OSError as error:
            raise self._unusable(error) from error

    def check(self) -> None:
        """Check that it is a folder, or nothing yet.

        Raises:
            CommandError: it is something else.
        """
        if self.path.exists() and not self.path.is_dir():
            raise CommandError(
                f"{self.path} is not a folder: --state names the folder that a stack keeps everything in"
            )

    def check_idle(self) -> None:
        """Check that no stack runs in it.

        Raises:
            CommandError: one does, or the folder cannot be read.
        """
        alive = [identity.name for identity in self.read_processes() if identity.find() is not None]
        if alive:
            end = command("down", state=self.path)
            raise CommandError(f"a stack runs in {self.path} already ({', '.join(alive)}): end it with {end}")

    def advice(self) -> str:
        """Return what to do when a part of the stack that should run here does not answer."""
        if any(identity.find() is not None for identity in self.read_processes()):
            return f"{command('doctor', state=self.path)} tells more"
        return f"nothing of the stack runs any more: start it again with {command('up', state=self.path)}"

    def _unusable(self, error: OSError) -> CommandError:
        return CommandError(f"the state folder {self.path} cannot be used: {error.strerror} ({error.filename})")


def write_private(path: Path, content: object) -> None:
    """Write JSON that only its owner may read, whole or not at all."""
    draft = path.with_suffix(".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=2)
    draft.replace(path)
