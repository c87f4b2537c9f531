"""Runs the work of a request in a thread, so that its exception does not keep the request in memory.

An exception that a future passes on is part of a reference cycle: its traceback holds the frame that waits for the
future, and with it the work and the body of the request. Only the garbage collector frees a cycle, and it counts
objects, not bytes.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from anyio import CapacityLimiter, to_thread

from studio.api.protocol_errors import ProtocolError, unexpected_error
from studio.errors import RequestError, StorageError
from studio.storage.failures import release_failed_transfers

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Failure:
    error: RequestError | ProtocolError


async def in_thread[T](work: Callable[[], T], limiter: CapacityLimiter | None = None) -> T:
    """Return what the work returns. It runs in one of the limiter's threads, or of those that all requests share.

    Raises:
        RequestError: the work does.
        ProtocolError: the work does; also for whatever else it raises, which is logged here.
    """
    outcome = await to_thread.run_sync(partial(_outcome, work), limiter=limiter)
    if isinstance(outcome, _Failure):
        try:
            raise outcome.error
        finally:
            del outcome, work  # or the error's traceback would lead back to it
    return outcome


def _outcome[T](work: Callable[[], T]) -> T | _Failure:
    try:
        return work()
    except (RequestError, ProtocolError) as error:
        # The errors that caused it may hold the whole body.
        error.__cause__ = error.__context__ = None
        failure = _Failure(error.with_traceback(None))
    except Exception:  # noqa: BLE001 (whatever it is, the caller gets the documented 500)
        _log.exception("A request failed for an unknown reason.")
        failure = _Failure(unexpected_error())
    if isinstance(failure.error, StorageError):
        release_failed_transfers()
    return failure
