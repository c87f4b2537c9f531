"""Percentiles and medians, and the verdicts on ratios of them."""

import math
import statistics
from collections.abc import Sequence


def percentile(ordered: Sequence[float], percent: float) -> float:
    """Return the smallest value that so many percent of the values do not exceed; NaN of none. They are in order."""
    if not ordered:
        return math.nan
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def median_ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Return the median of ours / theirs, round by round: both of a round met the machine in the same mood."""
    return statistics.median(our / their for our, their in zip(ours, theirs, strict=True))
