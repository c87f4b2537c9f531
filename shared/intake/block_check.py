"""Checks many rows at once, as columns (pure).

A block is taken only if `row_check.py` would accept each of its rows, or leave it out for its label or the holdout, and
the clean rows are then the same. What needs a second look (a problem, a total, a line that is no row) is left to it.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import compress
from typing import NamedTuple

from shared.intake.cells import Cell
from shared.intake.clean_columns import CleanColumn
from shared.intake.csv_rows import MAX_CELL
from shared.intake.file_form import FileForm
from shared.intake.header_match import ABSENT_CELL
from shared.intake.row_check import LastRow, RowCheck
from shared.intake.row_text import LINE_END, cell_text, needs_quotes
from shared.intake.tally import LeftOutRow, Tally
from shared.intake.text_decoding import STAND_IN

_MIN_FULL_COLUMNS = 2  # columns without an empty cell, so that no row can be empty or a title
_BULK_SHARE = 0.25  # of distinct cells, from which a column is matched as a whole

type Columns = Sequence[Sequence[str]]


class TakenBlock(NamedTuple):
    """A block that was taken.

    Attributes:
        text: the clean rows.
        lines: its lines.
        line_end: of each of them.
        columns: the clean columns, for those who learn from them.
    """

    text: str
    lines: int
    line_end: str
    columns: Columns


class _ReadColumn(NamedTuple):
    """The cells of one column.

    Attributes:
        distinct: what each distinct cell is; None if all are accepted as they are.
    """

    column: CleanColumn
    raw: Sequence[str]
    distinct: Mapping[str, Cell] | None

    @property
    def has_blanks(self) -> bool:
        return any(cell.missing and not raw.strip() for raw, cell in (self.distinct or {}).items())

    @property
    def repeats_header(self) -> bool:
        if self.distinct is None:
            return self.column.shown in self.raw
        return not self.column.header_cells.isdisjoint(self.distinct)

    def clean(self) -> Sequence[str]:
        """Return the cells as the clean rows have them."""
        if self.distinct is None or all(cell.text == raw for raw, cell in self.distinct.items()):
            return self.raw
        texts = {raw: cell.text for raw, cell in self.distinct.items()}
        return [texts[raw] for raw in self.raw]


class _CountedBlock(NamedTuple):
    """The clean columns of a block, and which of its rows are kept; None: all."""

    clean: Columns
    kept: Sequence[bool] | None


class BlockCheck:
    """Checks the blocks of one file that need no second look."""

    def __init__(self, form: FileForm, rows: RowCheck, tally: Tally) -> None:
        self._form = form
        self._rows = rows
        self._tally = tally
        self._width = len(form.header.shown)
        self._label = next((at for at, column in enumerate(form.columns) if column.is_label), None)
        self._in_order = form.header.positions == tuple(range(self._width)) and form.rows.delimiter == ","

    def take(self, text: str, line: int) -> TakenBlock | None:
        """Check whole lines from a line on; None if they are to be checked row by row: then nothing is counted."""
        lines, returns = text.count("\n"), text.count("\r")
        if not text.endswith("\n") or "\0" in text or STAND_IN in text or returns not in {0, lines}:
            return None
        if returns:
            text = text.replace("\r\n", "\n")
        if "\r" in text or self._has_comment(text):
            return None
        is_plain = self._form.rows.is_plain(text)
        cells = self._split(text, lines) if is_plain else self._parsed(text, lines)
        read = self._read(cells) if cells is not None else None
        if cells is None or read is None:
            return None
        last_index = self._last_index(cells, lines)
        block = self._count(read, lines, line) if last_index is None or last_index >= 0 else None
        if block is None:
            return None
        self._rows.rows_taken(lines, self._last_row(read, line + lines - 1), last_index)
        unchanged = block.kept is None and all(
            cells is column.raw for cells, column in zip(block.clean, read, strict=True)
        )
        rows = text if unchanged and is_plain and self._in_order else _joined(block.clean, read)
        return TakenBlock(rows, lines, "\r\n" if returns else "\n", block.clean)

    def _last_row(self, read: Sequence[_ReadColumn], line: int) -> LastRow | None:
        if self._label is None:
            return None
        label = read[self._label]
        return LastRow(line, LINE_END, label.raw[-1], label.column.read(label.raw[-1]).text)

    def _has_comment(self, text: str) -> bool:
        mark = self._form.rows.comment
        return bool(mark) and (text.startswith(str(mark)) or f"\n{mark}" in text)

    def _split(self, text: str, lines: int) -> Columns | None:
        """Return the columns of lines without quotes, all of the file's width; None if there is another line."""
        width, delimiter = self._width, self._form.rows.delimiter
        # Each line end becomes a cell of its own: their positions show whether every line has `width` cells.
        cells = text.replace("\n", f"{delimiter}\n{delimiter}").split(delimiter)
        cells.pop()
        if len(cells) != lines * (width + 1) or cells[width :: width + 1].count("\n") != lines:
            return None
        if len(text) > MAX_CELL and max(map(len, cells)) > MAX_CELL:
            return None
        return [cells[at :: width + 1] for at in range(width)]

    def _parsed(self, text: str, lines: int) -> Columns | None:
        """Return the columns of lines with quotes; None if a row takes several lines, or is not well formed."""
        escape = self._form.rows.escape
        if (escape and escape in text) or not self._form.rows.are_whole_rows(text):
            return None
        csv.field_size_limit(MAX_CELL)
        try:
            rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=self._form.rows.delimiter, strict=True))
        except csv.Error:
            return None
        if len(rows) != lines or {self._width} != set(map(len, rows)):
            return None
        return list(zip(*rows, strict=True))

    def _read(self, cells: Columns) -> list[_ReadColumn] | None:
        """Read the cells; None if one of them needs a second look."""
        read: dict[int, _ReadColumn] = {}
        columns = self._form.columns
        if self._form.header.has_absent:
            cells = [*cells, [ABSENT_CELL] * len(cells[0])]
        # The label last: its reader keeps the first spelling of a class, which no repeated header may give.
        order = sorted(range(len(columns)), key=lambda at: at == self._label)
        for at in order:
            if at == self._label and self._may_repeat_header(read.values()):
                return None
            column = _read_column(columns[at], cells[columns[at].at])
            if column is None:
                return None
            read[at] = column
        full = sum(not column.has_blanks for column in read.values())
        if full < min(_MIN_FULL_COLUMNS, len(columns)) or self._may_repeat_header(read.values()):
            return None
        return [read[at] for at in range(len(columns))]

    def _may_repeat_header(self, read: Iterable[_ReadColumn]) -> bool:
        """Tell whether each column of the file has a cell that repeats its name."""
        return all(column.repeats_header for column in read if column.column.at < self._width)

    def _last_index(self, cells: Columns, lines: int) -> int | None:
        """Return the running number of the last row; None if there is no such column, -1 if it does not count."""
        if self._form.header.index is None:
            return None
        numbers = cells[self._form.header.index]
        first = numbers[0].strip()
        if not (first.isascii() and first.isdigit()) or self._rows.next_index not in {None, int(first)}:
            return -1
        last = int(first) + lines - 1
        return last if list(numbers) == [str(number) for number in range(int(first), last + 1)] else -1

    def _count(self, read: Sequence[_ReadColumn], lines: int, line: int) -> _CountedBlock | None:
        """Count what the rows are; None if one of them needs a second look: then nothing is counted."""
        if not self._form.settings.normalise and any(_changes(column) for column in read):
            return None
        clean: Columns = [column.clean() for column in read]
        dropped = self._dropped(read, clean)
        if dropped is None:
            return None
        gone: set[int] = set().union(*dropped.values())
        # A value of a row that is left out may come again in a column without duplicates.
        if any(column.column.is_unique for column in read) and (gone or not _without_repeats(read, clean)):
            return None
        kept = [row not in gone for row in range(lines)] if gone else None
        if kept is not None:
            clean = [list(compress(cells, kept)) for cells in clean]
        for why, rows in dropped.items():
            self._tally.leave_out(why, len(rows))
        self._count_cells(read, clean, kept, line)
        self._tally.rows += lines - len(gone)
        return _CountedBlock(clean, kept)

    def _dropped(self, read: Sequence[_ReadColumn], clean: Columns) -> dict[LeftOutRow, set[int]] | None:
        """Return the rows that are not trained on; None if they refuse the file."""
        settings, holdout = self._form.settings, self._form.holdout
        dropped: dict[LeftOutRow, set[int]] = {}
        label = read[self._label] if self._label is not None else None
        missing = {raw for raw, cell in (label.distinct or {}).items() if cell.missing} if label is not None else set()
        if label is not None and missing:
            dropped[LeftOutRow.UNLABELLED] = {row for row, raw in enumerate(label.raw) if raw in missing}
            if not (settings.drop_unlabelled and settings.normalise):
                return None
        if holdout is not None:
            rows = set(holdout.rows_in(clean)).difference(dropped.get(LeftOutRow.UNLABELLED, ()))
            if rows and not settings.normalise:
                return None
            dropped[LeftOutRow.HOLDOUT] = rows
        return {why: rows for why, rows in dropped.items() if rows}

    def _count_cells(self, read: Sequence[_ReadColumn], clean: Columns, kept: Sequence[bool] | None, line: int) -> None:
        for column, cells in zip(read, clean, strict=True):
            if column.column.is_label:
                self._tally.count_labels(Counter(cells))
            changes = _changes(column)
            if column.distinct is None or not (changes or any(cell.missing for cell in column.distinct.values())):
                continue
            counts = Counter(column.raw if kept is None else compress(column.raw, kept))
            for code in dict.fromkeys(changes.values()):
                cells_changed = {raw for raw, change in changes.items() if change == code}
                times = sum(counts[raw] for raw in cells_changed)
                if times:
                    rows = enumerate(column.raw)
                    first = next(row for row, raw in rows if raw in cells_changed and (kept is None or kept[row]))
                    self._tally.change(code, times, line + first)
            missing = sum(times for raw, times in counts.items() if column.distinct[raw].missing)
            if missing and not column.column.is_label:
                self._tally.missing[column.column.name] += missing


