"""Checks a file row by row: this is what a verdict on a file means (pure).

`block_check.py` does the same for many rows at once, and takes only rows that this module would accept.
"""

import re
from collections.abc import Sequence

from shared.intake.cells import Cell
from shared.intake.clean_columns import is_total
from shared.intake.csv_rows import MAX_CELL, CsvRow, RowFault, rows_apart
from shared.intake.file_form import FileForm
from shared.intake.header_match import ABSENT_CELL, name_key
from shared.intake.last_row import LastRow, cut_label
from shared.intake.problems import Code, Problem, ProblemList
from shared.intake.tally import LeftOutRow, Tally
from shared.intake.text_decoding import STAND_IN
from shared.plurals import counted

_MIN_COLUMNS = 3  # of a table in which a row with a single value looks like a title
_JOB_TRAINS_ON_IT = "With normalise = false the job would train on it: remove it, or set normalise = true."
_LINE_BREAK = re.compile("[\r\n]")


class RowCheck:
    """Checks the rows of one file, one after the other; what it counts is in the tally."""

    def __init__(self, form: FileForm, problems: ProblemList, tally: Tally) -> None:
        self._settings, self._header, self._columns = form.settings, form.header, form.columns
        self._holdout = form.holdout
        self._problems = problems
        self._tally = tally
        self._label = form.columns[form.label] if form.label is not None else None
        self._delimiter = form.rows.delimiter
        self._key = tuple(map(name_key, form.header.shown))
        self._sorted_key = sorted(self._key)
        self._total: Problem | None = None  # a row that looks like a total, if it is the last one
        self._totals = 0  # complete rows that begin like a total: several are a category
        self._last: LastRow | None = None
        self._next_index: int | None = None

    def fault(self, fault: RowFault) -> None:
        """Report a row that is not well formed."""
        self._tally.rows_read += 1
        at = fault.field_number - 1
        shown = self._header.shown[at] if at < len(self._header.shown) else None
        row = self._tally.rows_read
        self._problems.add(
            Problem(Code.OPEN_QUOTE, fault.message, line=fault.line, row=row, column=shown, field_number=at + 1)
        )

    def row(self, row: CsvRow) -> tuple[Cell, ...] | None:
        """Check a row; returns its clean cells, None if it is not trained on."""
        if self._is_no_row(row):
            return None
        self._tally.rows_read += 1
        self._total = None
        before = self._problems.errors
        if len(row.cells) != len(self._key):
            self._width_problem(row)
            return None
        if self._is_header_in_another_order(row):
            message = "The line has the names of the header in another order: the rows below may have it too."
            self._add(Code.REPEATED_HEADER, f"{message} Bring them into the first header's order.", row)
            return None
        self._form_problems(row)
        self._check_index(row)
        if self._header.has_absent:
            row = row._replace(cells=[*row.cells, ABSENT_CELL])
        read = tuple(column.read(row.cells[column.at]) for column in self._columns)
        if self._is_unlabelled(row, read):
            return None
        if self._problems.errors == before:
            self._cell_problems(row, read)
        if self._problems.errors == before:
            self._total_problem(row, read)
        if self._problems.errors > before or self._is_held_out(row, read):
            return None
        self._count(row, read)
        return read

    def rows_taken(self, rows: int, last: LastRow | None, last_index: int | None) -> None:
        """Go on behind rows that were checked otherwise.

        Args:
            rows: data rows.
            last: the last of them.
            last_index: its running number.
        """
        self._tally.rows_read += rows
        self._total = None
        self._last = last
        self._next_index = last_index + 1 if last_index is not None else None

    @property
    def next_index(self) -> int | None:
        """The running number of the next row; None before the first."""
        return self._next_index

    def finish(self, classes: Sequence[str]) -> None:
        """Report what is wrong with the last row: it is a total, or its label is cut."""
        if self._total is not None:
            self._problems.add(self._total)
        if self._last is not None and self._label is not None and self._label.at == len(self._key) - 1:
            cut = cut_label(self._last, self._label, self._tally, classes)
            if cut is not None:
                self._problems.add(cut)

    def _is_no_row(self, row: CsvRow) -> bool:
        """Leave out what is unmistakably no row: an empty line, or the header again, perhaps in other spellings."""
        cells = row.cells
        if not any(cell.strip() for cell in cells):
            self._left_out(LeftOutRow.BLANK, Code.BLANK_ROW, row.line, "The line is empty.")
            return True
        # The last name first: few rows have it, and the others need not be compared.
        if len(cells) != len(self._key) or name_key(cells[-1]) != self._key[-1]:
            return False
        if tuple(map(name_key, cells)) != self._key:
            return False
        self._left_out(LeftOutRow.REPEATED_HEADER, Code.REPEATED_HEADER, row.line, "The line is the header again.")
        return True

    def _is_header_in_another_order(self, row: CsvRow) -> bool:
        """Tell whether a row of a labelled file is its header, with the label at another place."""
        label = self._label
        if label is None or label.at >= len(row.cells) or name_key(row.cells[label.at]) not in self._key:
            return False
        return sorted(map(name_key, row.cells)) == self._sorted_key

    def _left_out(self, why: LeftOutRow, code: Code, line: int, message: str) -> None:
        if self._settings.normalise:
            self._tally.leave_out(why)
        else:
            self._problems.add(Problem(code, f"{message} {_JOB_TRAINS_ON_IT}", line=line))

    def _width_problem(self, row: CsvRow) -> None:
        width, cells = len(self._key), len(row.cells)
        what = f"The row has {counted(cells, 'cell')}, the header {counted(width, 'column')}."
        code = Code.EXTRA_CELL if cells > width else Code.MISSING_CELL
        if cells > width:
            advice = "Put a cell that contains the delimiter in quotes."
        elif cells == 1:
            advice = "If it is a title or a trailer, leave it out: skip_rows or skip_footer say how many lines are."
        elif not row.end:
            advice = "The last line is cut: upload the whole file."
        else:
            advice = "Complete it, or remove it."
        self._add(code, f"{what} {advice}", row)

    def _form_problems(self, row: CsvRow) -> None:
        """Report cells that no column may have, whatever its type."""
        for at, cell in enumerate(row.cells):
            if "\0" in cell:
                self._add(Code.NUL_BYTE, "The cell contains a NUL character. Remove it.", row, at, cell)
            if len(cell) > MAX_CELL:
                message = f"The cell has {len(cell):,} characters; at most {MAX_CELL:,} are allowed."
                self._add(Code.LONG_CELL, message, row, at, cell)
        for at in row.nulls:
            message = (
                "The cell is the letter N, escaped; a database writes a missing value so. Write an empty cell or N."
            )
            self._add(Code.AMBIGUOUS_VALUE, message, row, at, "\\N")
        if row.swallows and self._may_be_rows(row):
            message = "A quote opens a cell that swallows whole rows. Close it, or write a quote inside a cell as two."
            at = next((at for at, cell in enumerate(row.cells) if _LINE_BREAK.search(cell)), 0)
            self._add(Code.OPEN_QUOTE, message, row, at)

    def _may_be_rows(self, row: CsvRow) -> bool:
        """Tell whether each line of a row may be a row of its own: not if its label would be none of the classes."""
        label = self._label
        if label is None or not label.has_classes or label.at >= len(row.cells):
            return True
        apart = rows_apart(row.cells, self._delimiter)
        return all(label.read(cells[label.at]).problem is None for cells in apart)

    def _check_index(self, row: CsvRow) -> None:
        """Check that an unnamed first column counts the rows: else it is a column without a name."""
        if self._header.index is None:
            return
        cell = row.cells[self._header.index].strip()
        number = int(cell) if cell.isascii() and cell.isdigit() else None
        if number is None or (self._next_index is not None and number != self._next_index):
            message = "The first column has no name and does not count the rows. Name it, or remove it."
            self._add(Code.BLANK_LABEL, message, row, self._header.index, cell)
        self._next_index = number + 1 if number is not None else None

    def _is_unlabelled(self, row: CsvRow, read: Sequence[Cell]) -> bool:
        if self._label is None:
            return False
        label = read[self._columns.index(self._label)]
        self._last = LastRow(row.line, row.end, row.cells[self._label.at], label.text)
        if not label.missing:
            return False
        if self._settings.drop_unlabelled and self._settings.normalise:
            self._tally.leave_out(LeftOutRow.UNLABELLED)
        else:
            message = "The row has no label. Add it, or set drop_unlabelled = true."
            if _single_value(row.cells):
                message = "The row has a single value: it looks like a title or a trailer. skip_footer leaves it out."
            self._add(Code.UNLABELLED, message, row, self._label.at)
        return True

    def _is_held_out(self, row: CsvRow, read: Sequence[Cell]) -> bool:
        if self._holdout is None or not self._holdout.has([cell.text for cell in read]):
            return False
        if self._settings.normalise:
            self._tally.leave_out(LeftOutRow.HOLDOUT)
        else:
            self._add(Code.CONSTRAINT_ERROR, f"The row is one of the holdout. {_JOB_TRAINS_ON_IT}", row)
        return True

    def _cell_problems(self, row: CsvRow, read: Sequence[Cell]) -> None:
        for column, cell in zip(self._columns, read, strict=True):
            raw = row.cells[column.at]
            if cell.problem is not None:
                if STAND_IN not in raw:  # the encoding's problem is already listed
                    self._add(Code(cell.problem.code), cell.problem.message, row, column.at, raw)
            elif cell.change and not self._settings.normalise:
                message = "The job would read the cell as it is. Write it plainly, or set normalise = true."
                self._add(Code.TYPE_ERROR, message, row, column.at, raw)
            elif column.is_unique and not cell.missing and column.repeats(cell.text):
                message = "The value is there before, and the schema says unique."
                self._add(Code.CONSTRAINT_ERROR, message, row, column.at, raw)

    def _total_problem(self, row: CsvRow, read: Sequence[Cell]) -> None:
        """Report a row of sums, or of a single value; a complete row is one only if it is the last."""
        at = next(at for at, cell in enumerate(row.cells) if cell.strip())
        message = "The row looks like a total. Remove it; skip_footer leaves lines out at the end of the file."
        if self._label is not None and at == self._label.at:
            return
        if self._label is None and len(self._key) >= _MIN_COLUMNS and _single_value(row.cells):
            message = "The row has a single value: it looks like a title or a trailer. skip_footer leaves it out."
            self._add(Code.TYPE_ERROR, message, row, at, row.cells[at])
        elif is_total(row.cells[at].strip()):
            there = len(self._key)
            if any(cell.missing for column, cell in zip(self._columns, read, strict=True) if column.at < there):
                self._add(Code.TYPE_ERROR, message, row, at, row.cells[at])
            else:
                self._totals += 1
                self._total = (
                    self._problem(Code.TYPE_ERROR, message, row, at, row.cells[at]) if self._totals == 1 else None
                )

    def _count(self, row: CsvRow, read: Sequence[Cell]) -> None:
        self._tally.rows += 1
        for column, cell in zip(self._columns, read, strict=True):
            if cell.change:
                self._tally.change(cell.change, 1, row.line)
            if cell.missing:
                self._tally.missing[column.name] += 1
            elif column.is_label:
                self._tally.count_labels({cell.text: 1})

    def _add(self, code: Code, message: str, row: CsvRow, at: int | None = None, value: str | None = None) -> None:
        self._problems.add(self._problem(code, message, row, at, value))

    def _problem(self, code: Code, message: str, row: CsvRow, at: int | None, value: str | None) -> Problem:
        is_there = at is not None and at < len(self._key)
        return Problem(
            code,
            message,
            line=row.line,
            row=self._tally.rows_read,
            column=self._header.shown[at] or None if at is not None and is_there else None,
            field_number=at + 1 if at is not None and is_there else None,
            value=value,
        )


def _single_value(cells: Sequence[str]) -> bool:
    return sum(bool(cell.strip()) for cell in cells) == 1
