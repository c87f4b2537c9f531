"""NCRONTAB schedules: six fields with seconds first, or five; both day fields must match."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landfall.host.schedule import Schedule

NOON = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)  # a Monday


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*/2 * * * * *", NOON + timedelta(seconds=2)),
        ("0 * * * * *", NOON + timedelta(minutes=1)),
        ("*/5 * * * *", NOON + timedelta(minutes=5)),
        ("0 30 9 * * MON", datetime(2026, 11, 30, 9, 30, tzinfo=UTC)),
        ("0 30 9 1-7 * MON", datetime(2026, 12, 7, 9, 30, tzinfo=UTC)),  # the first Monday of a month
        ("0 0 0 29 2 *", datetime(2028, 2, 29, tzinfo=UTC)),
    ],
)
def test_next_occurrence(text: str, expected: datetime) -> None:
    """The first occurrence after noon on a Monday in November."""
    assert Schedule(text).next(NOON) == expected


@pytest.mark.parametrize(
    "text", ["", "*", "* * * * * * *", "0 61 * * * *", "L * * * * *", "0 0 0 ? * *", "x y z a b c"]
)
def test_other_texts_are_refused(text: str) -> None:
    """The error quotes the schedule."""
    with pytest.raises(ValueError, match="schedule"):
        Schedule(text)


@given(st.integers(1, 59), st.datetimes(min_value=datetime(2026, 1, 1), max_value=datetime(2030, 1, 1)))  # noqa: DTZ001 - made aware below
def test_the_next_is_always_later_and_on_a_step(step: int, after: datetime) -> None:
    """Every occurrence is after the given time, on a second of the step."""
    after = after.replace(tzinfo=UTC)
    fires_at = Schedule(f"*/{step} * * * * *").next(after)

    assert after < fires_at <= after + timedelta(minutes=1, seconds=1)
    assert fires_at.second % step == 0
    assert fires_at.microsecond == 0


def test_schedules_with_a_status() -> None:
    """A schedule with one fixed second has a status; one that fires more often than once a minute has none."""
    assert not Schedule("0 */5 * * * *").fires_within_a_minute
    assert not Schedule("*/5 * * * *").fires_within_a_minute
    assert Schedule("*/2 * * * * *").fires_within_a_minute
