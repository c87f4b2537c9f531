"""Infers what columns hold, given what the experiment states and what they hold in the model in service.

A file may be ambiguous: days that could all be months, codes that happen to be numbers. Callers were written for the
reading in service, so it is kept as far as the cells allow it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from studio.errors import TableError
from studio.limits import MAX_CATEGORIES
from studio.tables.cell_parsing import has_no_value
from studio.tables.columns import CodedColumn, DateColumn, NumberColumn, Table, TableColumn
from studio.tables.model_column import Column
from studio.training.column_inference import (
    InferredColumn,
    Texts,
    as_categories,
    as_dates,
    as_many_numbers,
    as_numbers,
    by_frequency,
    infer_column,
    nothing,
    with_counts,
)
from studio.words import counted


@dataclass(frozen=True)
class ExpectedColumn:
    """What a column is expected to hold: `stated` by the experiment, or as in the model in service."""

    column: Column
    stated: bool = False


NOTHING_EXPECTED: Mapping[str, ExpectedColumn] = MappingProxyType({})


def expected_columns(stated: Sequence[Column], served: Sequence[Column]) -> dict[str, ExpectedColumn]:
    """Return by name what columns are expected to hold; what the experiment states takes precedence.

    A column that the model in service ignores may hold anything.
    """
    kept = {column.name: ExpectedColumn(column) for column in served if column.kind != "ignored"}
    return kept | {column.name: ExpectedColumn(column, stated=True) for column in stated}


def infer_columns(
    table: Table, label: str, *, target_encode: bool = False, expected: Mapping[str, ExpectedColumn] = NOTHING_EXPECTED
) -> list[InferredColumn]:
    """Infer every column except the label; `target_encode` allows target encoding for very many categories.

    Raises:
        TableError: a column does not hold what the experiment states, or is missing.
    """
    findings, problems = [], []
    for column in table.columns:
        if column.name == label:
            continue
        finding = infer_column(column, target_encode=target_encode)
        expectation = expected.get(column.name)
        if expectation is not None:
            read = _as_expected(column, finding, expectation, target_encode=target_encode)
            if read is not None:
                finding = read
            else:
                holds, why = expectation.column.holds, _otherwise(table, column, expectation.column)
                if expectation.stated:
                    problems.append(f"column {column.name!r} must hold {holds}; {why}")
                note = f"{finding.note}; the model in service has {holds} there: {why}"
                finding = replace(finding, note=note, is_odd=True)
        findings.append(replace(finding, place=table.unnamed.get(column.name)))
    names = {column.name for column in table.columns}
    for name, expectation in expected.items():
        if expectation.stated and expectation.column.kind != "ignored" and name not in names:
            problems.append(f"the column {name!r} of the experiment's [columns] is missing")
    if problems:
        raise TableError("the CSV", problems)
    return findings


def _as_expected(
    column: TableColumn, finding: InferredColumn, expected: ExpectedColumn, *, target_encode: bool
) -> InferredColumn | None:
    """Return the column read as expected; None if its cells do not allow that."""
    if expected.column.kind == "ignored":
        dropped = Column(column.name, "ignored", finding.column.type)
        return InferredColumn(dropped, finding.missing, "dropped: the experiment says so")
    is_dropped = finding.column.kind == "ignored"
    # Identifiers are dropped even if they are categories in the model in service; numbers stay in use.
    if is_dropped and (_has_nothing(column) or not (expected.stated or expected.column.kind == "numeric")):
        return finding
    if finding.column.holds == expected.column.holds and not finding.is_odd:
        return _with_known_texts(finding, expected.column)  # a second reading would give the same
    read = _read_as(column, expected.column, target_encode=target_encode)
    if read is None and is_dropped and not expected.stated:
        return finding
    if read is None or read.column.holds == finding.column.holds:
        return read
    by = "as the experiment says" if expected.stated else "as in the model in service"
    return replace(read, note=f"{read.note}, {by}", is_odd=True)


def _with_known_texts(finding: InferredColumn, expected: Column) -> InferredColumn:
    """Return the inference with the texts that mean missing in the expected column too: callers may send them."""
    column = finding.column
    if column.kind != "numeric" or not set(expected.categories) - set(column.categories):
        return finding
    texts = sorted({*column.categories, *expected.categories})[:MAX_CATEGORIES]
    return replace(finding, column=replace(column, categories=tuple(texts)))


def _has_nothing(column: TableColumn) -> bool:
    return isinstance(column, CodedColumn) and nothing(Texts.of(column)) is not None


def _read_as(column: TableColumn, expected: Column, *, target_encode: bool) -> InferredColumn | None:
    match column:
        case NumberColumn() if expected.kind == "numeric":
            finding = as_many_numbers(column, expected)
            return finding if finding.column.kind == "numeric" else None
        case DateColumn() if expected.date_format == column.date_format:
            return as_dates(column.name, [column.date_format], int(np.isnan(column.timestamps).sum()))
        case CodedColumn():
            return _read_texts(Texts.of(column), expected, target_encode=target_encode)
    return None


def _read_texts(texts: Texts, expected: Column, *, target_encode: bool) -> InferredColumn | None:
    if expected.kind == "numeric":
        return as_numbers(texts, expected)
    if expected.holds == "categories":
        return as_categories(texts, target_encode=target_encode)
    if _rejected(texts, expected):
        return None
    empty = {cell: count for cell, count in texts.count_of.items() if has_no_value(cell)}
    if expected.kind == "date":
        return as_dates(texts.column.name, [expected.date_format], texts.missing + sum(empty.values()))
    note = f"{expected.holds}; taken for missing: {with_counts(empty)}" if empty else expected.holds
    return texts.inferred(note, Column(texts.column.name, expected.kind))


def _rejected(texts: Texts, expected: Column) -> list[str]:
    """Return the cells that the expected column cannot hold, the most frequent first."""
    (encode, *_) = expected.encoders()

    def is_rejected(cell: str) -> bool:
        try:
            encode(cell)
        except ValueError:
            return True
        return False

    return list(filter(is_rejected, by_frequency(texts.count_of)))


def _otherwise(table: Table, column: TableColumn, expected: Column) -> str:
    """Return what the column holds instead, with the line if it is known."""
    if not isinstance(column, CodedColumn):
        return "it holds other texts" if not isinstance(column, NumberColumn) else "it holds numbers"
    texts = Texts.of(column)
    rejected = _rejected(texts, expected)
    if not rejected:
        return "it holds no number" if expected.kind == "numeric" else "it has no such value"
    first = rejected[0]
    (row,) = np.flatnonzero(column.codes == column.distinct.index(first))[:1]
    lines = table.lines_of(np.array([row]))
    where = f", the first on line {lines[0]}" if lines else ""
    more = f", and {counted(len(rejected) - 1, 'other text')}" if len(rejected) > 1 else ""
    return f"{first!r} is not one ({counted(texts.count_of[first], 'row')}{where}){more}"
