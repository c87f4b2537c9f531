"""The simulator would notice: every guard is taken out of the production code once, and a promise must break."""

import pytest

from tests.simulation.mutations import DIRECTED, MUTATIONS, mutated
from tests.simulation.plan import Result
from tests.simulation.simulation import simulate_directed, simulate_seed

MOST_SEEDS = 600


def first_broken(guard: str) -> Result | None:
    """Return the first simulation without the guard in which a promise was broken."""
    with mutated(guard):
        if guard in DIRECTED:
            result = simulate_directed(*DIRECTED[guard])
            return result if result.broken else None
        return next((one for one in map(simulate_seed, range(MOST_SEEDS)) if one.broken), None)


@pytest.mark.parametrize("guard", MUTATIONS)
def test_a_missing_guard_is_noticed(guard: str) -> None:
    """Without the guard the simulator finds the promise that it keeps."""
    result = first_broken(guard)

    assert result is not None, f"nobody would miss the guard {guard!r}"
    assert any(one.startswith(("I", "chain")) for one in result.broken), result.broken  # and not a mere error


@pytest.mark.parametrize("guard", DIRECTED)
def test_with_the_guard_the_same_day_is_fine(guard: str) -> None:
    """The schedules that are made for a guard break nothing while it is there."""
    assert simulate_directed(*DIRECTED[guard]).broken == []
