"""Scores rows with a linear model: one row in plain Python, many rows with arrays, to the same bits."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from studio.models.model import MAX_DEVIATION, CategoryTerm, Linear


def row_linear_scores(linear: Linear, row: Sequence[float]) -> list[float]:
    """Return the raw scores of a row of features, NaN where one is missing."""
    scores = list(linear.intercepts)
    for value, term in zip(row, linear.terms, strict=True):
        if value != value:  # noqa: PLR0124 (NaN: missing)
            continue
        if isinstance(term, CategoryTerm):
            for output, weight in enumerate(term.weights[int(value)]):
                scores[output] += weight
        else:
            deviation = min(max(value - term.centre, -MAX_DEVIATION), MAX_DEVIATION)
            for output, weight in enumerate(term.weights):
                scores[output] += deviation * weight
    return scores


def linear_scores(linear: Linear, rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the raw scores of many rows, shape (rows, outputs); the terms are added in the order of one row's."""
    scores = np.tile(np.array(linear.intercepts), (len(rows), 1))
    for values, term in zip(rows.T, linear.terms, strict=True):
        present = ~np.isnan(values)
        if isinstance(term, CategoryTerm):
            weights = np.array(term.weights).reshape(-1, scores.shape[1])  # the shape holds also without categories
            scores[present] += weights[values[present].astype(np.int64)]
        else:
            deviations = np.clip(values[present] - term.centre, -MAX_DEVIATION, MAX_DEVIATION)
            scores[present] += deviations[:, None] * np.array(term.weights)
    return scores
