"""Scores rows with a model in plain Python: the same raw scores, to the last bit, as the library that trained it."""

import math
from collections.abc import Callable, Sequence

from studio.model import Model

LARGEST_EXPONENT = 709.0  # beyond, `exp` overflows; the probability is 0 to the last digit there


class Scorer:
    """A model made ready for scoring. Immutable: a request that holds one is answered by one model."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.encoders: list[Callable[[str], float]] = [column.encoder() for column in model.columns]
        # Parallel tuples instead of node objects: the walk below is the whole cost of a request.
        self._trees = [
            (
                tuple(node.feature for node in tree.nodes),
                tuple(0.0 if isinstance(node.split, frozenset) else node.split for node in tree.nodes),
                tuple(
                    frozenset(map(float, node.split)) if isinstance(node.split, frozenset) else None
                    for node in tree.nodes
                ),
                tuple(node.missing_left for node in tree.nodes),
                tuple(node.left for node in tree.nodes),
                tuple(node.right for node in tree.nodes),
                tree.leaves,
            )
            for tree in model.trees
        ]

    def raw_score(self, row: Sequence[float]) -> float:
        """Return the log odds of the positive class; `row` has one number a column, NaN where it is missing."""
        score = 0.0
        for features, limits, codes, missing_left, left, right, leaves in self._trees:
            at = 0 if features else -1
            while at >= 0:
                value = row[features[at]]
                among = codes[at]
                if among is not None:
                    at = left[at] if value in among else right[at]
                elif value <= limits[at] or (missing_left[at] and value != value):  # noqa: PLR0124 (NaN, and fast)
                    at = left[at]
                else:
                    at = right[at]
            score += leaves[-1 - at]
        return score

    def probability(self, cells: Sequence[str]) -> float:
        """Return the probability of the positive class; `cells` are stripped, one a column of the model."""
        row = [encode(cell) for encode, cell in zip(self.encoders, cells, strict=True)]
        return positive_probability(self.raw_score(row))


def positive_probability(raw_score: float) -> float:
    """Turn log odds into a probability."""
    if raw_score < -LARGEST_EXPONENT:
        return 0.0
    return 1.0 / (1.0 + math.exp(-raw_score))
