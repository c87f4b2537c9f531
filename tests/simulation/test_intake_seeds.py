"""Files that are read, gathered and refused: whatever goes wrong, versions and training sets are as promised."""

import pytest

from tests.simulation.__main__ import plan_text
from tests.simulation.intake_plans import intake_plan, simulate_intake_seed
from tests.simulation.plan import SETS
from tests.simulation.shrinking import to_text

SEEDS = 40
DEEP_SEEDS = 800
AT_ONCE = 20  # seeds in one test


def assert_kept(seed: int) -> None:
    """Fail with what was broken, and with the command that replays it."""
    result = simulate_intake_seed(seed)
    assert not result.broken, (
        f"seed {seed}: {result.broken}; replay with\n  .venv/bin/python -m tests.simulation"
        f" --plan {plan_text(result.plan)} --schedule '{to_text(result.schedule)}'"
    )


@pytest.mark.parametrize("first", range(0, SEEDS, AT_ONCE))
def test_the_promises_hold(first: int) -> None:
    """No version is lost or in two batches, and each job reads exactly the rows that its set's members have."""
    for seed in range(first, first + AT_ONCE):
        assert_kept(seed)


@pytest.mark.deep
@pytest.mark.parametrize("first", range(SEEDS, DEEP_SEEDS, AT_ONCE))
def test_the_promises_hold_for_thousands(first: int) -> None:
    """The same for many more days."""
    for seed in range(first, first + AT_ONCE):
        assert_kept(seed)


def test_the_days_are_eventful() -> None:
    """The seeds reach each kind of training set, what is bad, grows, or is released, and the ends that are new."""
    plans = [intake_plan(seed) for seed in range(SEEDS)]
    outcomes = {state for seed in range(SEEDS) for state in simulate_intake_seed(seed).outcomes}

    assert {plan.sets for plan in plans} == set(SETS)
    for switch in ("bad", "growing", "marker", "copied", "archives", "overwrite", "accepts", "forgets"):
        assert any(getattr(plan, switch) for plan in plans), switch
    assert outcomes >= {"batched", "quarantined", "superseded", "unchanged", "promoted"}
