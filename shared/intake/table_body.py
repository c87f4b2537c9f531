"""Checks the rows below a header, block by block (pure)."""

from collections import Counter
from collections.abc import Callable

from shared.intake.block_check import BlockCheck, Columns
from shared.intake.csv_rows import Comment, CsvRow, RowFault
from shared.intake.file_form import FileForm
from shared.intake.problems import MAX_ALIKE, Code, Level, Problem, ProblemList
from shared.intake.row_check import RowCheck
from shared.intake.row_text import row_text
from shared.intake.tally import FileChange, LeftOutRow, Tally
from shared.plurals import counted

BLOCK_CHARACTERS = 2**19  # checked at once: a piece of the file, with what was left of the piece before
# A block that is not taken is cut into halves, down to this size: mostly a few rows alone need a second look.
_MIN_BLOCK_CHARACTERS = 2**12
_MAX_VAIN = 4  # smallest blocks in a row that are not taken, before the rest of a block is not tried any more


class TableBody:
    """Checks the rows of one file.

    Args:
        line: of the first row.
        observe: gets the clean columns of some rows at a time.
        in_blocks: whether blocks are tried as columns first.

    Attributes:
        line: of the next row.
        stopped: whether nothing more is looked at.
    """

    def __init__(
        self,
        form: FileForm,
        problems: ProblemList,
        tally: Tally,
        line: int,
        *,
        observe: Callable[[Columns], None] | None,
        in_blocks: bool,
    ) -> None:
        self.line = line
        self.stopped = False
        self._in_blocks = in_blocks
        self._form, self._problems, self._tally, self._observe = form, problems, tally, observe
        self._rows = RowCheck(form, problems, tally)
        self._blocks = BlockCheck(form, self._rows, tally, with_columns=observe is not None)
        self._faults = 0
        self._vain = 0  # smallest blocks that were not taken, in a row
        self._line_ends: Counter[str] = Counter()
        self._first_lines: dict[str, int] = {}

    def take(self, text: str, end: int, *, final: bool) -> tuple[str, str]:
        """Check the lines of a text up to `end`; returns the clean rows, and the text that is not checked yet.

        Args:
            text: begins with the next row.
            end: where a line ends; what stands behind it may be no rows.
            final: whether no line follows before `end`.
        """
        rows: list[str] = []
        at, size = 0, BLOCK_CHARACTERS
        while at < end and not self.stopped:
            cut = text.rfind("\n", at, min(at + size, end)) + 1
            if cut <= at or at + size >= end:
                cut = end
            consumed = self._block(text[at:cut], rows, final=final and cut == end)
            if not consumed and cut == end:
                break
            size = BLOCK_CHARACTERS if consumed else size * 2  # a row that takes more than a block
            at += consumed
        return "".join(rows), text[at:]

    def finish(self) -> None:
        """End the file."""
        self._rows.finish(self._form.classes)
        for column in self._form.columns:
            if column.warning:
                where = Problem(Code.CONSTRAINT_ERROR, column.warning, Level.WARNING, column=column.shown)
                self._problems.add(where._replace(field_number=column.field_number))
        if len(self._line_ends) > 1:
            usual = self._line_ends.most_common(1)[0][0]
            line = min(line for kind, line in self._first_lines.items() if kind != usual)
            self._tally.change(FileChange.LINE_ENDS, self._line_ends.total() - self._line_ends[usual], line)

    def _block(self, text: str, rows: list[str], *, final: bool) -> int:
        """Check a block; returns how many characters of it are whole rows."""
        if self._in_blocks and self._is_blank(text):
            lines = text.count("\n")
            self._tally.leave_out(LeftOutRow.BLANK, lines)
            self._count_line_ends("\n", lines, self.line)
            self.line += lines
            return len(text)
        if not self._in_blocks or (self._vain >= _MAX_VAIN and len(text) > _MIN_BLOCK_CHARACTERS):
            return self._mostly_by_row(text, rows, final=final)
        taken = self._blocks.take(text, self.line)
        if taken is None:
            return self._in_halves(text, rows, final=final)
        self._vain = 0
        self._count_line_ends(taken.line_end, taken.rows, self.line)
        self.line += taken.lines
        rows.append(taken.text)
        if self._observe is not None:
            self._observe(taken.columns)
        self._check_rows(len(text))
        return len(text)

    def _in_halves(self, text: str, rows: list[str], *, final: bool) -> int:
        """Check a block that is not taken as a whole; returns how many characters of it are whole rows."""
        cut = text.rfind("\n", 0, len(text) // 2) + 1
        if len(text) <= _MIN_BLOCK_CHARACTERS or not cut:
            self._vain += 1
            return self._by_row(text, rows, final=final)
        consumed = self._block(text[:cut], rows, final=False)
        if self.stopped:
            return consumed
        # A row that takes more than the first half is whole with the second, or not at all.
        rest = self._block if consumed else self._by_row
        return consumed + rest(text[consumed:], rows, final=final)

    def _mostly_by_row(self, text: str, rows: list[str], *, final: bool) -> int:
        """Check a block by row; its beginning is tried as columns, since the rows that need a second look may end."""
        cut = text.rfind("\n", 0, _MIN_BLOCK_CHARACTERS) + 1 if self._in_blocks else 0
        consumed = self._block(text[:cut], rows, final=False) if cut else 0
        if self.stopped:
            return consumed
        rest = self._block if consumed and self._vain < _MAX_VAIN else self._by_row
        return consumed + rest(text[consumed:], rows, final=final)

    def _is_blank(self, text: str) -> bool:
        """Tell whether a block is only empty lines that are left out."""
        return self._form.settings.normalise and text.endswith("\n") and "\r" not in text and not text.strip()

    def _by_row(self, text: str, rows: list[str], *, final: bool) -> int:
        consumed = 0
        clean: list[tuple[str, ...]] = []
        for item, end in self._form.rows.rows(text, self.line, final=final):
            consumed = end
            if isinstance(item, CsvRow):
                if item.end:
                    self._count_line_ends(item.end, 1, item.line)
                cells = self._rows.row(item)
                self.line = item.line + item.lines
                if cells is not None:
                    clean.append(tuple(cell.text for cell in cells))
            elif isinstance(item, RowFault):
                self._faults += 1
                self._rows.fault(item)
                self.line = item.line + 1
            elif isinstance(item, Comment):
                self._tally.change(FileChange.COMMENTS, 1, item.line)
                self.line = item.line + 1
            if self._faults > MAX_ALIKE:
                self.stopped = True  # where quotes are wrong throughout, nothing more is certain
                break
        rows.extend(map(row_text, clean))
        if self._observe is not None and clean:
            self._observe(list(zip(*clean, strict=True)))
        self._check_rows(consumed)
        return consumed

    def _check_rows(self, consumed: int) -> None:
        limit = self._form.settings.max_rows
        if consumed and limit is not None and self._tally.rows_read > limit and not self.stopped:
            message = f"The file has more than {counted(limit, 'row')}. Split it, or raise max_rows."
            self._problems.add(Problem(Code.CONSTRAINT_ERROR, message))
            self.stopped = True

    def _count_line_ends(self, kind: str, times: int, line: int) -> None:
        self._line_ends[kind] += times
        self._first_lines.setdefault(kind, line)
