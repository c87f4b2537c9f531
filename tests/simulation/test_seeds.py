"""Whatever goes wrong, the promises hold: random schedules, thousands of them in the deep run."""

import functools

import pytest

from tests.simulation.__main__ import plan_text
from tests.simulation.plan import Result
from tests.simulation.shrinking import to_text
from tests.simulation.simulation import simulate_seed

SEEDS = 120
DEEP_SEEDS = 4_000
AT_ONCE = 40  # seeds in one test


@functools.cache
def day_of(seed: int) -> Result:
    """Return the simulation of a seed, which is always the same."""
    return simulate_seed(seed)


def assert_kept(result: Result, how: str) -> None:
    """Fail with what was broken, and with the command that replays it."""
    assert not result.broken, (
        f"{result.broken}; replay and shorten it with\n  .venv/bin/python -m tests.simulation {how}"
    )


@pytest.mark.parametrize("first", range(0, SEEDS, AT_ONCE))
def test_the_promises_hold(first: int) -> None:
    """No file is lost, none trained twice, no endpoint left on older data or unverified, no chain broken."""
    for seed in range(first, first + AT_ONCE):
        assert_kept(day_of(seed), f"--seed {seed}")


@pytest.mark.deep
@pytest.mark.parametrize("first", range(SEEDS, DEEP_SEEDS, AT_ONCE))
def test_the_promises_hold_for_thousands(first: int) -> None:
    """The same for many more days."""
    for seed in range(first, first + AT_ONCE):
        assert_kept(simulate_seed(seed), f"--seed {seed}")


def test_a_seed_is_always_the_same_day() -> None:
    """A failing seed can be replayed: the same seed tells the same story to the last line."""
    assert simulate_seed(7).lines == simulate_seed(7).lines


def test_the_days_are_eventful() -> None:
    """The seeds reach what they are for: every outcome of a run, and many requests that go wrong."""
    results = [day_of(seed) for seed in range(SEEDS)]
    outcomes = {state for result in results for state in result.outcomes}

    assert outcomes >= {"promoted", "rejected", "superseded", "rolled_back", "failed", "timed_out", "unchanged"}
    assert sum(name.startswith("fault") for result in results for name in result.schedule) > 400
    for kind in ("page", "ignored", "archived", "missing"):
        assert any(name.startswith(f"{kind}:") for result in results for name in result.schedule), kind


def test_a_schedule_can_be_written_down() -> None:
    """What a replay prints is what the command takes."""
    result = simulate_seed(11)
    assert plan_text(result.plan)
    assert to_text(result.schedule).count("=") == len(result.schedule)