def _read_column(column: CleanColumn, cells: Sequence[str]) -> _ReadColumn | None:
    if column.plain is not None and column.is_varied:
        if column.plain.fullmatch("\n".join(cells) + "\n"):
            return _ReadColumn(column, cells, None)
        column.is_varied = False
    distinct = column.read_all(cells)
    if column.plain is not None and len(distinct) > _BULK_SHARE * len(cells):
        column.is_varied = True
    if any(cell.problem is not None for cell in distinct.values()) or not column.total_cells.isdisjoint(distinct):
        return None
    return _ReadColumn(column, cells, distinct)


def _changes(column: _ReadColumn) -> dict[str, str]:
    return {raw: cell.change for raw, cell in column.distinct.items() if cell.change} if column.distinct else {}


def _without_repeats(read: Sequence[_ReadColumn], clean: Columns) -> bool:
    """Keep the values of unique columns in mind; False if one of them was there before: then nothing is kept."""
    unique = [
        (column.column, [cell for cell in cells if cell])
        for column, cells in zip(read, clean, strict=True)
        if column.column.is_unique
    ]
    if any(column.any_repeats(cells) for column, cells in unique):
        return False
    for column, cells in unique:
        column.keep_in_mind(cells)
    return True


def _joined(columns: Columns, read: Sequence[_ReadColumn]) -> str:
    """Return the rows of clean columns as text."""
    written: list[Sequence[str]] = []
    for cells, column in zip(columns, read, strict=True):
        texts = () if column.distinct is None else {cell.text for cell in column.distinct.values()}
        if needs_quotes(texts):
            quoted = {text: cell_text(text) for text in texts}
            written.append([quoted[cell] for cell in cells])
        else:
            written.append(cells)
    if len(written) == 1:
        return "".join((cell or '""') + LINE_END for cell in written[0])
    lines = LINE_END.join(map(",".join, zip(*written, strict=True)))
    return lines + LINE_END if lines else ""
