"""The state folder of a stack: `stack.json` for other tools, and the list of its processes."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from landfall.command_line import command_line
from landfall.errors import CommandError
from landfall.stack.stack_document import StackDocument

DEFAULT_STATE = Path(".local")
DOCUMENT = "stack.json"
PROCESSES = "processes.json"
SETTINGS = "settings.json"


@dataclass(frozen=True)
class ProcessIdentity:
    """The identity of a process: its id and its creation time, since the system reuses ids."""

    name: str
    pid: int
    created_at: float  # seconds since 1970, by the operating system

    @classmethod
    def of(cls, name: str, pid: int) -> "ProcessIdentity":
        """Return the identity of a running process."""
        return cls(name, pid, psutil.Process(pid).create_time())

    def find(self) -> psutil.Process | None:
        """Return the process if it still runs."""
        try:
            process = psutil.Process(self.pid)
            if abs(process.create_time() - self.created_at) > 1 or process.status() == psutil.STATUS_ZOMBIE:
                return None
        except psutil.Error:
            return None
        return process


class StateFolder:
    """The folder of a stack's data, logs, settings and process list."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()

    def create(self) -> None:
        """Create the folder, readable for its owner only: it holds keys.

        Raises:
            CommandError: the path is no folder, or cannot be written.
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
        """Return the path of a part's log."""
        return self.path / "logs" / f"{name}.log"

    @property
    def settings(self) -> Path:
        """The settings file of the functions host; `func start` reads the same shape."""
        return self.path / SETTINGS

    def write_document(self, document: Mapping[str, object]) -> None:
        """Write `stack.json`."""
        write_private(self.path / DOCUMENT, document)

    def read_document(self) -> StackDocument:
        """Read `stack.json` of a running stack.

        Raises:
            CommandError: no stack runs in this folder.
        """
        self.check()
        try:
            document: StackDocument = json.loads((self.path / DOCUMENT).read_text(encoding="utf-8"))
        except FileNotFoundError:
            start = command_line("up", state=self.path)
            raise CommandError(f"no stack runs in {self.path}: start one with {start}") from None
        except (OSError, ValueError) as error:
            raise CommandError(f"{self.path / DOCUMENT} cannot be read: {error}") from error
        return document

    def write_processes(self, read_processes: list[ProcessIdentity]) -> None:
        """Write the list of the stack's processes."""
        write_private(self.path / PROCESSES, [vars(process) for process in read_processes])

    def read_processes(self) -> list[ProcessIdentity]:
        """Read the list of the stack's processes, whether they still run or not.

        Raises:
            CommandError: the path is no folder, or cannot be read.
        """
        self.check()
        try:
            entries = json.loads((self.path / PROCESSES).read_text(encoding="utf-8"))
            return [ProcessIdentity(**entry) for entry in entries]
        except (FileNotFoundError, ValueError, TypeError):
            return []
        except OSError as error:
            raise self._unusable(error) from error

    def clear(self) -> None:
        """Remove `stack.json` and the process list; data and logs stay.

        Raises:
            CommandError: the folder cannot be written.
        """
        try:
            for name in (DOCUMENT, PROCESSES):
                (self.path / name).unlink(missing_ok=True)
        except OSError as error:
            raise self._unusable(error) from error

    def check(self) -> None:
        """Check that the path is a folder, or does not exist yet.

        Raises:
            CommandError: it is something else.
        """
        if self.path.exists() and not self.path.is_dir():
            raise CommandError(f"{self.path} is not a folder: choose a folder for --state")

    def check_idle(self) -> None:
        """Check that no stack runs in the folder.

        Raises:
            CommandError: a stack runs, or the folder cannot be read.
        """
        alive = [process.name for process in self.read_processes() if process.find() is not None]
        if alive:
            down = command_line("down", state=self.path)
            raise CommandError(f"a stack runs in {self.path} already ({', '.join(alive)}): end it with {down}")

    def advice(self) -> str:
        """Return what to do when a part of this stack does not answer."""
        if any(process.find() is not None for process in self.read_processes()):
            return f"{command_line('doctor', state=self.path)} tells more"
        return f"nothing of the stack runs any more: start it again with {command_line('up', state=self.path)}"

    def _unusable(self, error: OSError) -> CommandError:
        return CommandError(f"the state folder {self.path} cannot be used: {error.strerror} ({error.filename})")


def write_private(path: Path, content: object) -> None:
    """Write a JSON file that only its owner may read; a reader sees the whole new content or the old one."""
    draft = path.with_suffix(".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=2)
    draft.replace(path)
