"""The one way in which the app reads a CSV: RFC 4180, comma, header line, any byte order mark ignored (pure)."""

import csv
import io
from typing import NamedTuple

from shared.column_names import column_names, repeated
from shared.plurals import counted

MAX_LISTED = 5  # lines with one kind of problem that are listed one by one


class CsvError(ValueError):
    """The text is no CSV; the message is a sentence without a subject and a full stop, with the line."""


class CsvTable(NamedTuple):
    """A CSV as read.

    Attributes:
        columns: the names in the header, as `column_names` gives them.
        rows: the cells of each row, without blank lines; a ragged row has as many as it has.
        lines: the line on which each row begins, counted from 1.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]

    def problems(self) -> list[str]:
        """Return every problem of the table's form: columns of one name, rows of another width than the header."""
        problems: list[str] = []
        twice = repeated(self.columns)
        if twice:
            problems.append(f"the header names a column more than once: {', '.join(twice)}")
        width = len(self.columns)
        ragged = [(line, len(row)) for line, row in zip(self.lines, self.rows, strict=True) if len(row) != width]
        problems += [
            f"line {line} has {counted(cells, 'cell')}, the header names {counted(width, 'column')}"
            for line, cells in ragged[:MAX_LISTED]
        ]
        if len(ragged) > MAX_LISTED:
            problems.append(f"{len(ragged) - MAX_LISTED} more lines have another number of cells than the header")
        return problems


def read_csv(text: str) -> CsvTable:
    """Read the text of a CSV.

    Raises:
        CsvError: a quote is open or misplaced, or there is no header.
    """
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    rows: list[tuple[str, ...]] = []
    lines: list[int] = []
    begins = 1
    try:
        for cells in reader:
            if cells:
                rows.append(tuple(cells))
                lines.append(begins)
            begins = reader.line_num + 1
    except csv.Error as error:
        raise CsvError(f"is no CSV: {error} in the row that begins on line {begins}") from error
    if not rows:
        raise CsvError("is empty: it has not even a header")
    return CsvTable(column_names(rows[0]), tuple(rows[1:]), tuple(lines[1:]))
