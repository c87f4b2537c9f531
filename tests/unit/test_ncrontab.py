"""Schedules of timers: when they fire, as the local host reads them too, and which texts are no schedule."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landfall.host.schedule import Schedule
from shared.ncrontab import Ncrontab

START = datetime(2026, 1, 30, 23, 59, 58, 700_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*/2 * * * * *", datetime(2026, 1, 31, tzinfo=UTC)),
        ("0 */5 * * * *", datetime(2026, 1, 31, tzinfo=UTC)),
        ("*/5 * * * *", datetime(2026, 1, 31, tzinfo=UTC)),
        ("59 59 23 * * *", datetime(2026, 1, 30, 23, 59, 59, tzinfo=UTC)),
        ("0 0 3 1 * *", datetime(2026, 2, 1, 3, tzinfo=UTC)),
        ("0 30 9 * Jan Mon-Fri", datetime(2027, 1, 1, 9, 30, tzinfo=UTC)),
        ("0 0 0 29 2 *", datetime(2028, 2, 29, tzinfo=UTC)),
        ("0 0 0 13 * 5", datetime(2026, 2, 13, tzinfo=UTC)),
        ("10/20 0 0 1,15 6 *", datetime(2026, 6, 1, 0, 0, 10, tzinfo=UTC)),
    ],
)
def test_when_it_fires_next(text: str, expected: datetime) -> None:
    """The first moment after a time, both days fitting."""
    assert Ncrontab.parse(text).next(START) == expected


@given(
    st.tuples(
        st.sampled_from(["0", "*/7", "5,35", "10-20/3"]),
        st.sampled_from(["*", "0", "*/15", "1-5"]),
        st.sampled_from(["*", "3", "*/6", "8-18"]),
        st.sampled_from(["*", "1", "10-12", "*/9"]),
        st.sampled_from(["*", "2", "*/5", "JAN"]),
        st.sampled_from(["*", "1", "MON-FRI", "0,6"]),
    ),
    st.datetimes(min_value=datetime(2024, 1, 1), max_value=datetime(2030, 1, 1)),  # noqa: DTZ001 - made aware below
)
def test_it_agrees_with_the_local_host(fields: tuple[str, ...], moment: datetime) -> None:
    """The host that fires the timers on one machine reads every expression the same."""
    after = moment.replace(tzinfo=UTC)
    assert Ncrontab.parse(" ".join(fields)).next(after) == Schedule(" ".join(fields)).next(after)


def test_five_fields_have_no_seconds() -> None:
    """They fire at second 0, so at most once a minute: what looks like every two seconds is every two minutes."""
    assert Ncrontab.parse("*/2 * * * *").nth_after(START, 3) == datetime(2026, 1, 31, 0, 4, tzinfo=UTC)
    assert Ncrontab.parse("*/2 * * * * *").nth_after(START, 3) == START.replace(microsecond=0) + timedelta(seconds=6)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'' has 0 fields; write six"),
        ("* * * *", "has 4 fields"),
        ("00:00:05", "has 1 field;"),
        ("60 * * * * *", "the second '60' is not between 0 and 59"),
        ("0 0 24 * * *", "the hour '24' is not between 0 and 23"),
        ("0 0 0 0 * *", "the day of the month '0' is not between 1 and 31"),
        ("0 0 0 * FOO *", "the month 'FOO' is not between 1 and 12"),
        ("0 0 0 * * L", "the day of the week 'L' is not"),
        ("0 5-1 * * * *", "the minute '5-1' names no value"),
        ("0 */0 * * * *", "the minute '*/0' names no value"),
        ("0 ?? * * * *", "the minute '??' is wrong: write *, a number"),
        ("0 0 0 30 2 *", "never fires: there is no such day"),
    ],
)
def test_what_is_no_schedule_is_said(text: str, message: str) -> None:
    """By field, with what may stand there."""
    with pytest.raises(ValueError, match=re.escape(message)):
        Ncrontab.parse(text)
