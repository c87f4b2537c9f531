"""Which kind of model a metric is of, by its name: an evaluation never has one of another kind (pure; protocol 5)."""

import math
from collections.abc import Sequence

from shared.gates.holdout import MEASURED, Task
from shared.gates.metric_names import metric_key

_MORE = {
    Task.BINARY: ("F1", "F1 Score", "Training Log Loss"),
    Task.MULTICLASS: ("Micro Precision", "Macro Precision", "Micro Recall", "Macro Recall"),
    Task.REGRESSION: ("Negative Log Likelihood",),
}
_TASKS = {task: {metric_key(name) for name in (*MEASURED[task], *_MORE[task])} for task in Task}


def tasks_of(metric: str) -> frozenset[Task]:
    """Return the tasks whose evaluations may have a metric; none if its name does not tell."""
    return frozenset(task for task, names in _TASKS.items() if metric_key(metric) in names)


def task_of_answer(columns: Sequence[str], row: Sequence[str]) -> Task | None:
    """Return what kind of model gives a row these scored columns; None if they do not tell.

    A model of two classes gives one probability, one of more classes one for each, a regression a number and none.
    """
    scored = [metric_key(name) for name in columns]
    if any(name.startswith(metric_key("Scored Probabilities for Class")) for name in scored):
        return Task.MULTICLASS
    if metric_key("Scored Probabilities") in scored:
        return Task.BINARY
    return Task.REGRESSION if scored == [metric_key("Scored Labels")] and _is_number(row[0]) else None


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def names_of(task: Task) -> Sequence[str]:
    """Return the metrics of a task as its evaluations name them."""
    return MEASURED[task]
