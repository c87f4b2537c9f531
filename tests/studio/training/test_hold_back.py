"""Held-back rows: of each group its share, at least one row, and never all of it; by chance, but repeatable."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from studio.training.hold_back import hold_back


@given(st.lists(st.integers(0, 3), min_size=1, max_size=60), st.floats(0.01, 0.99), st.integers(0, 9))
def test_each_group_gives_its_share(group_of: list[int], share: float, seed: int) -> None:
    """One row at least and all but one at most; a group of one row gives none."""
    numbers = np.array(group_of)
    groups = [np.flatnonzero(numbers == number) for number in np.unique(numbers)]
    chosen = hold_back(groups, len(numbers), share, seed)
    for members in groups:
        count = int(chosen[members].sum())
        assert count == (0 if len(members) == 1 else min(max(1, round(len(members) * share)), len(members) - 1))


def test_the_seed_chooses() -> None:
    """The same seed gives the same rows, another seed others; rows of no group stay."""
    groups = [np.arange(100)]
    assert (hold_back(groups, 200, 0.5, 1) == hold_back(groups, 200, 0.5, 1)).all()
    assert (hold_back(groups, 200, 0.5, 1) != hold_back(groups, 200, 0.5, 2)).any()
    assert not hold_back(groups, 200, 0.5, 1)[100:].any()
