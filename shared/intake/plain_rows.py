"""Checks blocks of mostly plain cells in one pass, without cutting all of their rows into cells (pure).

A cell is plain if its reader's pattern matches it: it is accepted as it is, and neither is a total nor repeats the
column's name. Columns whose cells were all plain so far stand as patterns in the pattern of a row; only the cells of
the others, and of the label, are cut and read. It pays where rows are left as they are: then they are the text.
"""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from shared.intake.csv_rows import MAX_CELL
from shared.intake.file_form import FileForm
from shared.intake.read_columns import ReadColumn, read_column
from shared.intake.row_text import LINE_END

_MIN_PLAIN = 2  # columns, so that no row can be empty, a title or the header
_MIN_SHARE = 0.5  # of the columns that are plain, from which it pays not to cut them
_MAX_FAILURES = 3  # blocks in which a column was not plain, before it is always cut
_MAX_VAIN = 2 * 2**20  # characters that were tried in vain, beyond those that were taken, before nothing is tried more
_MAX_CREDIT = 8 * 2**20  # of characters that were taken


class PlainRows:
    """Checks the blocks of one file that are mostly plain cells."""

    def __init__(self, form: FileForm) -> None:
        header, columns = form.header, form.columns
        self._form = form
        self._width = len(header.shown)
        self._is_possible = (
            header.positions == tuple(range(self._width))
            and header.index is None
            and form.rows.delimiter == ","
            and form.holdout is None
            and not any(column.is_unique for column in columns)
        )
        self._failures: Counter[int] = Counter()
        self._plain: tuple[int, ...] = ()
        self._cut: tuple[int, ...] = ()
        self._pattern: re.Pattern[str] | None = None
        self._credit = 0

    def read(self, text: str, lines: int) -> list[ReadColumn] | None:
        """Read the columns of a block that are not plain; None if one of its rows may need a second look.

        Then nothing is counted, and the block is to be read otherwise. Each row is a line, its clean text the line.

        Args:
            text: whole lines with line feeds.
            lines: how many.
        """
        if self._pattern is None or self._credit <= -_MAX_VAIN:
            return None
        if len(text) > MAX_CELL or not self._form.rows.is_plain(text):
            return None
        rows = self._pattern.findall(text)
        # A match is one line at least, and has as many delimiters as a row: so each line is a row, and no cell has one.
        are_rows = len(rows) == lines and text.count(",") == lines * (self._width - 1)
        read = self._read(rows) if are_rows else None
        if read is None:
            self._credit -= len(text)
            self._pattern = None  # until a block shows which columns are plain
        else:
            self._credit = min(self._credit + len(text), _MAX_CREDIT)
        return read

    def learn(self, columns: Sequence[Sequence[str]]) -> None:
        """Learn from the cells of a block without quotes that was read otherwise which columns are plain."""
        if not self._is_possible or self._pattern is not None or self._credit <= -_MAX_VAIN:
            return
        plain = []
        for at, column in enumerate(self._form.columns):
            if column.plain_in_row and self._failures[at] < _MAX_FAILURES:
                if column.has_only_plain(set(columns[at])):
                    plain.append(at)
                else:
                    self._failures[at] += 1
        if len(plain) < max(_MIN_PLAIN, _MIN_SHARE * self._width):
            return
        if len(plain) == self._width:  # there is no label: one column at least is cut
            plain.pop()
        self._plain = tuple(plain)
        self._cut = tuple(at for at in range(self._width) if at not in plain)
        cells = [column.plain_in_row if at in plain else "([^,\n]*+)" for at, column in enumerate(self._form.columns)]
        self._pattern = re.compile(f"^{','.join(cells)}{LINE_END}", re.MULTILINE)

    def _read(self, rows: Sequence[Any]) -> list[ReadColumn] | None:
        """Read the cells that were cut, a tuple of each row if they are several.

        None if one of them needs a second look, or is not left as it is.
        """
        cells: Sequence[Sequence[str]] = [rows] if len(self._cut) == 1 else list(zip(*rows, strict=True))
        read = []
        for at, column_cells in sorted(
            zip(self._cut, cells, strict=True), key=lambda item: self._form.columns[item[0]].is_label
        ):
            column = read_column(self._form.columns[at], column_cells)
            if column is None or column.changed or column.changes:
                return None
            if column.column.is_label and (column.has_blanks or column.repeats_header):
                return None
            read.append(column)
        return read
