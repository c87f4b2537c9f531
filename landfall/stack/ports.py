"""Free TCP ports on 127.0.0.1 for the parts of the stack."""

import contextlib
import os
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from landfall.errors import CommandError


def is_free(port: int) -> bool:
    """Tell whether `port` can be bound on 127.0.0.1 now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def free_ports(count: int) -> list[int]:
    """Return `count` different free ports; another program may take them at any moment."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()


@contextlib.contextmanager
def port_choice_lock(report: Callable[[str], None]) -> Iterator[None]:
    """Hold a lock, one per user and machine, while a start chooses ports and until its parts listen there.

    A port is taken only once its part listens: two starts at the same moment would both find the usual ports free.
    `report` gets a line when the lock is taken and the start has to wait.

    Raises:
        CommandError: the system is Windows, which lacks what the stack's processes need.
    """
    if sys.platform == "win32":
        raise CommandError(
            "The local stack does not run on Windows itself: it needs the file locks and process groups of Linux or"
            " macOS. Run it in WSL or in the dev container (.devcontainer)."
        )
    import fcntl  # noqa: PLC0415 - Windows does not have it, and imports this module for other commands

    path = Path(tempfile.gettempdir()) / f"landfall-ports-{os.getuid()}.lock"
    lock = os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report("another stack is starting on this machine: this one waits for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)  # releases the lock, as the end of the process would
