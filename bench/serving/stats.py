"""Percentiles, and medians of ratios."""

import math
import statistics
from collections.abc import Sequence


def percentile(ordered: Sequence[float], percent: float) -> float:
    """Return the smallest of the sorted values that `percent` of them do not exceed; NaN if there are none."""
    if not ordered:
        return math.nan
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def median_ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Return the median of ours / theirs, paired by round: both of a round met the machine under the same load."""
    return statistics.median(our / their for our, their in zip(ours, theirs, strict=True))
