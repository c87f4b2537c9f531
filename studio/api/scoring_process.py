"""A process that scores long requests: reading and writing their JSON would hold the interpreter lock for seconds.

It receives the body as it came and the name of the model's file, and returns the body of the answer. Bodies travel in
pieces, so the thread that moves them does not hold the lock for long either.
"""

import contextlib
import ctypes
import gc
import logging
import multiprocessing
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

from studio.api.protocol_errors import (
    INTERNAL_ERROR,
    MEMORY_QUOTA_VIOLATION,
    Detail,
    ProtocolError,
    protocol_error,
    translate,
    unexpected_error,
)
from studio.child_process import bind_to_parent
from studio.errors import ModelFileError, RequestError
from studio.models.model_file import load_model
from studio.scoring.scorer import Scorer
from studio.wire.charsets import to_utf8
from studio.wire.scoring_codec import ScoringForm, response_body
from studio.workspace.errors import ModelUnavailableError

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

PIECE_BYTES = 256 * 2**10
_NICENESS = 5  # requests of one row go first where processors are busy
_MAX_MODELS = 4  # in the memory of a process
_LARGE_BYTES = 4 * 2**20  # of a body after which the memory is returned to the system

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ScoringTask:
    """How to score a body, which follows."""

    model: Path  # its file; its name tells its content
    form: ScoringForm
    headers: Sequence[tuple[bytes, bytes]]  # of the request that say how to read the body
    length: int  # bytes of the body


@dataclass(frozen=True)
class _Reply:
    """The length of the answer, which follows; or an error; or neither, if the model's file is gone."""

    length: int = -1
    error: tuple[str, Sequence[Detail]] | None = None  # code and details


class ScoringProcess:
    """One such process, started with the first task. Used by one thread at a time; `close` by any."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._closed = False
        self._process: BaseProcess | None = None
        self._connection: Connection | None = None

    def score(self, task: ScoringTask, body: bytes | bytearray) -> list[bytes] | None:
        """Return the body of the answer, in pieces; None if the model's file is gone.

        Raises:
            ProtocolError: the body is not what the model needs, or the process ended.
        """
        try:
            connection = self._begun()
            connection.send(task)
            with memoryview(body) as view:
                for first in range(0, len(view), PIECE_BYTES):
                    connection.send_bytes(view[first : first + PIECE_BYTES])
            reply: _Reply = connection.recv()
            if reply.error is not None:
                code, details = reply.error
                raise ProtocolError(code, *details)
            if reply.length < 0:
                return None
            return [connection.recv_bytes() for _ in range(_pieces(reply.length))]
        except (EOFError, OSError):
            self._end()
        # Raised outside the `except` clause: the caught error's frames hold a view of the body's buffer.
        text = "The process that scores long requests ended before it answered; is there enough memory?"
        raise protocol_error(INTERNAL_ERROR, "ContainerProcessTerminatedWithSystemError", text)

    def _begun(self) -> Connection:
        with self._lock:
            if self._closed:
                raise EOFError
            if self._connection is None:
                context = multiprocessing.get_context("spawn")
                self._connection, theirs = context.Pipe()
                self._process = context.Process(target=_serve, args=(theirs,), daemon=True)
                self._process.start()
                theirs.close()
            return self._connection

    def _end(self) -> None:
        with self._lock:
            process, connection = self._process, self._connection
            self._process = self._connection = None
        if process is not None:
            process.kill()
            process.join()
        if connection is not None:
            connection.close()

    def close(self) -> None:
        """End the process for good; a task under way fails."""
        with self._lock:
            self._closed = True
            process = self._process
        if process is not None:
            process.kill()
            process.join()


def _pieces(length: int) -> int:
    return -(-length // PIECE_BYTES)


def _serve(connection: Connection) -> None:
    """Carry out tasks until the studio is gone."""
    bind_to_parent()
    os.nice(_NICENESS)
    # A request makes no reference cycles, and looking for cycles among millions of cells takes long.
    gc.freeze()
    gc.disable()
    while True:
        try:
            task: ScoringTask = connection.recv()
            body = _received(connection, task.length)
            reply, content = _replied(task, body)
            del body
            connection.send(reply)
            for first in range(0, len(content), PIECE_BYTES):
                connection.send_bytes(content[first : first + PIECE_BYTES])
        except (EOFError, OSError):
            return
        del content
        gc.collect()
        if task.length > _LARGE_BYTES:
            _release_memory()


def _received(connection: Connection, length: int) -> bytes:
    return b"".join(connection.recv_bytes() for _ in range(_pieces(length)))


def _replied(task: ScoringTask, body: bytes) -> tuple[_Reply, bytes]:
    try:
        content = response_body(_scorer(task.model), to_utf8(body, task.headers), task.form)
    except FileNotFoundError:
        return _Reply(), b""
    except RequestError as error:
        return _refused(translate(error))
    except ModelFileError as error:
        return _refused(translate(ModelUnavailableError(f"The model is damaged: {error}")))
    except MemoryError:
        text = "The memory does not suffice to score so many rows at once; send fewer."
        return _refused(protocol_error(MEMORY_QUOTA_VIOLATION, "OutOfMemoryLimit", text))
    except Exception:  # noqa: BLE001 (whatever it is, the caller gets the documented 500)
        _log.exception("A long request failed for an unknown reason.")
        return _refused(unexpected_error())
    return _Reply(len(content)), content


def _refused(error: ProtocolError) -> tuple[_Reply, bytes]:
    return _Reply(error=(error.code, error.details)), b""


@lru_cache(_MAX_MODELS)
def _scorer(model: Path) -> Scorer:
    return Scorer(load_model(model.read_bytes()))


def _release_memory() -> None:
    """Make the C library return its free memory: the next request of this size may be hours away."""
    with contextlib.suppress(AttributeError, OSError):  # another C library than glibc
        ctypes.CDLL(None).malloc_trim(0)
