"""Ctrl-C and SIGTERM: where they interrupt the command, and where they wait until that is safe.

`record_signals()` records a signal. Only `interruptible()` raises it, as an exception, and `uninterruptible()` within
it defers that. So a process can be started and listed before a signal interrupts, and a second Ctrl-C does not
interrupt the clean-up.
"""

import contextlib
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_RAISE_INTERVAL_S = 1.0  # an exception may get lost: then the next Ctrl-C raises another one


class Signals:
    """The signals that came within `record_signals()`."""

    def __init__(self) -> None:
        self.came = threading.Event()
        self._number = 0
        self._open = False
        self._shields = 0
        self._raised_at: float | None = None

    @property
    def status(self) -> int:
        """The exit status for the first signal: 130 or 143."""
        return 128 + self._number

    def receive(self, number: int, frame: FrameType | None) -> None:
        """Record a signal, and raise it if this is an interruptible region."""
        del frame
        self._number = self._number or number
        self.came.set()
        self.raise_if_open()

    def raise_if_open(self) -> None:
        """Raise the signal that came, if this is an interruptible region.

        Raises:
            KeyboardInterrupt: it was Ctrl-C.
            SystemExit: it was SIGTERM.
        """
        if not self._number or not self._open or self._shields:
            return
        now = time.monotonic()
        if self._raised_at is None or now - self._raised_at >= _RAISE_INTERVAL_S:
            self._raised_at = now
            self._raise()

    def _raise(self) -> None:
        if self._number == signal.SIGINT:
            raise KeyboardInterrupt
        raise SystemExit(self.status)

    @contextlib.contextmanager
    def opened(self) -> Iterator[None]:
        """Raise signals within the `with`, also one that came before.

        A signal whose exception got lost, for example in a destructor or an import, is raised at the end.
        """
        self._open = True
        try:
            self.raise_if_open()
            yield
            if self._number:
                self._raise()
        finally:
            self._open = False

    @contextlib.contextmanager
    def shielded(self) -> Iterator[None]:
        """Defer signals within the `with`; one that came is raised at its end."""
        self._shields += 1
        try:
            yield
        finally:
            self._shields -= 1
        self.raise_if_open()


_current = Signals()  # receives nothing outside of `record_signals()`


@contextlib.contextmanager
def record_signals() -> Iterator[Signals]:
    """Record Ctrl-C and SIGTERM within the `with`; if one came, later ones are ignored after the `with` as well."""
    global _current  # noqa: PLW0603 - signal handlers are global to a process
    before = [signal.getsignal(number) for number in _SIGNALS]
    _current = Signals()
    for number in _SIGNALS:
        signal.signal(number, _current.receive)
    try:
        yield _current
    finally:
        came = _current.came.is_set()
        for number, handler in zip(_SIGNALS, before, strict=True):
            signal.signal(number, signal.SIG_IGN if came else handler)


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Let a signal interrupt the `with`, also one that came before."""
    with _current.opened():
        yield


@contextlib.contextmanager
def uninterruptible() -> Iterator[None]:
    """Let no signal interrupt the `with`; one that comes is raised at its end."""
    with _current.shielded():
        yield
