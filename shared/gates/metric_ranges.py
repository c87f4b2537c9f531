"""Which values a known metric can have at all: a value outside its range is no measurement (pure; protocol 5)."""

import math

from shared.gates.metric_names import metric_key

ROUNDING = 1e-9  # sums of floating-point numbers may end that far outside

_SHARES = (
    "Accuracy",
    "Precision",
    "Recall",
    "F-Score",
    "F1",
    "F1 Score",
    "AUC",
    "Overall Accuracy",
    "Average Accuracy",
    "Micro Precision",
    "Macro Precision",
    "Micro Recall",
    "Macro Recall",
    "Micro-averaged Precision",
    "Macro-averaged Precision",
    "Micro-averaged Recall",
    "Macro-averaged Recall",
    "Mean Zero One Error",
)
_NEVER_NEGATIVE = (
    "Average Log Loss",
    "Mean Absolute Error",
    "Root Mean Squared Error",
    "Relative Absolute Error",
    "Relative Squared Error",
    "Average Distance to Other Center",
    "Average Distance to Cluster Center",
    "Maximal Distance To Cluster Center",
)

_RANGES: dict[str, tuple[float, float]] = {
    **{metric_key(name): (0.0, 1.0) for name in _SHARES},
    **{metric_key(name): (0.0, math.inf) for name in _NEVER_NEGATIVE},
    metric_key("Coefficient of Determination"): (-math.inf, 1.0),
}


def range_of(metric: str) -> tuple[float, float] | None:
    """Return the least and the largest value that a metric can have; None if its name does not tell."""
    return _RANGES.get(metric_key(metric))


def is_possible(metric: str, value: float) -> bool:
    """Tell whether a metric can have a value; what is not known can have any."""
    low, high = range_of(metric) or (-math.inf, math.inf)
    return low - ROUNDING <= value <= high + ROUNDING


def why_impossible(metric: str, value: float) -> str:
    """Return the sentence about a value that `is_possible` denies."""
    low, high = range_of(metric) or (-math.inf, math.inf)
    limits = f"from {low:g} to {high:g}" if math.isfinite(low + high) else f"at least {low:g}"
    said = f"{metric} {value:g} is impossible: it is {limits if math.isfinite(low) else f'at most {high:g}'}"
    percent = f" (per cent may be meant: {value / 100:g})" if high == 1.0 and high < value <= 100 else ""
    return said + percent
