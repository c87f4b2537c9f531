"""Predictions out of an endpoint's answer: labels, scores, probabilities (pure; protocol 2)."""

from collections.abc import Sequence
from typing import NamedTuple

from shared.errors import BadEvaluationError
from shared.gates.finite_numbers import finite_number
from shared.gates.holdout import label_key
from shared.gates.known_metrics import Task, metric_key

_LABELS = ("Scored Labels", "Scored Label Mean")  # the second is the name in some regression modules
_PROBABILITIES = "Scored Probabilities"


class Predictions(NamedTuple):
    """Predictions of some rows; a number is None where the cell holds no finite number.

    Attributes:
        labels: the predicted label of each row, as text.
        scores: binary: the probability of the positive class; regression: the predicted value; else empty.
        classes: multi-class: the classes that have probabilities.
        probabilities: multi-class: per row, by class.
    """

    labels: tuple[str, ...]
    scores: tuple[float | None, ...] = ()
    classes: tuple[str, ...] = ()
    probabilities: tuple[tuple[float | None, ...], ...] = ()


def read_predictions(task: Task, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Predictions:
    """Read the scored columns of an answer.

    Raises:
        BadEvaluationError: a column that the task needs is not there.
    """
    keys = [metric_key(name) for name in columns]
    at = next((keys.index(metric_key(name)) for name in _LABELS if metric_key(name) in keys), None)
    if at is None:
        raise _missing("Scored Labels", task, columns)
    labels = tuple(row[at].strip() for row in rows)
    match task:
        case Task.REGRESSION:
            return Predictions(labels, tuple(finite_number(label) for label in labels))
        case Task.BINARY:
            if metric_key(_PROBABILITIES) not in keys:
                raise _missing(_PROBABILITIES, task, columns)
            score = keys.index(metric_key(_PROBABILITIES))
            return Predictions(labels, tuple(finite_number(row[score]) for row in rows))
        case Task.MULTICLASS:
            classes = [(index, class_of(name)) for index, name in enumerate(columns) if class_of(name) is not None]
            return Predictions(
                labels,
                classes=tuple(str(label) for _, label in classes),
                probabilities=tuple(tuple(finite_number(row[index]) for index, _ in classes) for row in rows),
            )


def own_class_probabilities(predictions: Predictions, truth: Sequence[str]) -> list[float | None]:
    """Return, for each row of several classes, the probability of its own class; None where that is not known."""
    columns = {label_key(name): index for index, name in reversed(list(enumerate(predictions.classes)))}
    indexes = [columns.get(label_key(label)) for label in truth]
    return [
        None if index is None else probabilities[index]
        for index, probabilities in zip(indexes, predictions.probabilities, strict=True)
    ]


def task_of_answer(columns: Sequence[str], row: Sequence[str]) -> Task | None:
    """Return what kind of model gives a row these scored columns; None if they do not tell.

    A model of two classes gives one probability, one of more classes one for each, a regression a number and none.
    """
    keys = [metric_key(name) for name in columns]
    if any(key.startswith(metric_key("Scored Probabilities for Class")) for key in keys):
        return Task.MULTICLASS
    if metric_key(_PROBABILITIES) in keys:
        return Task.BINARY
    return Task.REGRESSION if keys == [metric_key("Scored Labels")] and finite_number(row[0]) is not None else None


def class_of(name: str) -> str | None:
    """Return the class of a column `Scored Probabilities for Class "x"`; None for another column."""
    head, separator, tail = name.partition("for Class")
    if not separator:
        head, separator, tail = name.partition("_")  # a designer's name: Scored Probabilities_x
    if not separator or metric_key(head) != metric_key(_PROBABILITIES):
        return None
    return tail.strip().strip('"').strip()


def _missing(column: str, task: Task, columns: Sequence[str]) -> BadEvaluationError:
    return BadEvaluationError(
        f"the endpoint's answer has no column {column!r}, which a {task.value} holdout needs; it has:"
        f" {', '.join(columns)}"
    )
