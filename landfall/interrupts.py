"""Ctrl-C and SIGTERM: where they break off what is being done, and where they wait until that is safe.

Inside `signals()` a signal is noted. Only within `interruptible()` it is raised as well, as an exception, and there not
within `uninterruptible()`: so whoever starts a process can write down that it runs before anything is broken off, and
whoever cleans up is not stopped by a second Ctrl-C.
"""

import contextlib
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_AGAIN_S = 1.0  # an exception may get lost on its way: then the next Ctrl-C raises another one


class Signals:
    """The signals that came since they are looked after."""

    def __init__(self) -> None:
        self.came = threading.Event()
        self._number = 0
        self._open = False
        self._shields = 0
        self._raised_at: float | None = None

    @property
    def status(self) -> int:
        """The exit status that tells which signal came first: 130 or 143."""
        return 128 + self._number

    def receive(self, number: int, frame: FrameType | None) -> None:
        """Note a signal, and raise it if that is wanted here."""
        del frame
        self._number = self._number or number
        self.came.set()
        self.raise_if_open()

    def raise_if_open(self) -> None:
        """Raise the signal that came, if one did and this is the place.

        Raises:
            KeyboardInterrupt: it was Ctrl-C.
            SystemExit: it was SIGTERM.
        """
        if not self._number or not self._open or self._shields:
            return
        now = time.monotonic()
        if self._raised_at is None or now - self._raised_at >= _AGAIN_S:
            self._raised_at = now
            self._raise()

    def _raise(self) -> None:
        if self._number == signal.SIGINT:
            raise KeyboardInterrupt
        raise SystemExit(self.status)

    @contextlib.contextmanager
    def opened(self) -> Iterator[None]:
        """Let signals be raised within the `with`, also one that came before.

        One whose exception got lost on its way, in a destructor or within an import say, is raised at the end.
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
        """Hold signals back within the `with`; one that came is raised at its end."""
        self._shields += 1
        try:
            yield
        finally:
            self._shields -= 1
        self.raise_if_open()


_current = Signals()  # nothing reaches it before `signals()` looks after them


@contextlib.contextmanager
def record_signals() -> Iterator[Signals]:
    """Look after Ctrl-C and SIGTERM within the `with`; once one came, later ones are ignored after it as well."""
    global _current  # noqa: PLW0603 - a process has its signals once
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
    """Let a signal break off what is done within the `with`, also one that came before."""
    with _current.opened():
        yield


@contextlib.contextmanager
def uninterruptible() -> Iterator[None]:
    """Let no signal break off what is done within the `with`; one that comes is raised at its end."""
    with _current.shielded():
        yield
