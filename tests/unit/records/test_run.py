"""Runs: ids, generations, legal transitions, back-off, and the JSON that other tools read."""

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.records.run import (
    MAX_RETRY_PAUSE_S,
    REASON_LIMIT,
    STEPS,
    TERMINAL,
    TRANSITIONS,
    Run,
    RunState,
    generation_for,
    iso,
    retry_pause_s,
    run_id_for,
    run_to_json,
    step_of,
)
from shared.records.run_steps import LandedStep

NOW = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)


def a_run(**changes: object) -> Run:
    """Return a run that landed just now."""
    usual = {
        "run_id": "ab" * 16,
        "route": "census",
        "container": "incoming",
        "blob": "census/a.csv",
        "etag": "0x1",
        "generation": generation_for(NOW, NOW, "0123456789abcdef"),
        "state": RunState.LANDED,
        "landed_at": NOW,
        "updated_at": NOW,
        "not_before": NOW,
        "deadline_at": NOW + timedelta(seconds=60),
    }
    return Run(**{**usual, **changes})  # type: ignore[arg-type]


def test_run_id_names_the_version_not_the_event() -> None:
    """The same name and ETag give the same id, quoted or not; another ETag, name or container another one."""
    run_id = run_id_for("incoming", "census/a.csv", "0x1")

    assert re.fullmatch(r"[0-9a-f]{32}", run_id)
    assert run_id == run_id_for("incoming", "census/a.csv", '"0x1"')
    others = {
        run_id_for("incoming", "census/a.csv", "0x2"),
        run_id_for("incoming", "census/b.csv", "0x1"),
        run_id_for("other", "census/a.csv", "0x1"),
    }
    assert len(others | {run_id}) == 4


@given(st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1)), st.integers(1, 10**7))  # noqa: DTZ001 - made aware below
def test_generation_sorts_by_data_then_by_claim(modified: datetime, later_s: int) -> None:
    """Newer data is a greater generation whenever it is claimed; equal data is ordered by its claims."""
    modified = modified.replace(microsecond=0, tzinfo=UTC)
    newer = modified + timedelta(seconds=later_s)

    assert generation_for(modified, newer, "f" * 32) < generation_for(newer, modified, "0" * 32)
    later = modified + timedelta(microseconds=1)
    assert generation_for(modified, modified, "f" * 32) < generation_for(modified, later, "0" * 32)
    assert generation_for(modified, modified, "f" * 32) != generation_for(modified, modified, "0" * 32)


@given(st.sampled_from(RunState), st.sampled_from(RunState))
def test_only_listed_transitions_happen(before: RunState, after: RunState) -> None:
    """A run moves along `TRANSITIONS` or stays; anything else raises, and only a second try leaves an end."""
    run = a_run(state=before)

    if after == before or after in TRANSITIONS.get(before, frozenset()):
        assert run.transitioned(NOW, after).state is after
    else:
        with pytest.raises(ValueError, match="cannot go from"):
            run.transitioned(NOW, after)
    assert before not in TERMINAL or TRANSITIONS.get(before, frozenset()) <= {RunState.LANDED}


def test_every_state_is_reachable_and_can_end() -> None:
    """Every state but `unrouted` follows some other, and from every state an outcome can be reached."""
    reachable = {state for targets in TRANSITIONS.values() for state in targets}
    assert set(RunState) - reachable - {RunState.UNROUTED} == set()

    ends = set(TERMINAL)
    for _ in RunState:
        ends |= {state for state, targets in TRANSITIONS.items() if targets & ends}
    assert ends == set(RunState)


def test_a_sent_patch_can_only_end_verified_put_back_or_refused() -> None:
    """From `verifying` a run ends promoted, rolled back or unchanged: never failed, timed out or cancelled."""
    assert TRANSITIONS[RunState.VERIFYING] == {RunState.PROMOTED, RunState.ROLLED_BACK, RunState.UNCHANGED}


def test_moving_clears_what_belonged_to_the_state_before() -> None:
    """Step, reason and failed tries do not outlive the state; an outcome has no deadline."""
    waiting = a_run(step=LandedStep.PINNING).retry_later(NOW, "not now")
    moved = waiting.transitioned(NOW, RunState.SUBMITTED)

    assert (waiting.consecutive_failures, waiting.not_before) == (1, NOW + timedelta(seconds=5))
    assert (moved.step, moved.reason, moved.consecutive_failures, moved.not_before) == (None, "", 0, NOW)
    assert moved.deadline_at == waiting.deadline_at
    assert moved.transitioned(NOW, RunState.FAILED).deadline_at is None
    assert moved.revision == 2


def test_an_overlong_reason_is_cut() -> None:
    """A reason of any length fits into a table row."""
    assert len(a_run().evolve(NOW, reason="x" * 100_000).reason) == REASON_LIMIT


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
    run = a_run()
    assert not run.overdue(NOW + timedelta(seconds=59))
    assert run.overdue(NOW + timedelta(seconds=60))
    assert not a_run(deadline_at=None).overdue(NOW + timedelta(days=9999))


def test_json_has_the_fixed_names_and_utc_times() -> None:
    """Other tools find exactly the documented members; times are ISO 8601 with Z."""
    shown = run_to_json(a_run())

    names = "run_id route blob etag generation state step reason attempt job_id input_blob landed_at updated_at"
    assert list(shown) == [*names.split(), "not_before", "challenger", "champion", "decision", "notes", "endpoints"]
    assert shown["landed_at"] == "2026-11-23T12:00:00.123Z"
    assert shown["state"] == "landed"
    assert shown["job_id"] is None
    assert run_to_json(a_run(state=RunState.FAILED))["not_before"] is None


def test_iso_of_nothing_is_nothing() -> None:
    """An absent time stays absent."""
    assert iso(None) is None


@pytest.mark.parametrize("state", RunState)
def test_a_step_of_another_state_is_refused(state: RunState) -> None:
    """When a record is made, and when it is read; each of the state's own steps is taken."""
    others = {step for kind in STEPS.values() for step in kind if kind is not STEPS.get(state)}
    for step in others:
        with pytest.raises(ValueError, match="has no step"):
            a_run(state=state, step=step)
    own = [str(step) for step in STEPS.get(state, ())]
    for name in own:
        assert a_run(state=state, step=step_of(state, name)).step == name
    with pytest.raises(ValueError, match="no-such-step"):
        step_of(state, "no-such-step")
    assert step_of(state, "") is None
