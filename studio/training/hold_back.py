"""Chooses rows that a training does not see: to test the model, or to find the number of trees."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray


def hold_back(groups: Iterable[NDArray[np.int64]], rows: int, share: float, seed: int) -> NDArray[np.bool_]:
    """Choose a share of each group's rows at random; returns which of all rows are chosen, shape (rows,).

    `groups` are the positions of the rows of each group, such as a class. Of each group at least one row is chosen,
    and one stays: the one row of a group that has no other stays.
    """
    rng = np.random.default_rng(seed)
    chosen = np.zeros(rows, dtype=np.bool_)
    for members in groups:
        count = min(max(1, round(len(members) * share)), len(members) - 1)
        chosen[rng.permutation(members)[:count]] = True
    return chosen
