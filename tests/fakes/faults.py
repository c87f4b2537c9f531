"""Faults that a test arranges for the next calls of a fake, before or after their effect."""

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Faults:
    """Counts the calls of a fake by operation, and runs what a test arranged for the next calls.

    `after=True`: the effect happens, then the answer is lost.
    """

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self._arranged: dict[tuple[str, bool], deque[Callable[[], object]]] = defaultdict(deque)

    def fail_next(self, operation: str, error: BaseException, *, after: bool = False, times: int = 1) -> None:
        """Let the next `times` calls of an operation raise `error`."""

        def fail() -> None:
            raise error

        for _ in range(times):
            self.run_at_next(operation, fail, after=after)

    def run_at_next(self, operation: str, action: Callable[[], object], *, after: bool = False) -> None:
        """Run `action` during the next call of an operation, such as what another worker does at that moment."""
        self._arranged[operation, after].append(action)

    def forget(self, operation: str) -> None:
        """Drop the arranged faults of an operation that have not happened yet."""
        for after in (False, True):
            self._arranged[operation, after].clear()

    @contextmanager
    def call(self, operation: str) -> Iterator[None]:
        """Surround the effect of one call."""
        self.calls[operation] += 1
        self._run(operation, after=False)
        yield
        self._run(operation, after=True)

    def _run(self, operation: str, *, after: bool) -> None:
        arranged = self._arranged[operation, after]
        if arranged:
            arranged.popleft()()
