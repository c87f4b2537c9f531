"""Runs the command, and observes the stack that it started."""

import contextlib
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from landfall.cli import main

LONG_S = 100  # no promise: only so that a test that hangs ends
ROOT = Path(__file__).resolve().parents[2]
IN_PROCESS = frozenset(
    {
        "approve",
        "check",
        "doctor",
        "explain",
        "forget",
        "freeze",
        "gate",
        "reject",
        "retry",
        "rollback",
        "runs",
        "schema",
        "show",
        "submit",
        "unfreeze",
        "verify",
    }
)


def landfall(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the command: in this process if it only reads or asks, which spares the start of an interpreter.

    What starts and ends processes, and what needs another environment, is a process of its own.
    """
    if arguments[0] not in IN_PROCESS or environ:
        command = [sys.executable, "-m", "landfall", *arguments]
        settings = {**os.environ, **environ}
        return subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, timeout=110, check=False)
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = main(arguments)
        except SystemExit as error:  # argparse's
            status = int(error.code or 0)
    return subprocess.CompletedProcess(arguments, status, out.getvalue(), err.getvalue())


def processes_of(state: Path) -> list[int]:
    """Return the living processes whose command line names a state folder."""
    pids = []
    for process in psutil.process_iter(["cmdline", "status"]):
        line = " ".join(process.info["cmdline"] or [])
        if str(state) in line and process.info["status"] != psutil.STATUS_ZOMBIE and process.pid != os.getpid():
            pids.append(process.pid)
    return pids


def document(state: Path) -> dict[str, Any]:
    """Read stack.json."""
    read: dict[str, Any] = json.loads((state / "stack.json").read_text(encoding="utf-8"))
    return read


def until(what: Callable[[], bool]) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + LONG_S
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.005)
