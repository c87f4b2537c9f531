"""Cuts text into the rows of RFC 4180, and says where it is none (pure).

`csv.reader` takes some text that RFC 4180 does not: a quote inside an unquoted cell, or one behind a closing quote.
Whether a row is well formed is decided by a pattern; its cells are read by `csv.reader`.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

MAX_CELL = 2**20  # characters of a cell
MAX_ROW = 2**24  # characters of a row: what is read of it is kept in memory


class CsvRow(NamedTuple):
    """One row.

    Attributes:
        line: the physical line where it begins.
        lines: how many physical lines it takes.
        end: the line end behind it; "" at the end of the file.
        swallows: whether each of its lines would be a row of its own if a quote that opens a cell were plain text.
        nulls: the places of cells that are an escaped N, from 0: databases write a missing value so.
    """

    line: int
    cells: list[str]
    lines: int
    end: str
    swallows: bool = False
    nulls: tuple[int, ...] = ()


class RowFault(NamedTuple):
    """A row that is not well formed.

    Attributes:
        line: the physical line of the quote.
        field_number: of the cell with the quote, from 1.
        opened: whether the quote opens a cell that does not end; else it stands where no quote may be.
    """

    line: int
    field_number: int
    opened: bool
    message: str


class Comment(NamedTuple):
    """A line that is a comment."""

    line: int


class RowForm:
    """The form of a file's rows.

    Args:
        delimiter: one character.
        escape: the character that makes the next one plain text; None: there is none.
        comment: what a comment line begins with; None: there are none.
    """

    def __init__(self, delimiter: str, escape: str | None = None, comment: str | None = None) -> None:
        self.delimiter, self.escape, self.comment = delimiter, escape, comment
        apart, marked = re.escape(delimiter), re.escape(escape or "")
        if escape:
            quoted = rf'"[^"{marked}]*+(?:(?:""|{marked}.)[^"{marked}]*+)*+"'
            plain = rf'(?:[^"{apart}{marked}\r\n]|{marked}.)*+'
        else:
            quoted, plain = r'"[^"]*+(?:""[^"]*+)*+"', rf'[^"{apart}\r\n]*+'
        field = rf"(?:{quoted}|{plain})"
        self._field = re.compile(field, re.DOTALL)
        self._row = re.compile(rf"{field}(?:{apart}{field})*+(\r\n|\n|\r|\Z)", re.DOTALL)
        self._rows = re.compile(rf"(?:{field}(?:{apart}{field})*+(?:\r\n|\n|\r))*+", re.DOTALL)
        # The marks for which a row needs more than to be split.
        self._marks = '"' + (escape or "")

    def is_plain(self, text: str) -> bool:
        """Tell whether a text has no quote and no escape: then a row is a line, and a cell ends at a delimiter."""
        return not any(mark in text for mark in self._marks)

    def are_whole_rows(self, text: str) -> bool:
        """Tell whether a text is well-formed rows, each with its line end."""
        return self._rows.fullmatch(text) is not None

    def rows(self, text: str, line: int, *, final: bool) -> Iterator[tuple[CsvRow | RowFault | Comment, int]]:
        """Yield the rows of a text that begins on a line, each with where it ends in the text.

        A row whose end may come later is not yielded unless the text is `final`.
        """
        at = 0
        while at < len(text):
            item, end = self._next(text, at, line, final=final)
            if item is None:
                return
            yield item, end
            line += item.lines if isinstance(item, CsvRow) else line_ends(text[at:end])
            at = end

    def _next(self, text: str, at: int, line: int, *, final: bool) -> tuple[CsvRow | RowFault | Comment | None, int]:
        if self.comment and text.startswith(self.comment, at):
            end = _line_end(text, at)
            return (None, at) if end is None and not final else (Comment(line), len(text) if end is None else end)
        row = self._row.match(text, at)
        if row is None:
            return self._fault(text, at, line, final=final)
        if not row[1] and not final:
            return None, at
        body = text[at : row.start(1)]
        if self.is_plain(body):
            return CsvRow(line, body.split(self.delimiter), 1, row[1]), row.end()
        csv.field_size_limit(MAX_ROW)
        # With a line end: an escaped line break at the end of a cell needs one behind it.
        reader = csv.reader([body + "\n"], delimiter=self.delimiter, escapechar=self.escape, strict=True)
        cells = next(reader, [])
        lines = line_ends(body) + 1
        swallows = lines > 1 and swallows_lines(cells, self.delimiter)
        return CsvRow(line, cells, lines, row[1], swallows, self._nulls(body)), row.end()

    def _nulls(self, body: str) -> tuple[int, ...]:
        null = f"{self.escape}N"
        if self.escape is None or null not in body:
            return ()
        nulls, at, begin = [], 0, 0
        while begin <= len(body):
            field = self._field.match(body, begin)
            if field is None:
                break
            if field[0] == null:
                nulls.append(at)
            at, begin = at + 1, field.end() + 1
        return tuple(nulls)

    def _fault(self, text: str, at: int, line: int, *, final: bool) -> tuple[RowFault | None, int]:
        """Find the cell that is not well formed; what follows is read on from the line after the quote."""
        number, begin = 1, at
        while True:
            field = self._field.match(text, begin)
            end = field.end() if field is not None else begin
            if not text.startswith(self.delimiter, end):
                break
            number, begin = number + 1, end + 1
        closed = end > begin and text.startswith('"', begin)
        opened = not closed and text.startswith('"', begin)
        if opened and not final and len(text) - begin <= MAX_CELL:
            return None, at  # its end may come
        quote = begin if closed or opened else end
        where = line + line_ends(text[at:quote])
        if opened:
            message = "A quote opens a cell and is never closed. Close it, or write a quote inside a cell as two."
        elif closed:
            message = (
                "Text follows a closing quote. A cell with a quote in it stands in quotes, and the quote is doubled."
            )
        elif self.escape and text.startswith(self.escape, end):
            message = "The file ends with an escape character. Upload the whole file."
        else:
            message = "A quote stands inside a cell without quotes. Put the cell in quotes, and double the quote."
        behind = _line_end(text, quote)
        return RowFault(where, number, opened, message), len(text) if behind is None else behind


def line_ends(text: str) -> int:
    """Return how many line ends a text has: CR LF, LF or CR."""
    returns = text.count("\r")
    return text.count("\n") + (returns - text.count("\r\n") if returns else 0)


_ANY_LINE_END = re.compile(r"\r\n|\n|\r")


def rows_apart(cells: Sequence[str], delimiter: str) -> list[list[str]]:
    """Return the cells of each line of a row, as if a quote that opens a cell of several lines were plain text.

    A cell that stays on its line is one cell: its own quotes are right.
    """
    rows: list[list[str]] = [[]]
    for cell in cells:
        first, *further = _ANY_LINE_END.split(cell)
        rows[-1] += first.split(delimiter) if further else [cell]
        rows += [line.split(delimiter) for line in further]
    return rows


def swallows_lines(cells: Sequence[str], delimiter: str) -> bool:
    """Tell whether each line of a row of several lines may be a row: then a quote may have opened it by mistake."""
    return len(cells) > 1 and all(len(row) == len(cells) for row in rows_apart(cells, delimiter))


def _line_end(text: str, at: int) -> int | None:
    """Return where the line ends behind a place; None if it is not complete."""
    end = _ANY_LINE_END.search(text, at)
    return end.end() if end else None


def whole_lines(text: str, *, final: bool) -> int:
    """Return how much of a text is whole lines; a carriage return at its end may belong to a line feed to come."""
    if final:
        return len(text)
    return max(text.rfind("\n"), text.rfind("\r", 0, len(text) - 1)) + 1
