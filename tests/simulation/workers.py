"""Workers that can be stopped at every request: each runs one function at a time, in a greenlet of its own."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from greenlet import getcurrent, greenlet

from shared.errors import BadAnswerError, NoAnswerError, RejectedError, ServiceFault, UnavailableError
from tests.fakes.fake_clock import FakeClock
from tests.simulation.choices import Choices
from tests.simulation.fake_tables import Answer, DiedError


class Fault(Enum):
    """What may happen at one request of a worker. The first is what happens on a calm day."""

    NONE = "nothing"
    DIE_BEFORE = "dies before it"
    DIE_AFTER = "dies after it"
    REFUSED = "is refused for now"
    ANSWER_LOST = "is done, its answer is lost"
    PAUSE_3 = "waits 3 s before it"
    PAUSE_17 = "waits 17 s before it"
    PAUSE_70 = "waits 70 s before it"
    PAUSE_1100 = "waits 1100 s before it"
    RETRIED = "is done, answered 500, and sent again"
    BROKEN_OFF = "is done, its answer breaks off"
    LATE_20 = "times out, and is done 20 s later"
    LATE_55 = "times out, and is done 55 s later"
    REJECTED = "is refused for good"


FAULTS = tuple(Fault)
PAUSES_S = {Fault.PAUSE_3: 3.0, Fault.PAUSE_17: 17.0, Fault.PAUSE_70: 70.0, Fault.PAUSE_1100: 1100.0}
LATES_S = {Fault.LATE_20: 20.0, Fault.LATE_55: 55.0}  # a PATCH may take that long to arrive, and no longer
_TABLE_ANSWERS = {
    Fault.REFUSED: Answer.REFUSED,
    Fault.ANSWER_LOST: Answer.LOST,
    Fault.RETRIED: Answer.RETRIED,
    Fault.BROKEN_OFF: Answer.BROKEN_OFF,
    Fault.DIE_AFTER: Answer.DIED,
}
_REFUSABLE = frozenset({"scoring.patch", "training.start"})  # what a service may refuse for good
_SERVED = ("training.", "scoring.")  # operations of the service, before which a gateway may stand
PAGE = "we are down for maintenance"
CHUNK_BYTES = 40  # small files are read in some requests too, between which they may be overwritten
_PAGE = ServiceFault("a request", "https://memory", 200, message=PAGE, foreign=True)
_FAULT = ServiceFault("a request", "https://memory", 503, "ServiceUnavailable")


@dataclass(frozen=True)
class Invocation:
    """One execution of a function that is to be done."""

    name: str
    run: Callable[["Worker"], None]
    failed: Callable[[], None] = field(default=lambda: None)  # what the host does if it raised, or its worker died


class WorkerClock:
    """The worker's own idea of the time: off by `skew_s`."""

    def __init__(self, clock: FakeClock, skew_s: float) -> None:
        self._clock = clock
        self._skew_s = skew_s

    def now(self) -> datetime:
        """Return the present as this worker sees it."""
        return self._clock.now() + timedelta(seconds=self._skew_s)

    def elapsed_s(self) -> float:
        """Return the seconds that really passed."""
        return self._clock.elapsed_s()


