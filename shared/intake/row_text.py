"""Writes clean rows: RFC 4180 with commas, and line feeds as line ends (pure)."""

import re
from collections.abc import Iterable

LINE_END = "\n"
_QUOTED = re.compile('[",\r\n]')


def cell_text(cell: str) -> str:
    """Return a cell, in quotes if it needs them."""
    if _QUOTED.search(cell) is None:
        return cell
    doubled = cell.replace('"', '""')
    return f'"{doubled}"'


def needs_quotes(cells: Iterable[str]) -> bool:
    """Tell whether any of the cells needs quotes."""
    return _QUOTED.search("\0".join(cells)) is not None


def row_text(cells: Iterable[str]) -> str:
    """Return a row with its line end; a row of one empty cell is a pair of quotes, since an empty line is no row."""
    line = ",".join(map(cell_text, cells))
    return (line or '""') + LINE_END
