"""Which rows of a file are trained on: those that the row filter keeps, and of these the ones with a label."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from studio.errors import TableError
from studio.tables.cell_parsing import MISSING, has_no_value
from studio.tables.columns import NumberColumn, Table
from studio.tables.csv_reader import PROBLEM_LIMIT, TableFormat, read_table
from studio.tables.model_column import Column
from studio.tables.row_filter import read_row_filter
from studio.training.training_plan import TrainingPlan

type Mask = NDArray[np.bool_]  # shape (rows,)


def read_rows(
    csv: Path, plan: TrainingPlan, table_format: TableFormat, expected: Mapping[str, Column] | None = None
) -> tuple[Table, list[str]]:
    """Read the rows that the plan's training learns from or is tested on, with notes of those that are left out.

    The filter comes first: a row that it takes out needs no label. Of columns that are `expected` to hold something it
    is kept what that is told by.

    Raises:
        TableError: the CSV cannot be read, none of its rows is left, or some that are have no label.
        RowFilterError: the plan's row filter cannot be read.
    """
    row_filter = read_row_filter(plan.row_filter) if plan.row_filter.strip() else None
    columns = row_filter.columns if row_filter else ()
    every_row_counts = row_filter is None and not plan.drop_unlabelled
    table = read_table(
        *(csv, plan.label, columns, table_format),
        expected=expected or {},
        check=lambda table: _problems(table, plan) if every_row_counts else [],
    )
    if every_row_counts:
        return table, list(table.notes)
    chosen = np.ones(table.rows, dtype=np.bool_) if row_filter is None else row_filter.rows(table.cells)
    notes = list(table.notes)
    if row_filter:
        notes.append(f"the row filter keeps {int(chosen.sum()):,} of {table.rows:,} rows")
    if not chosen.any():
        raise TableError("the CSV", notes)
    if plan.drop_unlabelled:
        dropped = np.flatnonzero(chosen & unlabelled(table, plan))
        chosen[dropped] = False
        if not chosen.any():
            raise TableError("the CSV", [*notes, f"none of its rows has a label in column {plan.label!r}"])
        if len(dropped):
            (first,) = table.lines.of(dropped[:1])
            notes.append(f"rows without a label that were left out: {len(dropped):,}, the first on line {first}")
    elif problems := _problems(table, plan, chosen):
        raise TableError("the CSV", problems)
    return (table if chosen.all() else table.only(chosen)), notes


def unlabelled(table: Table, plan: TrainingPlan) -> Mask:
    """Tell of every row whether it has no label. A class may be called like a placeholder, a number may not."""
    column = table.cells(plan.label)

    def missing(cells: tuple[str, ...]) -> Mask:
        numbers = plan.task == "regression"
        flags = (has_no_value(cell) if numbers else cell in MISSING for cell in cells)
        return np.fromiter(flags, dtype=np.bool_, count=len(cells))

    if isinstance(column, NumberColumn):
        mask = np.isnan(column.values)
        # What else stands there is a label, if not a good one.
        mask[column.text_rows[~missing(column.texts)[column.text_codes]]] = False
        return mask
    return missing(column.distinct)[column.codes]


def _problems(table: Table, plan: TrainingPlan, chosen: Mask | None = None) -> list[str]:
    """Return a problem for each of the first rows without a label, and how to leave all of them out."""
    mask = unlabelled(table, plan)
    rows = np.flatnonzero(mask if chosen is None else mask & chosen)
    lines = table.lines.of(rows[:PROBLEM_LIMIT])
    problems = [f"line {line}: the label {plan.label!r} is missing" for line in lines]
    if problems:
        problems.append(
            f"rows without a label: {len(rows):,}; fill it in, or leave them out by drop_unlabelled or a row filter"
        )
    return problems
