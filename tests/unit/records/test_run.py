"""Runs: the next record, the pauses after failures, the deadline, aware times."""

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.records.run import MAX_RETRY_PAUSE_S, REASON_LIMIT, retry_pause_s
from shared.records.run_states import RunState
from shared.records.run_steps import LandedStep
from tests.contract.records import NOON, a_run


def test_moving_clears_what_belonged_to_the_state_before() -> None:
    """Step, reason and failed tries do not outlive the state; an outcome has no deadline."""
    waiting = a_run(step=LandedStep.PINNING).retry_later(NOON, "not now")
    moved = waiting.transitioned(NOON, RunState.SUBMITTED)

    assert (waiting.consecutive_failures, waiting.not_before) == (1, NOON + timedelta(seconds=5))
    assert (moved.step, moved.reason, moved.consecutive_failures, moved.not_before) == (None, "", 0, NOON)
    assert moved.deadline_at == waiting.deadline_at
    assert moved.transitioned(NOON, RunState.FAILED).deadline_at is None
    assert moved.revision == 2


def test_an_overlong_reason_is_cut() -> None:
    """A reason of any length fits into a table row."""
    assert len(a_run().evolve(NOON, reason="x" * 100_000).reason) == REASON_LIMIT


@pytest.mark.parametrize("when", [datetime(2026, 1, 1), datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=2)))])  # noqa: DTZ001 - that is the test
def test_naive_and_local_times_are_refused(when: datetime) -> None:
    """A record holds aware UTC times only."""
    with pytest.raises(ValueError, match="aware UTC"):
        a_run(landed_at=when)


@given(st.integers(0, 10_000))
def test_pauses_grow_up_to_five_minutes(failures: int) -> None:
    """Each pause is at least as long as the one before, and none is longer than five minutes."""
    assert 0 < retry_pause_s(failures) <= retry_pause_s(failures + 1) <= MAX_RETRY_PAUSE_S


def test_overdue_is_computed_from_the_clock() -> None:
    """A run is overdue from its deadline on; one without a deadline never is."""
    run = a_run(deadline_at=NOON + timedelta(seconds=60))
    assert not run.overdue(NOON + timedelta(seconds=59))
    assert run.overdue(NOON + timedelta(seconds=60))
    assert not a_run(deadline_at=None).overdue(NOON + timedelta(days=9999))
