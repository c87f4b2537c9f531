"""The timers' settings: what is wrong or not meant, and when a poller counts as silent."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.records.heartbeats import Heartbeats
from shared.timers import schedule_problems, schedule_warnings, silence, silent_since

BEAT = datetime(2026, 1, 2, 3, 0, 0, tzinfo=UTC)
WELL = {"LANDFALL_POLL_SCHEDULE": "0 * * * * *", "LANDFALL_SWEEP_SCHEDULE": "0 */5 * * * *"}


def test_sound_settings_are_in_order() -> None:
    """Nothing is said."""
    assert (schedule_problems(WELL), schedule_warnings(WELL)) == ([], [])


def test_every_setting_is_told() -> None:
    """What no host can read; what is not set; what has no seconds."""
    wrong = {"LANDFALL_POLL_SCHEDULE": "0 99 * * * *", "LANDFALL_SWEEP_SCHEDULE": "00:05:00"}
    assert [problem.partition(" is ")[0] for problem in schedule_problems(wrong)] == [
        "the setting LANDFALL_POLL_SCHEDULE",
        "the setting LANDFALL_SWEEP_SCHEDULE",
    ]
    poll, sweep = schedule_warnings({"LANDFALL_SWEEP_SCHEDULE": "*/2 * * * *"})
    assert "LANDFALL_POLL_SCHEDULE is not set" in poll
    assert "'*/2 * * * *': five fields have no seconds, so it fires at most once a minute" in sweep
    assert "'0 */2 * * * *'" in sweep


@pytest.mark.parametrize(
    ("schedule", "silent_s", "silent"),
    [
        ("*/2 * * * * *", 890, False),  # a heartbeat is written every five minutes only
        ("*/2 * * * * *", 910, True),
        ("0 */10 * * * *", 1700, False),
        ("0 */10 * * * *", 1810, True),
        ("0 0 3 * * *", 2 * 86400, False),
        ("0 0 3 * * *", 3 * 86400 + 60, True),
        ("nonsense", 10**6, False),
        ("", 910, True),
    ],
)
def test_a_poller_is_silent_after_three_of_its_polls(schedule: str, silent_s: int, *, silent: bool) -> None:
    """And after a quarter of an hour at the earliest; one that polls once a day is not silent after an hour."""
    now = BEAT + timedelta(seconds=silent_s)
    assert silent_since(BEAT, now, {"LANDFALL_POLL_SCHEDULE": schedule}) == (silent_s if silent else None)


ages = st.none() | st.integers(0, 4000).map(lambda age_s: BEAT - timedelta(seconds=age_s))


@given(st.builds(Heartbeats, ages, ages, ages), ages)
def test_only_the_timers_own_heartbeat_counts(heartbeats: Heartbeats, http: datetime | None) -> None:
    """Whatever ticks over HTTP there are, the verdict is the same; the wait counts only before the first heartbeat."""
    silent = silence(heartbeats, BEAT, WELL)
    assert bool(silent) == bool(silence(heartbeats._replace(http=http), BEAT, WELL))
    since = heartbeats.timer or heartbeats.awaited_since
    assert bool(silent) == (since is not None and BEAT - since > timedelta(minutes=15))


def test_the_problem_of_a_silent_timer_says_what_to_do() -> None:
    """For how long, and that an outside clock can stand in."""
    late = silence(Heartbeats(timer=BEAT), BEAT + timedelta(hours=1), WELL)
    assert late.startswith("the timer poll_pending_jobs has been silent for 3600 s: see that the app runs")
    assert "POST /api/tick" in late
