"""The columns of a CSV in memory: coded texts, numbers, timestamps, or nothing where a column was dropped."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from studio.json_values import plain_number
from studio.tables.row_lines import RowLines

_DAY_S = 86_400.0


@dataclass(frozen=True)
class CodedColumn:
    """A column of texts: the distinct cells (stripped), and for each row the position of its cell among them."""

    name: str
    distinct: tuple[str, ...]
    codes: NDArray[np.int32]  # shape (rows,)

    @property
    def counts(self) -> dict[str, int]:
        """How many rows have each of the cells, in the order of `distinct`; without those that no row has."""
        return _counts(self.distinct, self.codes)

    def filtered(self, rows: NDArray[np.bool_]) -> Self:
        """Return the column of some rows; it keeps also the distinct cells that none of these rows has."""
        return replace(self, codes=self.codes[rows])

    def encoded(self, encode: Callable[[str], float]) -> NDArray[np.float64]:
        """Return a number for each row, shape (rows,); NaN for a cell that cannot be encoded."""

        def lenient(cell: str) -> float:
            try:
                return encode(cell)
            except ValueError:
                return np.nan

        lookup = np.fromiter(map(lenient, self.distinct), dtype=np.float64, count=len(self.distinct))
        return lookup[self.codes]


@dataclass(frozen=True)
class NumberColumn:
    """A column of so many different numbers that their texts were not kept."""

    name: str
    values: NDArray[np.float64]  # shape (rows,); NaN where the cell is missing or one of `texts`
    whole: bool  # all are written as whole numbers of 32 bits
    texts: tuple[str, ...] = ()  # the distinct texts among the numbers, a few, without `cell_parsing.MISSING`
    text_rows: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))  # rows that have one
    text_codes: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))  # which one each of them has

    def filtered(self, rows: NDArray[np.bool_]) -> Self:
        """Return the column of some of the rows."""
        chosen = rows[self.text_rows]
        new_place = np.cumsum(rows) - 1
        text_rows, text_codes = new_place[self.text_rows[chosen]], self.text_codes[chosen]
        return replace(self, values=self.values[rows], text_rows=text_rows, text_codes=text_codes)

    @property
    def text_counts(self) -> dict[str, int]:
        """How many rows have each of the texts."""
        return _counts(self.texts, self.text_codes)

    @cached_property
    def _coded(self) -> CodedColumn:
        distinct, codes = np.unique(self.values, return_inverse=True)
        texts = tuple("" if np.isnan(value) else plain_number(value) for value in distinct.tolist())
        return CodedColumn(self.name, texts, codes.astype(np.int32))

    @property
    def distinct(self) -> tuple[str, ...]:
        """The distinct cells, as texts."""
        return self._coded.distinct

    @property
    def codes(self) -> NDArray[np.int32]:
        """Every row's position among the distinct cells, shape (rows,)."""
        return self._coded.codes


@dataclass(frozen=True)
class DateColumn:
    """A column of so many different dates that their texts were not kept."""

    name: str
    timestamps: NDArray[np.float64]  # shape (rows,); seconds since 1970, UTC; NaN where a date is missing
    date_format: str  # of the cells, one of `studio.tables.dates.DATE_FORMATS`
    other_formats: tuple[str, ...] = ()  # that fit every cell as well

    def filtered(self, rows: NDArray[np.bool_]) -> Self:
        """Return the column of some of the rows."""
        return replace(self, timestamps=self.timestamps[rows])

    def part(self, name: str) -> NDArray[np.float64]:
        """Return one of the `DATE_PARTS` of every row, as the part's function gives it for a single moment."""
        match name:
            case "days since 1970":
                return self.timestamps / _DAY_S
            case "month":
                present = ~np.isnan(self.timestamps)
                months = np.where(present, self.timestamps, 0).astype("datetime64[s]").astype("datetime64[M]")
                return np.where(present, months.astype(np.float64) % 12 + 1, np.nan)
            case "day of week":
                return (self.timestamps // _DAY_S + 3) % 7  # 1970 began with a Thursday; Monday is 0
        return self.timestamps % _DAY_S // 3600 + self.timestamps % 3600 // 60 / 60


@dataclass(frozen=True)
class DroppedColumn:
    """A column that the reader dropped, and why."""

    name: str
    why: str

    def filtered(self, _: NDArray[np.bool_]) -> Self:
        """Return the column of some of the rows."""
        return self


def _counts(texts: Sequence[str], codes: NDArray[np.int32]) -> dict[str, int]:
    counts = np.bincount(codes, minlength=len(texts)).tolist()
    return {text: count for text, count in zip(texts, counts, strict=True) if count}


type TableColumn = CodedColumn | NumberColumn | DateColumn | DroppedColumn


@dataclass(frozen=True)
class Table:
    """A CSV with its header; columns in the order of the file."""

    columns: tuple[TableColumn, ...]
    rows: int
    unnamed: Mapping[str, int] = field(default_factory=dict)  # positions, from 1, of columns without a name
    lines: RowLines = field(default_factory=RowLines)  # of all rows that were read, also those that `only` left out
    notes: tuple[str, ...] = ()  # on what was left out in reading

    def __getitem__(self, name: str) -> TableColumn:
        return next(column for column in self.columns if column.name == name)

    def cells(self, name: str) -> CodedColumn | NumberColumn:
        """Return a column that the reader was told to keep."""
        column = self[name]
        if isinstance(column, DateColumn | DroppedColumn):
            raise TypeError(f"the texts of column {name!r} were not kept")
        return column

    def lines_of(self, rows: NDArray[np.int64]) -> list[int]:
        """Return the lines of some rows, in order; none if this table holds only some of the rows that were read."""
        return self.lines.of(rows) if self.lines.rows == self.rows else []

    def filtered(self, rows: NDArray[np.bool_]) -> Self:
        """Return the table of some of the rows."""
        return replace(self, columns=tuple(column.filtered(rows) for column in self.columns), rows=int(rows.sum()))
