"""Percentiles, and ratios paired by round."""

import math

import pytest

from bench.serving.stats import median_ratio, percentile


@pytest.mark.parametrize(("percent", "value"), [(50, 50), (99, 99), (100, 100), (0.1, 1)])
def test_a_percentile_is_one_of_the_values(percent: float, value: float) -> None:
    """It is the smallest value that so many percent of the values do not exceed; of no values it is NaN."""
    assert percentile(range(1, 101), percent) == value
    assert math.isnan(percentile([], percent))


def test_rounds_are_compared_one_by_one() -> None:
    """A slow moment of the machine slows both services of a round, and one odd round decides nothing."""
    assert median_ratio([1, 20, 3], [2, 40, 1]) == 0.5
    with pytest.raises(ValueError, match="shorter"):
        median_ratio([1, 2], [1])
