"""The states of a run: which may follow which, and which steps each has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.records.run_states import STEPS, TERMINAL, TRANSITIONS, RunState, step_of
from tests.contract.records import NOON, a_run


@given(st.sampled_from(RunState), st.sampled_from(RunState))
def test_only_listed_transitions_happen(before: RunState, after: RunState) -> None:
    """A run moves along `TRANSITIONS` or stays; anything else raises, and only a second try leaves an end."""
    run = a_run(state=before)

    if after == before or after in TRANSITIONS.get(before, frozenset()):
        assert run.transitioned(NOON, after).state is after
    else:
        with pytest.raises(ValueError, match="cannot go from"):
            run.transitioned(NOON, after)
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
