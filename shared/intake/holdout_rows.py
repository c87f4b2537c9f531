"""Recognises the rows of a holdout in a file: they never enter a training set (pure)."""

from collections.abc import Mapping, Sequence

from shared.gates.holdout import label_key
from shared.intake.cells import ColumnReader
from shared.intake.file_report import HoldoutTable

type CellKey = str | float
_CACHE_SIZE = 100_000  # distinct cells of a column
_LOOKED_AT_FIRST = 5  # columns by which most rows are told apart
_REPEATED = 1000  # distinct cells of a column, up to which those of a file mostly come again and are looked up


class HoldoutKeys:
    """The rows of a holdout, by what all spellings of a row share.

    Case and outer spaces do not count, and numbers are compared by value: a row too many is left out rather than one
    of the holdout trained on. Rows are compared by the columns that holdout and file share.

    Args:
        columns: the names of the clean columns.
        readers: read the holdout's cells as those of the file are read.
    """

    def __init__(self, holdout: HoldoutTable, columns: Sequence[str], readers: Mapping[str, ColumnReader]) -> None:
        shared = [name for name in columns if name in holdout.columns]
        keys = [_keys(readers.get(name), [row[holdout.columns.index(name)] for row in holdout.rows]) for name in shared]
        self._positions = [columns.index(name) for name in shared]
        self._rows = set(zip(*keys, strict=True))
        distinct = [len(set(column)) for column in keys]
        by_distinct = sorted(range(len(keys)), key=lambda column: -distinct[column])
        repeated = [column for column in by_distinct if distinct[column] <= _REPEATED]
        self._first = repeated[:_LOOKED_AT_FIRST] or by_distinct[-1:]
        self._firsts = {tuple(row[column] for column in self._first) for row in self._rows}
        self._keys: list[dict[str, CellKey]] = [{} for _ in shared]

    def has(self, cells: Sequence[str]) -> bool:
        """Tell whether a clean row is one of the holdout."""
        row = [cells[at] for at in self._positions]
        first = tuple(self._key(column, row[column]) for column in self._first)
        return first in self._firsts and tuple(self._key(column, cell) for column, cell in enumerate(row)) in self._rows

    def rows_in(self, columns: Sequence[Sequence[str]]) -> list[int]:
        """Return which rows of clean columns are in the holdout."""
        firsts = [self._column_keys(column, columns[self._positions[column]]) for column in self._first]
        if not firsts:
            return []
        possible = [row for row, key in enumerate(zip(*firsts, strict=True)) if key in self._firsts]
        if not possible:
            return []
        rows = [
            self._column_keys(column, [columns[at][row] for row in possible])
            for column, at in enumerate(self._positions)
        ]
        return [row for row, key in zip(possible, zip(*rows, strict=True), strict=True) if key in self._rows]

    def _column_keys(self, column: int, cells: Sequence[str]) -> list[CellKey]:
        keys = self._keys[column]
        fresh = set(cells).difference(keys)
        if len(keys) + len(fresh) > _CACHE_SIZE:
            keys.clear()
            fresh = set(cells)
        for cell in fresh:
            keys[cell] = label_key(cell)
        return [keys[cell] for cell in cells]

    def _key(self, column: int, cell: str) -> CellKey:
        keys = self._keys[column]
        if cell not in keys:
            if len(keys) >= _CACHE_SIZE:
                keys.clear()
            keys[cell] = label_key(cell)
        return keys[cell]


def _keys(reader: ColumnReader | None, cells: Sequence[str]) -> list[CellKey]:
    keys = {cell: label_key(_clean(reader, cell)) for cell in dict.fromkeys(cells)}
    return [keys[cell] for cell in cells]


def _clean(reader: ColumnReader | None, cell: str) -> str:
    if reader is None:
        return cell
    read = reader.read(cell)
    return cell if read.problem is not None else read.text
