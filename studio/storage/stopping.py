"""Stops a job's work, a transfer or a training, when the job is cancelled or deleted or the studio stops."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from studio.errors import StudioError


class StoppedError(StudioError):
    """The work was stopped: its job was cancelled or deleted, or the studio stops."""

    def __init__(self) -> None:
        super().__init__("it was stopped")


class Stop:
    """The cancellation token of a job; any thread may stop it at any time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ends: list[Callable[[], None]] = []
        self._stopped = False

    def stop(self) -> None:
        """Stop the running work, and all work that would start later."""
        with self._lock:
            self._stopped = True
            for end in self._ends:
                end()

    @property
    def stopped(self) -> bool:
        """Whether it was stopped."""
        return self._stopped

    def check(self) -> None:
        """Return unless it was stopped.

        Raises:
            StoppedError: it was.
        """
        if self._stopped:
            raise StoppedError

    @contextmanager
    def ending(self, end: Callable[[], None]) -> Iterator[None]:
        """Have `stop` call `end` during the `with`; `end` must return at once.

        Raises:
            StoppedError: it was stopped before.
        """
        with self._lock:
            self.check()
            self._ends.append(end)
        try:
            yield
        finally:
            with self._lock:
                self._ends.remove(end)
