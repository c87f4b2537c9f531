"""Sketches the columns of a file while it is read, block by block (pure).

A file past `WHOLE_BYTES` is sampled: of each block a random share of the rows is sketched, each counting for as many
as it stands for. So the cost is bounded: what a 1 GB file adds is what a 4 MiB file adds.
"""

import math
import operator
import re
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from random import Random
from typing import Any, NamedTuple

from shared.intake.profile import DISTINCT_LG, FREQUENT_LG, NUMBERS_K, ColumnKind, ColumnProfile, Profile, text_key
from shared.intake.table_schema import FieldType, SchemaField, TableSchema, Undecided

WHOLE_BYTES = 4 * 1024 * 1024  # up to this size every row of a file is sketched
_NUMBER = re.compile(r"[+-]?(?!0[0-9])(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_NUMBERS = frozenset({FieldType.NUMBER, FieldType.INTEGER, FieldType.YEAR})
_DATES = frozenset({FieldType.DATE, FieldType.DATETIME})


class SketchedColumn(NamedTuple):
    """A column to sketch.

    Attributes:
        name: in the training set.
        kind: how its values are compared; None: its first values decide, as no schema does.
    """

    name: str
    kind: ColumnKind | None = None


def sketched_columns(names: Iterable[str], schema: TableSchema | None) -> tuple[SketchedColumn, ...]:
    """Return the columns of a training set as its schema describes them; None: there is no schema."""
    fields = {field.name: field for field in schema.fields} if schema is not None else {}
    return tuple(SketchedColumn(name, _kind_of(fields[name]) if name in fields else None) for name in names)


def _kind_of(field: SchemaField) -> ColumnKind:
    if field.type in _DATES or field.notes.undecided is Undecided.DATE:
        return ColumnKind.DATE
    return ColumnKind.NUMBER if field.type in _NUMBERS else ColumnKind.CATEGORY


class FileSketch:
    """The sketches of one file. One `add` a block, in the order of the file, then `profile`.

    Args:
        columns: the columns to sketch.
        size_bytes: of the file; it decides which share of the rows is sketched.
    """

    def __init__(self, columns: Sequence[SketchedColumn], size_bytes: int) -> None:
        self._columns = [_ColumnSketch(column.kind) for column in columns]
        self._names = [column.name for column in columns]
        self._step = sampling_step(size_bytes)
        self._random = Random(0)  # noqa: S311 - a sample, no secret; the same file gives the same sample
        self._rows = 0

    def add(self, cells: Sequence[Sequence[str]]) -> None:
        """Take in a block of rows.

        Args:
            cells: for each column, in the order of the constructor, its cells as the training set has them (numbers
                with a decimal point); a missing one is "". All columns have the same number of cells.
        """
        rows = len(cells[0]) if cells else 0
        chosen = self._chosen(rows)
        self._rows += rows
        if chosen is not None and not chosen:
            return
        for column, column_cells in zip(self._columns, cells, strict=True):
            column.add(column_cells if chosen is None else [column_cells[row] for row in chosen], self._step)

    def profile(self) -> Profile:
        """Return the profile of what was added."""
        columns = (column.profile(self._step) for column in self._columns)
        return Profile(rows=self._rows, columns=dict(zip(self._names, columns, strict=True)))

    def _chosen(self, rows: int) -> list[int] | None:
        """Return the rows of a block that are sketched, in their order; None: all."""
        if self._step == 1:
            return None
        share = (self._rows + rows) // self._step - self._rows // self._step
        return sorted(self._random.sample(range(rows), share))


def sampling_step(size_bytes: int) -> int:
    """Return for how many rows a sketched row of a file of this size stands: a power of two, 1 for a small file."""
    return 1 << max(0, math.ceil(math.log2(max(size_bytes, 1) / WHOLE_BYTES)))


class _ColumnSketch:
    """The growing sketches of one column."""

    def __init__(self, kind: ColumnKind | None) -> None:
        import datasketches  # noqa: PLC0415 - imports numpy, which only routes that measure drift pay for

        self._kind = kind
        self._decides = kind is None
        self._numbers: Any = datasketches.kll_doubles_sketch(NUMBERS_K)
        self._texts: Any = datasketches.frequent_strings_sketch(FREQUENT_LG)
        self._distinct: Any = datasketches.hll_sketch(DISTINCT_LG)
        self._sampled = self._rises = 0
        self._whole = True
        self._last = math.inf

    def add(self, cells: Sequence[str], weight: int) -> None:
        if self._decides and self._kind in {None, ColumnKind.NUMBER}:
            self._decide(cells)
        if self._kind is ColumnKind.NUMBER:
            self._add_numbers(cells)
        else:
            counts = Counter(cells)
            self._sampled += len(cells) - counts.pop("", 0)
            for text, times in counts.items():
                key = text_key(text)
                self._texts.update(key, times * weight)
                self._distinct.update(key)

    def _decide(self, cells: Sequence[str]) -> None:
        """Find out the kind of a column without a schema; texts after numbers make it a column of no kind."""
        values = [cell for cell in cells if cell]
        if not values:
            return
        if all(map(_NUMBER.fullmatch, values)):
            self._kind = ColumnKind.NUMBER
        else:
            self._kind = ColumnKind.CATEGORY if self._kind is None else ColumnKind.MIXED

    def _add_numbers(self, cells: Sequence[str]) -> None:
        values = [value for value in map(_number, cells) if math.isfinite(value)]
        if not values:
            return
        self._whole = self._whole and all(map(float.is_integer, values))
        self._sampled += len(values)
        self._numbers.update(array("d", values))
        self._rises += (values[0] > self._last) + sum(map(operator.lt, values, islice(values, 1, None)))
        self._last = values[-1]
        if self._whole:  # only whole numbers may be ids, which need no sketch of fractions
            for value in set(values):
                self._distinct.update(value)

    def profile(self, weight: int) -> ColumnProfile:
        kind = self._kind if self._kind is not None else ColumnKind.CATEGORY
        is_number = kind is ColumnKind.NUMBER
        return ColumnProfile(
            kind=kind,
            cells=self._sampled * weight,
            sampled=self._sampled,
            numbers=_weighted(self._numbers, weight) if is_number else None,
            texts=None if is_number else self._texts,
            distinct=self._distinct,
            whole=is_number and self._whole,
            followers=max(self._sampled - 1, 0) if is_number else 0,
            rises=self._rises,
        )


def _number(text: str) -> float:
    """Return a cell's number; NaN for none, which is not sketched."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def _weighted(numbers: Any, weight: int) -> Any:
    """Return a KLL sketch in which each number counts `weight` times, a power of two: merged with itself it doubles."""
    if weight == 1:
        return numbers
    copy = type(numbers).deserialize(numbers.serialize())
    for _ in range(weight.bit_length() - 1):
        copy.merge(type(copy).deserialize(copy.serialize()))
    return copy
