"""The lock that makes one studio serve a data folder, and the wait of a studio that takes the folder over.

A container platform starts the next container before it stops the present one, and stops the present one only when the
next one is healthy. The next one can have the lock only then. So it answers health checks while it waits, and refuses
everything else.
"""

import contextlib
import fcntl
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from studio.errors import SetupError
from studio.responses import JsonResponse
from studio.workspace.database import private_folder

LOCK_TICKS = 5  # ticks of the waiting server from one try to the next: 0.5 s
RETRY_AFTER_S = 5


@contextlib.contextmanager
def sole_server(folder: Path, listener: socket.socket, *, take_over: bool) -> Iterator[None]:
    """Lock a folder for one studio: two studios would run each job twice.

    With `take_over` a locked folder is waited for, while `listener` answers health checks.

    Raises:
        SetupError: another studio serves the folder, and it is not waited for.
        SystemExit: a signal ended the wait.
    """
    with os.fdopen(os.open(private_folder(folder) / "serve.lock", os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
        if not _lock(file):
            if not take_over:
                raise SetupError(f"Another studio serves {folder}. Stop it, or name another folder.")
            print(f"Another studio serves {folder}. Waiting until it ends.", flush=True)  # noqa: T201 (a command prints)
            _wait(file, listener)
        yield


def _lock(file: TextIO) -> bool:
    """Lock a file; tells whether this process has the lock now.

    Raises:
        SetupError: nobody can lock it. Not to be waited for: it would look as if another studio served.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise SetupError(
            f"serve.lock of the data folder cannot be locked: {error.strerror}."
            " Keep the folder on a file system with locks, such as NFS 4.1."
        ) from error
    return True


class _WaitingServer(uvicorn.Server):
    """A server that ends when it could lock a file."""

    def __init__(self, config: uvicorn.Config, file: TextIO) -> None:
        super().__init__(config)
        self.locked = False
        self._file = file

    async def on_tick(self, counter: int) -> bool:
        """Try the lock; tells whether to end. It is called every 0.1 s."""
        self.locked = self.locked or (counter % LOCK_TICKS == 0 and _lock(self._file))
        return self.locked or await super().on_tick(counter)


def _wait(file: TextIO, listener: socket.socket) -> None:
    """Answer health checks until the file is locked."""
    config = uvicorn.Config(
        Starlette(routes=[Route("/health", _healthy), Route("/{path:path}", _refuse, methods=list(_METHODS))]),
        log_level="warning",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=1,
        proxy_headers=False,
        ws="none",
        server_header=False,
        headers=[("Connection", "close")],  # the next request must reach the studio itself
    )
    server = _WaitingServer(config, file)
    # The server closes its socket at its end. What connects meanwhile waits in the queue that both sockets share.
    server.run([listener.dup()])
    if not server.locked:
        raise SystemExit(0)


_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


async def _healthy(_: Request) -> Response:
    return JsonResponse({"state": "Waiting"})


async def _refuse(_: Request) -> Response:
    return JsonResponse(
        {"error": {"code": "ServiceUnavailable", "message": "Another studio still serves. Repeat the request."}},
        status_code=503,
        headers={"Retry-After": str(RETRY_AFTER_S)},
    )
