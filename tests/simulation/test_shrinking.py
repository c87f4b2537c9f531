"""A failing schedule becomes short, and still fails."""

from hypothesis import given
from hypothesis import strategies as st

from tests.simulation.mutations import mutated
from tests.simulation.plan import Plan
from tests.simulation.shrinking import from_text, shrink, to_text
from tests.simulation.simulation import simulate_schedule, simulate_seed

_SCHEDULES = st.dictionaries(st.from_regex(r"[a-z]{1,5}:[1-9]\d?", fullmatch=True), st.integers(1, 9), max_size=20)


@given(_SCHEDULES)
def test_a_schedule_survives_being_written(schedule: dict[str, int]) -> None:
    """What a replay prints is what it reads."""
    assert from_text(to_text(schedule)) == schedule


@given(_SCHEDULES, st.data())
def test_only_what_is_needed_is_left(schedule: dict[str, int], data: st.DataObject) -> None:
    """Whatever combination breaks: just that is left."""
    needed = set(data.draw(st.lists(st.sampled_from(sorted(schedule)), unique=True)) if schedule else [])

    assert set(shrink(schedule, lambda tried: needed <= set(tried))) == needed


def test_a_broken_seed_becomes_a_short_schedule() -> None:
    """A guard is missing: of the many choices of its seed few are needed to show it, and those replay it."""
    with mutated("start after save"):
        days = (simulate_seed(seed, Plan()) for seed in range(100))
        broken = next(day for day in days if day.broken)
        short = shrink(broken.schedule, lambda tried: bool(simulate_schedule(broken.plan, tried).broken))

        assert simulate_schedule(broken.plan, short).broken
        assert len(short) < len(broken.schedule)
        for name in short:
            less = {choice: value for choice, value in short.items() if choice != name}
            assert not simulate_schedule(broken.plan, less).broken
