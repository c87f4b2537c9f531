"""The metrics of Evaluate Model: spelling, direction, range, and the tasks that have them (pure; protocol 5)."""

import math
from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

ROUNDING = 1e-9  # a sum of floating-point numbers may leave the range by that much


class Direction(StrEnum):
    """Which values of a metric are better."""

    HIGHER = "higher"
    LOWER = "lower"


class Task(StrEnum):
    """What a model predicts."""

    BINARY = "binary"
    MULTICLASS = "multiclass"
    REGRESSION = "regression"


class Range(NamedTuple):
    """The smallest and the largest value that a metric can have."""

    low: float
    high: float


class KnownMetric(NamedTuple):
    """What a metric's name tells.

    Attributes:
        name: as Evaluate Model spells it.
        direction: None where the documentation contradicts itself.
        range: None where every number is possible.
        tasks: the tasks whose evaluations may have it; none for a clustering.
        aliases: other names of it, which other modules of the protocol use.
        measured: whether it is measured on a holdout, for each of its tasks.
    """

    name: str
    direction: Direction | None
    range: Range | None
    tasks: tuple[Task, ...] = ()
    aliases: tuple[str, ...] = ()
    measured: bool = False


_HIGHER, _LOWER = Direction.HIGHER, Direction.LOWER
_SHARE, _NOT_NEGATIVE = Range(0.0, 1.0), Range(0.0, math.inf)
_BINARY, _MULTICLASS, _REGRESSION = (Task.BINARY,), (Task.MULTICLASS,), (Task.REGRESSION,)

# In the order in which a task's metrics are listed for people.
METRICS = (
    KnownMetric("Accuracy", _HIGHER, _SHARE, _BINARY, measured=True),
    KnownMetric("Precision", _HIGHER, _SHARE, _BINARY, measured=True),
    KnownMetric("Recall", _HIGHER, _SHARE, _BINARY, measured=True),
    KnownMetric("F-Score", _HIGHER, _SHARE, _BINARY, aliases=("F1", "F1 Score"), measured=True),
    KnownMetric("AUC", _HIGHER, _SHARE, _BINARY, measured=True),
    KnownMetric("Overall Accuracy", _HIGHER, _SHARE, _MULTICLASS, measured=True),
    KnownMetric("Average Accuracy", _HIGHER, _SHARE, _MULTICLASS, measured=True),
    KnownMetric("Micro-averaged Precision", _HIGHER, _SHARE, _MULTICLASS, aliases=("Micro Precision",), measured=True),
    KnownMetric("Macro-averaged Precision", _HIGHER, _SHARE, _MULTICLASS, aliases=("Macro Precision",), measured=True),
    KnownMetric("Micro-averaged Recall", _HIGHER, _SHARE, _MULTICLASS, aliases=("Micro Recall",), measured=True),
    KnownMetric("Macro-averaged Recall", _HIGHER, _SHARE, _MULTICLASS, aliases=("Macro Recall",), measured=True),
    KnownMetric("Average Log Loss", _LOWER, _NOT_NEGATIVE, (*_BINARY, *_MULTICLASS), measured=True),
    KnownMetric("Training Log Loss", None, None, _BINARY),
    KnownMetric("Mean Absolute Error", _LOWER, _NOT_NEGATIVE, _REGRESSION, measured=True),
    KnownMetric("Root Mean Squared Error", _LOWER, _NOT_NEGATIVE, _REGRESSION, measured=True),
    KnownMetric("Relative Absolute Error", _LOWER, _NOT_NEGATIVE, _REGRESSION, measured=True),
    KnownMetric("Relative Squared Error", _LOWER, _NOT_NEGATIVE, _REGRESSION, measured=True),
    KnownMetric("Coefficient of Determination", _HIGHER, Range(-math.inf, 1.0), _REGRESSION, measured=True),
    KnownMetric("Negative Log Likelihood", _LOWER, None, _REGRESSION),
    KnownMetric("Mean Zero One Error", _LOWER, _SHARE),
    KnownMetric("Average Distance to Other Center", _HIGHER, _NOT_NEGATIVE),
    KnownMetric("Average Distance to Cluster Center", _LOWER, _NOT_NEGATIVE),
    KnownMetric("Maximal Distance To Cluster Center", _LOWER, _NOT_NEGATIVE),
)
# The cells of a binary confusion matrix, which some evaluations hold beside the metrics: counts of rows.
CONFUSION_CELLS = ("True Positive", "False Positive", "True Negative", "False Negative")


def metric_key(name: str) -> str:
    """Return what all spellings of one name share: case, spaces, `_` and `-` do not count."""
    return "".join(name.replace("_", " ").replace("-", " ").split()).casefold()


def in_any_spelling[Value](values: Mapping[str, Value], name: str) -> Value | None:
    """Return the value of a metric, in whatever spelling the mapping names it; None if it does not."""
    key = metric_key(name)
    return next((value for spelling, value in values.items() if metric_key(spelling) == key), None)


_BY_KEY = {metric_key(name): metric for metric in METRICS for name in (metric.name, *metric.aliases)}
_MEASURED = {
    task: tuple(metric.name for metric in METRICS if metric.measured and task in metric.tasks) for task in Task
}


def known_metric(name: str) -> KnownMetric | None:
    """Return the metric of that name, in any spelling."""
    return _BY_KEY.get(metric_key(name))


def keys_of(name: str) -> tuple[str, ...]:
    """Return the `metric_key` of a known metric and of each of its aliases."""
    metric = _BY_KEY[metric_key(name)]
    return tuple(metric_key(each) for each in (metric.name, *metric.aliases))


def direction_of(name: str) -> Direction | None:
    """Return which values of a metric are better; None if its name does not tell."""
    metric = known_metric(name)
    return metric.direction if metric is not None else None


def tasks_of(name: str) -> tuple[Task, ...]:
    """Return the tasks whose evaluations may have a metric; none if its name does not tell."""
    metric = known_metric(name)
    return metric.tasks if metric is not None else ()


def measured_metrics(task: Task) -> tuple[str, ...]:
    """Return the metrics that are measured on a holdout of a task, which are also those of its evaluations."""
    return _MEASURED[task]


def range_of(name: str) -> Range:
    """Return the range of a metric's values; every number, if its name does not tell."""
    metric = known_metric(name)
    return metric.range if metric is not None and metric.range is not None else Range(-math.inf, math.inf)


def is_possible(name: str, value: float) -> bool:
    """Tell whether a metric can have a value."""
    low, high = range_of(name)
    return low - ROUNDING <= value <= high + ROUNDING


def why_impossible(name: str, value: float) -> str:
    """Return the sentence about a value that `is_possible` denies."""
    low, high = range_of(name)
    if math.isfinite(low) and math.isfinite(high):
        limits = f"from {low:g} to {high:g}"
    elif math.isfinite(low):
        limits = f"at least {low:g}"
    else:
        limits = f"at most {high:g}"
    hint = ""
    if high == 1.0 and high < value <= 100:
        hint = f" (per cent may be meant: {value / 100:g})"
    return f"{name} {value:g} is impossible: it is {limits}{hint}"
