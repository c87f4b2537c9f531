"""Cuts a block of whole rows into columns, fast: what is not surely well formed is left to `csv_rows.py` (pure)."""

import csv
import io
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from shared.intake.csv_rows import MAX_CELL, MAX_ROW, RowForm, swallows_lines
from shared.intake.row_text import LINE_END


class BlockColumns(NamedTuple):
    """The columns of a block.

    Attributes:
        columns: the cells of each column.
        begins: the line on which each row begins.
        is_plain: whether no cell is in quotes: then each row is a line.
    """

    columns: Sequence[Sequence[str]]
    begins: Sequence[int]
    is_plain: bool


def block_columns(text: str, line: int, form: RowForm, width: int) -> BlockColumns | None:
    """Return the columns of a block; None if a row has another width, is not well formed, or may be several rows.

    Args:
        text: whole lines with line feeds.
        line: of the first row.
        form: of the rows.
        width: of each row, in cells.
    """
    if not form.is_plain(text):
        return _parsed(text, line, form, width)
    lines = text.count(LINE_END)
    # Each line end becomes a cell of its own: their positions show whether every line has `width` cells.
    cells = text.replace(LINE_END, f"{form.delimiter}{LINE_END}{form.delimiter}").split(form.delimiter)
    cells.pop()
    if len(cells) != lines * (width + 1) or cells[width :: width + 1].count(LINE_END) != lines:
        return None
    if len(text) > MAX_CELL and max(map(len, cells)) > MAX_CELL:
        return None
    return BlockColumns([cells[at :: width + 1] for at in range(width)], range(line, line + lines), is_plain=True)


def _parsed(text: str, line: int, form: RowForm, width: int) -> BlockColumns | None:
    if (form.escape and form.escape in text) or not form.are_whole_rows(text):
        return None
    csv.field_size_limit(MAX_ROW)  # of all threads: the same wherever files are read
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=form.delimiter, strict=True)
    rows: list[list[str]] = []
    ends = [0]
    try:
        for row in reader:
            rows.append(row)
            ends.append(reader.line_num)
    except csv.Error:
        return None
    if {width} != set(map(len, rows)) or _has_long_cell(text, rows):
        return None
    several = [row for row, (begin, end) in zip(rows, pairwise(ends), strict=True) if end > begin + 1]
    if any(swallows_lines(row, form.delimiter) for row in several):
        return None
    return BlockColumns(list(zip(*rows, strict=True)), [line + end for end in ends[:-1]], is_plain=False)


def _has_long_cell(text: str, rows: Sequence[Sequence[str]]) -> bool:
    return len(text) > MAX_CELL and any(len(cell) > MAX_CELL for row in rows for cell in row)
