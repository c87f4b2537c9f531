"""Sketches the columns of a file while it is read, block by block (pure).

A file past `WHOLE_BYTES` is sampled: of each block a random share of the rows is sketched, each counting for as many
as it stands for. So the cost is bounded: what a 1 GB file adds is what a 4 MiB file adds.
"""

import math
import operator
from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from itertools import islice
from random import Random
from typing import Any, NamedTuple

from shared.intake.profile import DISTINCT_LG, FREQUENT_LG, NUMBERS_K, ColumnKind, ColumnProfile, Profile

WHOLE_BYTES = 4 * 1024 * 1024  # up to this size every row of a file is sketched
MAX_TEXT = 100  # characters; a longer value is kept by its beginning and its hash


class SketchedColumn(NamedTuple):
    """A column to sketch: its name in the training set, and how its values are compared."""

    name: str
    kind: ColumnKind


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

    def __init__(self, kind: ColumnKind) -> None:
        import datasketches  # noqa: PLC0415 - imports numpy, which only routes that measure drift pay for

        self._kind = kind
        self._numbers: Any = datasketches.kll_doubles_sketch(NUMBERS_K) if kind is ColumnKind.NUMBER else None
        self._texts: Any = None if kind is ColumnKind.NUMBER else datasketches.frequent_strings_sketch(FREQUENT_LG)
        self._distinct: Any = datasketches.hll_sketch(DISTINCT_LG)
        self._sampled = self._rises = 0
        self._whole = True
        self._last = math.inf

    def add(self, cells: Sequence[str], weight: int) -> None:
        if self._numbers is not None:
            self._add_numbers(cells)
        else:
            counts = Counter(cells)
            self._sampled += len(cells) - counts.pop("", 0)
            for text, times in counts.items():
                key = text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}…{sha256(text.encode()).hexdigest()}"
                self._texts.update(key, times * weight)
                self._distinct.update(key)

    def _add_numbers(self, cells: Sequence[str]) -> None:
        values = [value for value in map(_number, cells) if math.isfinite(value)]
        if not values:
            return
        from array import array  # noqa: PLC0415 - only routes that measure drift pay for it

        self._sampled += len(values)
        self._numbers.update(array("d", values))
        self._whole = self._whole and all(map(float.is_integer, values))
        self._rises += (values[0] > self._last) + sum(map(operator.lt, values, islice(values, 1, None)))
        self._last = values[-1]
        if self._whole:  # only whole numbers may be ids, which need no sketch of fractions
            for value in set(values):
                self._distinct.update(value)

    def profile(self, weight: int) -> ColumnProfile:
        return ColumnProfile(
            kind=self._kind,
            cells=self._sampled * weight,
            sampled=self._sampled,
            numbers=_weighted(self._numbers, weight),
            texts=self._texts,
            distinct=self._distinct,
            whole=self._numbers is not None and self._whole,
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
    if numbers is None or weight == 1:
        return numbers
    copy = type(numbers).deserialize(numbers.serialize())
    for _ in range(weight.bit_length() - 1):
        copy.merge(type(copy).deserialize(copy.serialize()))
    return copy
