"""Recognises the rows of a holdout in a file: they never enter a training set (pure)."""

from collections.abc import Mapping, Sequence

from shared.gates.holdout import label_key
from shared.intake.cells import ColumnReader
from shared.intake.file_report import HoldoutTable

type CellKey = str | float
_CACHE_SIZE = 100_000  # distinct cells of a column
_LOOKED_AT_FIRST = 3  # columns with the most distinct cells: most rows are told apart by them


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
        at = [holdout.columns.index(name) for name in shared]
        clean = [
            [_clean(readers.get(name), row[place]) for row in holdout.rows]
            for name, place in zip(shared, at, strict=True)
        ]
        keys = [[label_key(cell) for cell in cells] for cells in clean]
        self._positions = [columns.index(name) for name in shared]
        self._rows = set(zip(*keys, strict=True))
        distinct = sorted(range(len(keys)), key=lambda column: -len(set(keys[column])))
        self._first = sorted(distinct[:_LOOKED_AT_FIRST])
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
        return [row for row in possible if self.has([cells[row] for cells in columns])]

    def _column_keys(self, column: int, cells: Sequence[str]) -> list[CellKey]:
        keys = self._keys[column]
        for cell in set(cells).difference(keys):
            self._key(column, cell)
        return [keys[cell] for cell in cells]

    def _key(self, column: int, cell: str) -> CellKey:
        keys = self._keys[column]
        if cell not in keys:
            if len(keys) >= _CACHE_SIZE:
                keys.clear()
            keys[cell] = label_key(cell)
        return keys[cell]


def _clean(reader: ColumnReader | None, cell: str) -> str:
    if reader is None:
        return cell
    read = reader.read(cell)
    return cell if read.problem is not None else read.text
