"""The label column: the classes or numbers that a model learns to predict, and the rows that test it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from studio.errors import TableError
from studio.limits import MAX_CLASSES
from studio.tables.cell_parsing import parse_number
from studio.tables.column_types import type_of
from studio.tables.columns import CodedColumn, NumberColumn
from studio.training.hold_back import hold_back
from studio.training.label_spelling import positive_among, unify_labels
from studio.training.training_plan import TrainingPlan
from studio.words import counted, listed

MIN_ROWS = 10
_SHOWN = 10  # values in a sentence


@dataclass(frozen=True)
class Labels:
    """The label of every row."""

    classes: tuple[str, ...]  # binary: the negative, then the positive; empty for a regression
    target: NDArray[np.float64]  # shape (rows,): position of the class, or the number
    whole: bool = False  # a regression's numbers are all whole, of 32 bits
    notes: tuple[str, ...] = ()  # on how they are spelled, and on classes that are new or gone

    def test_rows(self, fraction: float, seed: int) -> NDArray[np.bool_]:
        """Choose the test rows, shape (rows,): the same share of each class, by `hold_back`.

        The rows of a regression count as one class.
        """
        groups = [np.arange(len(self.target))]
        if self.classes:
            # The positive class first: a seed chooses the same rows whichever class is called the positive one.
            groups = [np.flatnonzero(self.target == number) for number in reversed(range(len(self.classes)))]
        return hold_back(groups, len(self.target), fraction, seed)


def read_labels(column: CodedColumn | NumberColumn, plan: TrainingPlan, served: Sequence[str] = ()) -> Labels:
    """Read the labels of all rows; classes of the model in service (`served`) keep their spelling.

    Raises:
        TableError: the labels do not fit the plan's task; with all problems.
    """
    rows = len(column.codes if isinstance(column, CodedColumn) else column.values)
    problems: list[str] = []
    if rows < MIN_ROWS:
        problems.append(f"it has {counted(rows, 'row')}; at least {MIN_ROWS} are needed")
    labels = _numbers(column, problems) if plan.task == "regression" else _classes(column, plan, served, problems)
    if problems:
        raise TableError("the CSV", problems)
    return labels


def _numbers(column: CodedColumn | NumberColumn, problems: list[str]) -> Labels:
    if isinstance(column, NumberColumn):
        target, odd, whole = column.values, sorted(column.text_counts), column.whole
    else:
        counts = column.counts
        odd = [cell for cell in counts if parse_number(cell) is None]
        target = column.encoded(_number)
        whole = type_of(counts) == "Int32"
    if odd:
        problems.append(f"column {column.name!r} must hold numbers; it also holds {_listed(odd)}")
    elif len(target) and target.min() == target.max():
        problems.append(f"column {column.name!r} holds the same number in every row")
    return Labels((), target, whole)


def _classes(
    column: CodedColumn | NumberColumn, plan: TrainingPlan, served: Sequence[str], problems: list[str]
) -> Labels:
    if isinstance(column, NumberColumn):
        problems.append(f"column {column.name!r} holds too many different numbers for classes: use the task regression")
        return Labels((), column.values)
    held = column.counts
    positive = positive_among(served, plan.positive)
    spelling = unify_labels(held, served, column.name, plan.positive)
    rows_of: dict[str, int] = {}
    for cell, count in held.items():
        rows_of[spelling.class_of[cell]] = rows_of.get(spelling.class_of[cell], 0) + count
    problems += spelling.problems
    classes, ascending_rows = list(rows_of), sorted(rows_of.values())
    if plan.task == "binary":
        values = _listed(sorted(classes))
        if positive not in rows_of:
            problems.append(f"no row has the positive label {positive!r}; column {column.name!r} holds {values}")
        if len(classes) != 2:
            problems.append(f"column {column.name!r} must hold exactly two values; it holds {values}")
        if not problems and ascending_rows[0] < 2:
            problems.append(f"each value of column {column.name!r} must be in at least two rows")
        classes.sort(key=lambda name: name == positive)
    elif not 2 <= len(classes) <= MAX_CLASSES:
        values = _listed(sorted(classes))
        text = f"column {column.name!r} must hold 2 to {MAX_CLASSES} classes; it holds {len(classes)}: {values}"
        problems.append(text)
    else:
        classes.sort(key=_natural)
        if ascending_rows[-2] < 2:
            problems.append(f"at least two classes of column {column.name!r} must be in two rows or more")
    position = {cell: float(classes.index(name)) for cell, name in spelling.class_of.items()}
    lookup = np.array([position.get(cell, np.nan) for cell in column.distinct])
    return Labels(tuple(classes), lookup[column.codes], notes=(*spelling.notes, *_changes(classes, served)))


def _changes(classes: Sequence[str], served: Sequence[str]) -> list[str]:
    """Return notes on the classes that only the file has, or only the model in service."""
    changes = {
        "classes that the model in service does not have": sorted(set(classes) - set(served)) if served else [],
        "classes of the model in service that no row has": sorted(set(served) - set(classes)),
    }
    return [f"{what}: {_listed(names)}" for what, names in changes.items() if names]


def _number(cell: str) -> float:
    number = parse_number(cell)
    return np.nan if number is None else number


def _natural(cell: str) -> tuple[float, str]:
    """Return the sort key that orders numbers by size and before texts."""
    number = parse_number(cell)
    return (np.inf if number is None else number, cell)


def _listed(cells: list[str]) -> str:
    return listed([repr(cell) for cell in cells], _SHOWN)
