"""Selects the rows of a training: those that the row filter keeps and that have a label."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from studio.errors import TableError
from studio.tables.cell_parsing import MISSING, has_no_value
from studio.tables.columns import NumberColumn, Table
from studio.tables.csv_reader import MAX_PROBLEMS, NOTHING_EXPECTED, TableFormat, read_table
from studio.tables.model_column import Column
from studio.tables.row_filter import read_row_filter
from studio.training.training_plan import TrainingPlan

type Mask = NDArray[np.bool_]  # shape (rows,)


def read_rows(
    csv: Path, plan: TrainingPlan, table_format: TableFormat, expected: Mapping[str, Column] = NOTHING_EXPECTED
) -> tuple[Table, list[str]]:
    """Read the rows that the plan trains and tests on; returns them with notes on the rows that were left out.

    The filter is applied first: a row that it removes needs no label. `expected` names what columns are expected to
    hold.

    Raises:
        TableError: the CSV cannot be read, no row is left, or a remaining row has no label.
        RowFilterError: the plan's row filter cannot be parsed.
    """
    row_filter = read_row_filter(plan.row_filter) if plan.row_filter.strip() else None
    if row_filter is None and not plan.drop_unlabelled:
        table = read_table(
            csv, plan.label, (), table_format, expected=expected, check=lambda table: _problems(table, plan)
        )
        return table, list(table.notes)
    columns = row_filter.columns if row_filter else ()
    table = read_table(csv, plan.label, columns, table_format, expected=expected)
    notes = list(table.notes)
    chosen = np.ones(table.rows, dtype=np.bool_)
    if row_filter:
        chosen = row_filter.rows(table.cells)
        notes.append(f"the row filter keeps {int(chosen.sum()):,} of {table.rows:,} rows")
        if not chosen.any():
            raise TableError("the CSV", notes)
    if plan.drop_unlabelled:
        notes += _drop_unlabelled(table, plan, chosen)
        if not chosen.any():
            raise TableError("the CSV", [*notes, f"no row has a label in column {plan.label!r}"])
    elif problems := _problems(table, plan, chosen):
        raise TableError("the CSV", problems)
    return (table if chosen.all() else table.filtered(chosen)), notes


def _drop_unlabelled(table: Table, plan: TrainingPlan, chosen: Mask) -> list[str]:
    """Take the rows without a label out of the `chosen` ones; returns a note if there are any."""
    dropped = np.flatnonzero(chosen & unlabelled(table, plan))
    chosen[dropped] = False
    if not len(dropped) or not chosen.any():
        return []
    (first,) = table.lines.of(dropped[:1])
    return [f"rows without a label that were left out: {len(dropped):,}, the first on line {first}"]


def unlabelled(table: Table, plan: TrainingPlan) -> Mask:
    """Return which rows have no label, shape (rows,). A placeholder may be a class, but not a number."""
    column = table.cells(plan.label)

    def missing(cells: tuple[str, ...]) -> Mask:
        numbers = plan.task == "regression"
        flags = (has_no_value(cell) if numbers else cell in MISSING for cell in cells)
        return np.fromiter(flags, dtype=np.bool_, count=len(cells))

    if isinstance(column, NumberColumn):
        mask = np.isnan(column.values)
        # Any other text there is a label, if an invalid one.
        mask[column.text_rows[~missing(column.texts)[column.text_codes]]] = False
        return mask
    return missing(column.distinct)[column.codes]


def _problems(table: Table, plan: TrainingPlan, chosen: Mask | None = None) -> list[str]:
    """Return a problem for each of the first rows without a label, and how to leave them all out."""
    mask = unlabelled(table, plan)
    rows = np.flatnonzero(mask if chosen is None else mask & chosen)
    lines = table.lines.of(rows[:MAX_PROBLEMS])
    problems = [f"line {line}: the label {plan.label!r} is missing" for line in lines]
    if problems:
        advice = "add the labels, or leave the rows out by drop_unlabelled or a row filter"
        problems.append(f"rows without a label: {len(rows):,}; {advice}")
    return problems
