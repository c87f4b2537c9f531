"""Timers on a clock that is set: a jump of hours costs at most an interval, in either direction."""

import itertools
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from azure.core.exceptions import ResourceNotFoundError
from hypothesis import example, given
from hypothesis import strategies as st

from landfall.host.timer_listener import POLL_S, TimerListener
from landfall.host.worker import Function, Outcome

START = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
EVERY_15_S = "*/15 * * * * *"
HOURLY = "0 0 * * * *"
END_S = 400.0


@dataclass
class MadeUpTime:
    """A clock that never jumps, and a wall clock that does at given moments of it; stands for the term as well.

    Attributes:
        jumps: when, in seconds of the first clock, the wall clock is moved by how many seconds.
        running_s: how long the function takes.
    """

    jumps: list[tuple[float, float]]
    running_s: float = 0.1
    end_s: float = END_S
    elapsed_s: float = 0.0
    fired_s: list[float] = field(default_factory=list)
    waits_s: list[float] = field(default_factory=list)
    held: bool = True

    def now(self) -> datetime:
        """Return the time of the wall clock."""
        moved = sum(by for at, by in self.jumps if at <= self.elapsed_s)
        return START + timedelta(seconds=self.elapsed_s + moved)

    @property
    def over(self) -> bool:
        """Whether the term has ended."""
        return self.elapsed_s >= self.end_s

    def wait(self, seconds: float) -> bool:
        """Wait by the monotonic clock."""
        self.waits_s.append(seconds)
        self.elapsed_s += max(seconds, 0.001)
        return self.over

    def execute(self, *_: Any) -> Outcome:
        """Run the function."""
        self.fired_s.append(self.elapsed_s)
        self.elapsed_s += self.running_s
        return Outcome("")


class Kept:
    """The storage of a timer's status."""

    def __init__(self, text: str = "") -> None:
        self.text = text

    def hosts(self) -> "Kept":
        """Return the container, which is this object too."""
        return self

    def get_blob_client(self, _: str) -> "Kept":
        """Return the blob, which is this object too."""
        return self

    def download_blob(self) -> "Kept":
        """Return the content, if any."""
        if not self.text:
            raise ResourceNotFoundError("no status yet")
        return self

    def readall(self) -> str:
        """Return the text."""
        return self.text

    def upload_blob(self, text: str, *, overwrite: bool) -> None:
        """Store a text."""
        assert overwrite
        self.text = text


def listen(time: MadeUpTime, schedule: str = EVERY_15_S, kept: Kept | None = None) -> None:
    """Run a timer to the end of its term."""
    binding = {"type": "timerTrigger", "name": "timer", "schedule": schedule, "useMonitor": True}
    function = Function("sweep", "1", [binding], has_retry_policy=False)
    storage: Any = kept or Kept()
    executor: Any = time
    term: Any = time
    TimerListener(storage, executor, function, "host", time.now).listen(term)


JUMPS = st.lists(
    st.tuples(st.floats(0.0, END_S), st.one_of(st.floats(-9e4, 9e4), st.sampled_from([-7200.0, 7200.0, -0.4, 0.4]))),
    max_size=4,
)


@given(jumps=JUMPS, running_s=st.floats(0.0, 20.0))
@example(jumps=[(100.0, 7200.0), (160.0, -7200.0)], running_s=0.1)
@example(jumps=[(100.0, -7200.0)], running_s=0.1)
@example(jumps=[(15.05, -7200.0)], running_s=0.1)  # while the function runs
def test_a_jump_costs_one_interval(jumps: list[tuple[float, float]], running_s: float) -> None:
    """By a monotonic clock there is one interval between two executions, and one more for each jump."""
    time = MadeUpTime(jumps, running_s)
    listen(time)
    moments = [0.0, *time.fired_s, time.end_s]
    for before, after in itertools.pairwise(moments):
        met = sum(before <= at <= after for at, _ in jumps)
        assert after - before <= 15 * (1 + met) + running_s + (2 + met) * POLL_S + 2, (before, after)
    # And not more often than that: a jump may bring one execution forward.
    assert len(time.fired_s) <= END_S / 15 + 2 + 2 * len(jumps)


@given(st.floats(0.0, 3.0))
def test_without_jumps_every_occurrence_fires_once(running_s: float) -> None:
    """It fires on time, with short waits."""
    time = MadeUpTime([], running_s)
    listen(time)
    assert [round(fired_s) for fired_s in time.fired_s] == list(range(15, int(END_S), 15))
    assert max(time.waits_s) <= POLL_S


def test_a_clock_that_is_put_back_a_little_fires_nothing_twice() -> None:
    """The clock goes back by half a second just after an execution."""
    time = MadeUpTime([(15.05, -0.5)])
    listen(time)
    assert [round(fired_s) for fired_s in time.fired_s[:3]] in ([15, 30, 45], [15, 31, 46], [15, 30, 46])


def test_a_status_from_the_future_does_not_hold_a_timer_up() -> None:
    """A host that starts after the clock was corrected follows the clock, and not the stored status."""
    ahead = START + timedelta(hours=50)
    status = {"Last": ahead.isoformat(), "Next": (ahead + timedelta(hours=1)).isoformat()}
    kept = Kept(json.dumps({**status, "LastUpdated": ahead.isoformat()}))
    time = MadeUpTime([], end_s=2 * 3600.0 + 60)
    listen(time, HOURLY, kept)
    assert [round(fired_s) for fired_s in time.fired_s] == [3600, 7200]
    assert json.loads(kept.text)["Next"] == (START + timedelta(hours=3)).isoformat()


def test_an_occurrence_that_a_jump_passes_fires_at_once() -> None:
    """The occurrence is late: a clock behaves so after a machine has slept."""
    time = MadeUpTime([(100.0, 7200.0)], end_s=200.0)
    listen(time, HOURLY)
    assert len(time.fired_s) == 1
    assert time.fired_s[0] <= 100.0 + 2 * POLL_S