@dataclass
class Worker:
    """One worker process; `reach` is called by whatever it uses, before every request."""

    name: str
    clock: FakeClock
    choices: Choices
    later: Callable[[float, Callable[[], object]], None]
    tell: Callable[[str], None]
    count: Callable[[str], None]
    services: Any = None
    paused_until_s: float = 0.0
    excused: bool = False  # whether the request that takes effect now was paused after its sender's last check
    _hub: greenlet | None = None
    _life: greenlet | None = None

    @property
    def busy(self) -> bool:
        """Whether it is in the middle of a function."""
        return self._life is not None

    @property
    def runnable(self) -> bool:
        """Whether it can go on now."""
        return self.busy and self.paused_until_s <= self.clock.elapsed_s()

    def begin(self, invocation: Invocation) -> None:
        """Begin a function; it runs to its first request."""
        self.paused_until_s = 0.0
        self.tell(f"{self.name}: {invocation.name} begins")
        self._life = greenlet(lambda: self._live(invocation))
        self.go_on()

    def kill(self) -> None:
        """End the process, in the middle of whatever it does."""
        if self._life is not None:
            self._life.throw(DiedError)

    def go_on(self) -> None:
        """Run to the next request, or to the end of the function."""
        if self._life is None:
            raise AssertionError(f"{self.name} has nothing to do")
        self._hub = getcurrent()
        self._life.switch()

    def _live(self, invocation: Invocation) -> None:
        try:
            invocation.run(self)
        except DiedError:
            self.tell(f"{self.name}: died in {invocation.name}")
            invocation.failed()
        except Exception as error:  # noqa: BLE001 - the host logs whatever a function raises, and delivers again
            self.tell(f"{self.name}: {invocation.name} raised {type(error).__name__}: {error}")
            invocation.failed()
        finally:
            self._life = None

    def reach(self, operation: str) -> Fault:
        """Stop before a request: others may run first, and something may happen to it or to this worker."""
        self.count(operation)
        fault = FAULTS[self.choices.draw("fault", len(FAULTS))]
        if fault is not Fault.NONE:
            self.tell(f"{self.name}: {operation} {fault.value}")
        if fault in PAUSES_S:
            self.paused_until_s = self.clock.elapsed_s() + PAUSES_S[fault]
        if self._hub is None:
            raise AssertionError(f"{self.name} is not running")
        self._hub.switch()
        if fault is Fault.DIE_BEFORE:
            raise DiedError
        return fault

    def answered(self) -> None:
        """Stop between what was done and going on: the worker may stand still there for long."""
        fault = (Fault.NONE, *PAUSES_S)[self.choices.draw("reply", 1 + len(PAUSES_S))]
        if fault is not Fault.NONE and self._hub is not None:
            self.tell(f"{self.name}: stands still for {PAUSES_S[fault]:.0f} s after a write")
            self.paused_until_s = self.clock.elapsed_s() + PAUSES_S[fault]
            self._hub.switch()

    def at_table(self, operation: str) -> Answer:
        """Reach a request to a table."""
        return _TABLE_ANSWERS.get(self.reach(operation), Answer.GIVEN)

    def call(self, operation: str, effect: Callable[[], Any]) -> Any:
        """Make a request of any other kind."""
        fault = self.reach(operation)
        if fault is Fault.REFUSED:
            raise UnavailableError(_FAULT)
        if operation == "scoring.patch" and fault in LATES_S:
            self.later(LATES_S[fault], lambda: _late(effect))
            raise NoAnswerError(_FAULT)
        if operation in _REFUSABLE and fault is Fault.REJECTED:
            raise RejectedError(_FAULT)
        page = self.choices.draw("page", 3) if operation.startswith(_SERVED) else 0
        if page:
            effect_text = ", and is done" if page == 2 else ""
            self.tell(f"{self.name}: {operation} is answered by a gateway{effect_text}")
        if page == 1:
            raise BadAnswerError(_PAGE)
        result = self._take_effect(effect, excused=fault in PAUSES_S)
        if page:
            raise BadAnswerError(_PAGE)
        if fault is Fault.DIE_AFTER:
            raise DiedError
        if fault in {Fault.ANSWER_LOST, Fault.BROKEN_OFF, Fault.RETRIED}:
            raise NoAnswerError(_FAULT)
        return result

    def _take_effect(self, effect: Callable[[], Any], *, excused: bool) -> Any:
        self.excused = excused
        try:
            return effect()
        finally:
            self.excused = False


def _late(effect: Callable[[], Any]) -> None:
    """Let a request arrive after its sender gave up: nobody hears that the service refuses it."""
    with suppress(RejectedError):
        effect()


class Port:
    """A port as one worker sees it: every call of it is a request."""

    def __init__(self, name: str, port: Any, worker: Worker) -> None:
        self._name = name
        self._port = port
        self._worker = worker

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        if name == "read_chunks":
            return self._read_chunks
        if name == "writer":
            return self._writer
        if name in {"link", "make_link"}:  # made here, without a request
            return method

        def call(*args: Any, **kwargs: Any) -> Any:
            def effect() -> Any:
                result = method(*args, **kwargs)
                return list(result) if name == "versions" else result

            return self._worker.call(f"{self._name}.{name}", effect)

        return call

    def _read_chunks(self, path: str, etag: str) -> Iterator[bytes]:
        """Read in pieces; each is a request."""
        chunks = self._port.read_chunks(path, etag, CHUNK_BYTES)
        while (chunk := self._worker.call(f"{self._name}.read_chunks", lambda: next(chunks, None))) is not None:
            yield chunk

    @contextmanager
    def _writer(self, path: str) -> Iterator[Any]:
        """Write in blocks; what makes them a blob at the end is the request that matters."""
        writing = self._port.writer(path)
        writer = writing.__enter__()
        try:
            yield writer
        except BaseException:
            writing.__exit__(*sys.exc_info())
            raise
        self._worker.call(f"{self._name}.writer", lambda: writing.__exit__(None, None, None))
