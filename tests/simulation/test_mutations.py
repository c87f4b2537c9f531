"""The simulator would notice: every guard is taken out of the production code once, and a promise must break."""

import itertools

import pytest

from tests.simulation.mutations import DIRECTED, MUTATIONS, mutated
from tests.simulation.plan import Result
from tests.simulation.simulation import simulate_directed, simulate_seed

MAX_SEEDS = 600
# Where chance takes long to get there: the first seed that does, which is tried before the others.
KNOWN = {
    "ETag on the endpoint's row": 1,
    "ETag on the job id": 19,
    "approval of one decision": 22,
    "dead before the next attempt": 14,
    "generation fence": 6,
    "lease": 6,
    "lease token": 1018,
    "mark of the rollback": 1,
    "no champion by a rollback": 12,
    "one decision": 1,
    "rollback of one champion": 8,
    "same champion": 6,
    "shape before it is decided": 2,
    "shape once it serves": 39,
    "start after save": 11,
}


def first_broken(guard: str) -> Result | None:
    """Return the first simulation without the guard in which a promise was broken."""
    with mutated(guard):
        if guard in DIRECTED:
            result = simulate_directed(*DIRECTED[guard])
            return result if result.broken else None
        seeds = itertools.chain([KNOWN.get(guard, 0)], range(MAX_SEEDS))
        return next((result for result in map(simulate_seed, seeds) if result.broken), None)


@pytest.mark.parametrize("guard", MUTATIONS)
def test_a_missing_guard_is_noticed(guard: str) -> None:
    """Without the guard the simulator finds the promise that it keeps."""
    result = first_broken(guard)

    assert result is not None, f"nobody would miss the guard {guard!r}"
    assert any(promise.startswith(("I", "chain")) for promise in result.broken), result.broken  # and not a mere error


@pytest.mark.parametrize("guard", DIRECTED)
def test_with_the_guard_the_same_day_is_fine(guard: str) -> None:
    """The schedules that are made for a guard break nothing while it is there."""
    assert simulate_directed(*DIRECTED[guard]).broken == []
