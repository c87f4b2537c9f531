"""Matches the column names of a scoring request with a model's, and lists the columns that the answer adds."""

from collections.abc import Sequence
from dataclasses import dataclass

from studio.errors import RequestError
from studio.models.model import Model, Task
from studio.tables.column_names import column_names, duplicates
from studio.tables.column_types import WireType, type_of

LABELS, PROBABILITIES = "Scored Labels", "Scored Probabilities"


class ColumnMismatchError(RequestError):
    """The columns of a request are not those of the model."""


class ReservedColumnError(RequestError):
    """A column of a request has the name of one that the answer adds."""


@dataclass(frozen=True)
class RequestColumns:
    """The columns of a request and of its answer."""

    positions: tuple[int | None, ...]  # in the request, of each column of the model; None if the request lacks it
    names: tuple[str, ...]  # of the answer's columns: those of the request, then the added ones
    types: tuple[WireType, ...]


def added_columns(model: Model) -> list[tuple[str, WireType]]:
    """Return name and type of the columns that an answer adds to those of its request (protocol 2)."""
    types: dict[str, WireType] = {LABELS: type_of(model.classes) if model.classes else "Double"}
    return [(name, types.get(name, "Double")) for name in added_names(model.task, model.classes)]


def added_names(task: Task, classes: Sequence[str]) -> list[str]:
    """Return the names of the columns that a model's answers add to those of a request."""
    match task:
        case "binary":
            return [LABELS, PROBABILITIES]
        case "multiclass":
            return [*(f'{PROBABILITIES} for Class "{name}"' for name in classes), LABELS]
    return [LABELS]


def is_taken(name: str, added: Sequence[str]) -> bool:
    """Tell whether a name is one of the added columns'. Only letters and digits count, as for readers of answers."""
    return _letters(name) in map(_letters, added)


def _letters(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter not in " \t_-")


def label_type(model: Model) -> WireType:
    """Return the type of the label column, which a request may have: the type of the labels in the training."""
    if model.task == "regression":
        return "Int32" if model.whole_labels else "Double"
    return type_of(model.classes)


def request_columns(model: Model, names: Sequence[str]) -> RequestColumns:
    """Find the model's columns in a request, by the names that a training would give the request's columns.

    Raises:
        ReservedColumnError: a column has the name of one that the answer adds.
        ColumnMismatchError: names every column that is missing, unknown or given twice.
    """
    names = column_names(names)
    added = added_columns(model)
    taken = [name for name, _ in added if name in names]
    if taken:
        text = (
            f"Invalid output parameter name: {', '.join(taken)}. The answer adds columns of these names: rename yours."
        )
        raise ReservedColumnError(text)
    positions = _positions(model, names)
    types = {column.name: column.type for column in model.columns} | dict(added)
    in_answer = (*names, *(name for name, _ in added))
    return RequestColumns(positions, in_answer, tuple(types.get(name, label_type(model)) for name in in_answer))


def _positions(model: Model, names: Sequence[str]) -> tuple[int | None, ...]:
    at = {name: position for position, name in enumerate(names)}
    missing = [column.name for column in model.columns if column.required and column.name not in at]
    accepted = {model.label, *(column.name for column in model.columns)}
    unknown = [name for name in names if name not in accepted]
    twice = duplicates(names) if len(at) < len(names) else []
    problems = [
        f"{text}: {', '.join(columns)}"
        for text, columns in (
            ("missing columns", missing),
            ("unknown columns", unknown),
            ("columns given twice", twice),
        )
        if columns
    ]
    if problems:
        text = f"Input data does not match input port schema. {'; '.join(problems)}."
        raise ColumnMismatchError(text)
    return tuple(at.get(column.name) for column in model.columns)
