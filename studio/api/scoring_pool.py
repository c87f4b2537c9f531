"""A pool of processes for long scoring requests; very long ones never occupy all of them."""

from contextlib import AsyncExitStack

from anyio import CapacityLimiter, Semaphore

from studio.api.request_threads import in_thread
from studio.api.scoring_process import ScoringProcess, ScoringTask

PROCESSES = 2


class ScoringPool:
    """The processes that score. Used by the event loop's thread; `close` by any thread."""

    def __init__(self) -> None:
        self._processes = [ScoringProcess() for _ in range(PROCESSES)]
        self._idle = list(self._processes)
        self._threads = CapacityLimiter(PROCESSES)
        self._turns = Semaphore(PROCESSES)
        self._very_long = Semaphore(PROCESSES - 1)

    async def score(self, task: ScoringTask, body: bytes | bytearray, *, very_long: bool) -> list[bytes] | None:
        """Return the body of the answer, in pieces; None if the model's file is gone.

        Raises:
            ProtocolError: the body is not what the model needs, or its process ended.
        """
        async with AsyncExitStack() as turns:
            if very_long:
                await turns.enter_async_context(self._very_long)
            await turns.enter_async_context(self._turns)
            process = self._idle.pop()
            try:
                return await in_thread(lambda: process.score(task, body), self._threads)
            finally:
                self._idle.append(process)

    def close(self) -> None:
        """End the processes."""
        for process in self._processes:
            process.close()
