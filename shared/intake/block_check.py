"""Checks many rows at once, as columns (pure).

A block is taken only if `row_check.py` would accept each of its rows, or leave it out for its label or the holdout, and
the clean rows are then the same. What needs a second look (a problem, a total, a line that is no row) is left to it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import compress
from typing import NamedTuple

from shared.intake.block_columns import block_columns
from shared.intake.file_form import FileForm
from shared.intake.header_match import ABSENT_CELL
from shared.intake.last_row import LastRow
from shared.intake.plain_rows import PlainRows
from shared.intake.read_columns import FEW_CELLS, ReadColumn, read_column
from shared.intake.row_check import RowCheck
from shared.intake.row_text import LINE_END, cell_text, needs_quotes
from shared.intake.tally import LeftOutRow, Tally
from shared.intake.text_decoding import STAND_IN

_MIN_FULL_COLUMNS = 2  # columns without an empty cell, so that no row can be empty or a title
_MENDED_SHARE = 0.25  # of rows with a changed cell, up to which the others are left as they are

type Columns = Sequence[Sequence[str]]


class TakenBlock(NamedTuple):
    """A block that was taken.

    Attributes:
        text: the clean rows.
        rows, lines: how many it has.
        line_end: of each of them.
        columns: the clean columns, for those who learn from them; empty if nobody does.
    """

    text: str
    rows: int
    lines: int
    line_end: str
    columns: Columns


class _CountedBlock(NamedTuple):
    """The clean columns of a block, and which of its rows are kept; None: all."""

    clean: Columns
    kept: Sequence[bool] | None


class BlockCheck:
    """Checks the blocks of one file that need no second look.

    Args:
        with_columns: whether somebody learns from the columns of each block.
    """

    def __init__(self, form: FileForm, rows: RowCheck, tally: Tally, *, with_columns: bool) -> None:
        self._form = form
        self._rows = rows
        self._tally = tally
        self._width = len(form.header.shown)
        self._label = next((at for at, column in enumerate(form.columns) if column.is_label), None)
        self._plain_rows = None if with_columns else PlainRows(form)
        self._in_order = form.header.positions == tuple(range(self._width)) and form.rows.delimiter == ","

    def take(self, text: str, line: int) -> TakenBlock | None:
        """Check whole lines from a line on; None if they are to be checked row by row: then nothing is counted."""
        lines, returns = text.count("\n"), text.count("\r") if "\r" in text else 0  # most have none: that is soon seen
        if not text.endswith("\n") or "\0" in text or STAND_IN in text or returns not in {0, lines}:
            return None
        if returns:
            text = text.replace("\r\n", "\n")
        if "\r" in text or self._has_comment(text):
            return None
        plain = self._plain_rows.read(text, lines) if self._plain_rows is not None else None
        if plain is not None:
            self._count_plain(plain, range(line, line + lines))
            return TakenBlock(text, lines, lines, "\r\n" if returns else "\n", ())
        return self._take_cut(text, line, lines, "\r\n" if returns else "\n")

    def _take_cut(self, text: str, line: int, lines: int, line_end: str) -> TakenBlock | None:
        """Check whole lines that had this line end, cell by cell."""
        cut = block_columns(text, line, self._form.rows, self._width)
        # A line end inside a cell is kept as it is, and those of this text may be changed ones.
        if cut is None or (line_end != LINE_END and len(cut.begins) != lines):
            return None
        cells, begins, is_plain = cut
        read = self._read(cells)
        if read is None:
            return None
        last_index = self._last_index(cells, len(begins))
        block = self._count(read, begins) if last_index is None or last_index >= 0 else None
        if block is None:
            return None
        self._rows.rows_taken(len(begins), self._last_row(read, begins[-1]), last_index)
        if self._plain_rows is not None and is_plain:
            self._plain_rows.learn(cells)
        rows = None
        if block.kept is None and is_plain and self._in_order:
            rows = _mended(text, lines, block.clean, read)
        if rows is None:
            # Without quotes, a cell needs some only if it has a comma that is no delimiter, or was changed.
            checked = not is_plain or "," in text or any(column.changed for column in read)
            rows = _joined(block.clean, checked=checked)
        return TakenBlock(rows, len(begins), lines, line_end, block.clean)

    def _count_plain(self, read: Sequence[ReadColumn], begins: Sequence[int]) -> None:
        """Count a block whose rows are all kept as they are; `read`: the columns that may have missing cells."""
        self._count_cells(read, [column.raw for column in read], None, begins)
        self._tally.rows += len(begins)
        self._rows.rows_taken(len(begins), self._last_row(read, begins[-1]), None)

    def _last_row(self, read: Sequence[ReadColumn], line: int) -> LastRow | None:
        label = next((column for column in read if column.column.is_label), None)
        if label is None:
            return None
        return LastRow(line, LINE_END, label.raw[-1], label.column.read(label.raw[-1]).text)

    def _has_comment(self, text: str) -> bool:
        mark = self._form.rows.comment
        return bool(mark) and (text.startswith(str(mark)) or f"\n{mark}" in text)

    def _read(self, cells: Columns) -> list[ReadColumn] | None:
        """Read the cells; None if one of them needs a second look."""
        read: dict[int, ReadColumn] = {}
        columns = self._form.columns
        if self._form.header.has_absent:
            cells = [*cells, [ABSENT_CELL] * len(cells[0])]
        # The label last: its reader keeps the first spelling of a class, which no repeated header may give.
        order = sorted(range(len(columns)), key=lambda at: at == self._label)
        for at in order:
            if at == self._label and self._may_repeat_header(read.values()):
                return None
            column = read_column(columns[at], cells[columns[at].at])
            if column is None or (at == self._label and column.repeats_header):  # perhaps in another order
                return None
            read[at] = column
        full = sum(not column.has_blanks for column in read.values())
        if full < min(_MIN_FULL_COLUMNS, len(columns)) or self._may_repeat_header(read.values()):
            return None
        return [read[at] for at in range(len(columns))]

    def _may_repeat_header(self, read: Iterable[ReadColumn]) -> bool:
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

    def _count(self, read: Sequence[ReadColumn], begins: Sequence[int]) -> _CountedBlock | None:
        """Count what the rows are; None if one of them needs a second look: then nothing is counted."""
        if not self._form.settings.normalise and any(column.changes for column in read):
            return None
        clean: Columns = [column.clean() for column in read]
        dropped = self._dropped(read, clean)
        if dropped is None:
            return None
        gone: set[int] = set().union(*dropped.values())
        # A value of a row that is left out may come again in a column without duplicates.
        if any(column.column.is_unique for column in read) and (gone or not _without_repeats(read, clean)):
            return None
        kept = [row not in gone for row in range(len(begins))] if gone else None
        if kept is not None:
            clean = [list(compress(cells, kept)) for cells in clean]
        for why, rows in dropped.items():
            self._tally.leave_out(why, len(rows))
        self._count_cells(read, clean, kept, begins)
        self._tally.rows += len(begins) - len(gone)
        return _CountedBlock(clean, kept)

    def _dropped(self, read: Sequence[ReadColumn], clean: Columns) -> dict[LeftOutRow, set[int]] | None:
        """Return the rows that are not trained on; None if they refuse the file."""
        settings, holdout = self._form.settings, self._form.holdout
        dropped: dict[LeftOutRow, set[int]] = {}
        label = read[self._label] if self._label is not None else None
        missing = {raw for raw, cell in label.unusual.items() if cell.missing} if label is not None else set()
        if label is not None and missing:
            dropped[LeftOutRow.UNLABELLED] = set(label.rows_of(missing))
            if not (settings.drop_unlabelled and settings.normalise):
                return None
        if holdout is not None:
            rows = set(holdout.rows_in(clean)).difference(dropped.get(LeftOutRow.UNLABELLED, ()))
            if rows and not settings.normalise:
                return None
            dropped[LeftOutRow.HOLDOUT] = rows
        return {why: rows for why, rows in dropped.items() if rows}

    def _count_cells(
        self, read: Sequence[ReadColumn], clean: Columns, kept: Sequence[bool] | None, begins: Sequence[int]
    ) -> None:
        for column, cells in zip(read, clean, strict=True):
            if column.column.is_label:
                self._tally.count_labels(_counts(cells))
            changes = column.changes
            for code in dict.fromkeys(changes.values()):
                rows = column.rows_of({raw for raw, change in changes.items() if change == code})
                if kept is not None:
                    rows = [row for row in rows if kept[row]]
                if rows:
                    self._tally.change(code, len(rows), begins[min(rows)])
            missing = column.rows_of({raw for raw, cell in column.unusual.items() if cell.missing})
            rows_missing = len(missing) if kept is None else sum(kept[row] for row in missing)
            if rows_missing and not column.column.is_label:
                self._tally.missing[column.column.name] += rows_missing


def _counts(labels: Sequence[str]) -> Mapping[str, int]:
    distinct = set(labels)
    return {label: labels.count(label) for label in distinct} if len(distinct) <= FEW_CELLS else Counter(labels)


def _without_repeats(read: Sequence[ReadColumn], clean: Columns) -> bool:
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


def _mended(text: str, lines: int, clean: Columns, read: Sequence[ReadColumn]) -> str | None:
    """Return rows in the right order with their changed cells; None if it is better to join all of them anew."""
    rows: set[int] = set()
    for column in read:
        changed = column.changed
        if len(changed) > FEW_CELLS or needs_quotes(changed.values()):
            return None
        rows.update(column.rows_of(changed))
    if not rows:
        return text
    if len(rows) > lines * _MENDED_SHARE:
        return None
    mended = text.split(LINE_END)
    for row in rows:
        mended[row] = ",".join([cells[row] for cells in clean])
    return LINE_END.join(mended)


def _joined(columns: Columns, *, checked: bool) -> str:
    """Return the rows of clean columns as text; `checked`: some of them may need quotes."""
    written = [list(map(cell_text, cells)) if checked and needs_quotes(cells) else cells for cells in columns]
    if len(written) == 1:
        return "".join((cell or '""') + LINE_END for cell in written[0])
    lines = LINE_END.join(map(",".join, zip(*written, strict=True)))
    return lines + LINE_END if lines else ""
