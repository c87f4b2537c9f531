"""Ends what a job is doing when nobody wants it any more: the transfer it waits for, or its training."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from studio.errors import StudioError


class StoppedError(StudioError):
    """What was being done was ended: its job was cancelled or deleted, or the studio stops."""

    def __init__(self) -> None:
        super().__init__("it was stopped")


class Stop:
    """One job's way to be ended, from any thread and at any time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ends: list[Callable[[], None]] = []
        self._stopped = False

    def stop(self) -> None:
        """End what is being done, and whatever would be begun."""
        with self._lock:
            self._stopped = True
            for end in self._ends:
                end()

    @property
    def stopped(self) -> bool:
        """Whether somebody has stopped it."""
        return self._stopped

    def check(self) -> None:
        """Go on only if nobody has stopped it.

        Raises:
            StoppedError: somebody has.
        """
        if self._stopped:
            raise StoppedError

    @contextmanager
    def ending(self, end: Callable[[], None]) -> Iterator[None]:
        """Have `stop` call `end` during the `with`; it must return at once.

        Raises:
            StoppedError: it is stopped already.
        """
        with self._lock:
            self.check()
            self._ends.append(end)
        try:
            yield
        finally:
            with self._lock:
                self._ends.remove(end)
