"""Scores many rows with a linear model at once."""

import numpy as np
from numpy.typing import NDArray

from studio.models.model import MAX_DEVIATION, CategoryTerm, Linear


def linear_scores(linear: Linear, rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the raw scores of many rows, shape (rows, outputs): term by term, as the scoring of one row adds them."""
    scores = np.tile(np.array(linear.intercepts), (len(rows), 1))
    for values, term in zip(rows.T, linear.terms, strict=True):
        present = ~np.isnan(values)
        if isinstance(term, CategoryTerm):
            weights = np.array(term.weights).reshape(-1, scores.shape[1])  # also where there are no categories
            scores[present] += weights[values[present].astype(np.int64)]
        else:
            deviations = np.clip(values[present] - term.centre, -MAX_DEVIATION, MAX_DEVIATION)
            scores[present] += deviations[:, None] * np.array(term.weights)
    return scores
