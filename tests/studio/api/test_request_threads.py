"""Work in threads: what it returns, and what is left of its errors."""

import asyncio
import contextlib
import gc
import logging
import time
import weakref
from collections.abc import Callable
from functools import partial

import pytest
from anyio import CapacityLimiter

from studio.api.protocol_errors import NOT_FOUND, ProtocolError, protocol_error
from studio.api.request_threads import in_thread
from studio.errors import StorageError, StorageFault


class Content:
    """Stands for what a request holds."""


def test_work_is_done() -> None:
    """And what it returns is returned."""
    assert asyncio.run(in_thread(lambda: 7)) == 7


@pytest.mark.parametrize(
    "error", [partial(protocol_error, NOT_FOUND, "x", "x"), partial(StorageError, StorageFault.NOT_FOUND, "x")]
)
def test_an_error_holds_nothing_of_the_work(error: Callable[[], ProtocolError | StorageError]) -> None:
    """Neither by its traceback, nor by what it was raised from; no collection is needed."""
    held: list[weakref.ref[Content]] = []

    async def play() -> None:
        content = Content()
        held.append(weakref.ref(content))

        def work() -> None:
            raise error() from ValueError(content)

        with contextlib.suppress(ProtocolError, StorageError):
            await in_thread(work)

    gc.disable()
    try:
        asyncio.run(play())
        for _ in range(1000):  # the thread itself may be about to let go of it
            if held[0]() is None:
                break
            time.sleep(0.005)
        assert held[0]() is None
    finally:
        gc.enable()


def test_an_unknown_error_is_logged_and_told_as_one(caplog: pytest.LogCaptureFixture) -> None:
    """The caller gets the documented 500, the log says where it happened."""

    def work() -> None:
        raise KeyError("oops")

    with caplog.at_level(logging.ERROR), pytest.raises(ProtocolError) as caught:
        asyncio.run(in_thread(work))

    assert (caught.value.status, caught.value.details[0].code) == (500, "UnknownError")
    assert "KeyError: 'oops'" in caplog.text


def test_a_limiter_bounds_the_threads() -> None:
    """No more of its work runs at once than it says."""
    running: list[int] = []
    most: list[int] = []

    def work() -> None:
        running.append(1)
        most.append(len(running))
        running.pop()

    async def play() -> None:
        limiter = CapacityLimiter(1)
        await asyncio.gather(*(in_thread(work, limiter) for _ in range(20)))

    asyncio.run(play())
    assert max(most) == 1
