"""Reads a column of many rows at once: each distinct cell once, and only unusual ones are looked at again (pure)."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from shared.intake.cells import Cell
from shared.intake.clean_columns import CleanColumn

FEW_CELLS = 4  # distinct ones, up to which it is faster to look for each


class ReadColumn(NamedTuple):
    """The cells of one column.

    Attributes:
        unusual: what the distinct cells are that are not accepted as they are, or that repeat the column's name.
        places: the rows of each of them.
    """

    column: CleanColumn
    raw: Sequence[str]
    unusual: Mapping[str, Cell]
    places: Mapping[str, Sequence[int]]

    @property
    def has_blanks(self) -> bool:
        """Whether a cell is empty."""
        return any(cell.missing and not raw.strip() for raw, cell in self.unusual.items())

    @property
    def repeats_header(self) -> bool:
        """Whether a cell repeats the column's name."""
        return not self.column.header_cells.isdisjoint(self.unusual)

    @property
    def changed(self) -> dict[str, str]:
        """The clean cells by those that they replace."""
        return {raw: cell.text for raw, cell in self.unusual.items() if cell.text != raw}

    def rows_of(self, cells: Iterable[str]) -> list[int]:
        """Return the rows that have one of some unusual cells."""
        return [row for cell in cells for row in self.places[cell]]

    def clean(self) -> Sequence[str]:
        """Return the cells as the clean rows have them."""
        changed = self.changed
        if not changed:
            return self.raw
        if len(changed) > FEW_CELLS:
            return [changed.get(cell, cell) for cell in self.raw]
        clean = list(self.raw)
        for row in self.rows_of(changed):
            clean[row] = changed[clean[row]]
        return clean

    @property
    def changes(self) -> dict[str, str]:
        """How cells were made clean, by the cells that were."""
        return {raw: cell.change for raw, cell in self.unusual.items() if cell.change}


def read_column(column: CleanColumn, cells: Sequence[str]) -> ReadColumn | None:
    """Read the cells of some rows; None if one of them needs a second look."""
    if column.is_varied and column.are_plain(cells):
        return ReadColumn(column, cells, {}, {})
    distinct = set(cells)
    column.watch_variety(len(distinct), len(cells))
    unusual = column.read_unusual(distinct, cells)
    if any(cell.problem is not None for cell in unusual.values()) or not column.total_cells.isdisjoint(unusual):
        return None
    return ReadColumn(column, cells, unusual, _places(cells, unusual))


def _places(cells: Sequence[str], wanted: Collection[str]) -> dict[str, list[int]]:
    """Return the rows of each of some cells."""
    places: dict[str, list[int]] = {cell: [] for cell in wanted}
    if len(places) > FEW_CELLS:
        for row, cell in enumerate(cells):
            if cell in places:
                places[cell].append(row)
        return places
    for cell, rows in places.items():
        at = -1
        for _ in range(cells.count(cell)):
            at = cells.index(cell, at + 1)
            rows.append(at)
    return places
