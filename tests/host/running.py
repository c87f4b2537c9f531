"""Starts the host as a process of its own, and reads the reports of an app."""

import base64
import contextlib
import json
import re
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.queue import QueueClient

APPS = Path(__file__).parent / "apps"
PATIENCE_S = 60


@dataclass
class RunningHost:
    """A running host, and its log file."""

    process: subprocess.Popen[bytes]
    log: Path
    base_url: str = ""

    def text(self) -> str:
        """Return the log so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def stop(self) -> int:
        """End it with SIGTERM and return its exit status."""
        self.process.terminate()
        return self.process.wait(PATIENCE_S)


def own_settings(storage: str, **more: str) -> dict[str, str]:
    """Return settings with names that no other test uses."""
    mark = uuid.uuid4().hex[:10]
    names = {"CONTAINER": f"c{mark}", "QUEUE": f"q{mark}", "REPORTS": f"reports{mark}", "TICKS": f"ticks{mark}"}
    return {
        "AzureWebJobsStorage": storage,
        "AzureFunctionsWebHost__hostid": f"test-{mark}",
        "LANDFALL_FUNCTIONS_KEY": "the-key",
        "SCHEDULE": "0 0 0 1 1 *",
        **names,
        **more,
    }


def start(
    app: Path, settings: dict[str, str], folder: Path, *arguments: str, program: tuple[str, ...] = ("landfall.host",)
) -> RunningHost:
    """Start a host without waiting for it. The program is a module with its first arguments."""
    folder.mkdir(parents=True, exist_ok=True)
    file, log = folder / f"{uuid.uuid4().hex}.json", folder / f"{uuid.uuid4().hex}.log"
    file.write_text(json.dumps({"Values": settings}), encoding="utf-8")
    command = [sys.executable, "-m", *program, "--app", str(app), "--port", "0", "--settings", str(file)]
    with log.open("wb") as out:
        process = subprocess.Popen([*command, "--blob-scan-s", "0.3", *arguments], stdout=out, stderr=out)
    return RunningHost(process, log)


@contextlib.contextmanager
def running_host(
    app: Path, settings: dict[str, str], folder: Path, *arguments: str, program: tuple[str, ...] = ("landfall.host",)
) -> Iterator[RunningHost]:
    """Run a host within the `with`."""
    host = start(app, settings, folder, *arguments, program=program)
    try:
        started = until(lambda: re.search(r"Host started on (http://\S+)", host.text()) or host.process.poll())
        assert isinstance(started, re.Match), host.text()
        host.base_url = started[1]
        yield host
    finally:
        host.process.terminate()
        host.process.wait(PATIENCE_S)


def until[Thing](look: Callable[[], Thing]) -> Thing:
    """Call a function repeatedly until it returns something, and return that."""
    deadline = time.monotonic() + PATIENCE_S
    while not (value := look()):
        if time.monotonic() > deadline:
            raise AssertionError("it did not happen")
        time.sleep(0.05)
    return value


def take(queue: QueueClient, *, encoded: bool = True) -> list[Any]:
    """Receive and delete every message of a queue; JSON is parsed."""
    taken = []
    try:
        for message in queue.receive_messages(messages_per_page=32):
            text = base64.b64decode(message.content).decode() if encoded else message.content
            taken.append(json.loads(text) if text.startswith("{") else text)
            queue.delete_message(message)
    except ResourceNotFoundError:
        pass
    return taken


def send(queue: QueueClient, text: str, *, encode: bool = True) -> None:
    """Send a message to a queue."""
    queue.send_message(base64.b64encode(text.encode()).decode() if encode else text)
