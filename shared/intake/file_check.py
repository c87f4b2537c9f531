"""Checks one file while it is read, in one pass and in flat memory (pure).

The text is cut into blocks of whole lines. A block is first tried as columns (`block_check.py`), which is fast and
takes nothing that needs a second look; else it is checked row by row (`row_check.py`), which is what a verdict means.
"""

import hashlib
from collections.abc import Callable

from shared.intake.block_check import Columns
from shared.intake.csv_rows import MAX_ROW, whole_lines
from shared.intake.file_changes import note_changes
from shared.intake.file_form import file_form
from shared.intake.file_kinds import foreign_kind, foreign_text
from shared.intake.file_report import Expected, FileReport
from shared.intake.header_search import HeaderSearch, search_header
from shared.intake.problems import Code, Level, Problem, ProblemList
from shared.intake.row_text import row_text
from shared.intake.settings import IntakeSettings
from shared.intake.table_body import TableBody
from shared.intake.tally import FileChange, Tally
from shared.intake.text_decoding import UTF_8, TextDecoder
from shared.intake.unchanged_file import job_reads_it_otherwise

HEAD_BYTES = 2**20  # read before the header is looked for
PIECE_BYTES = 2**18  # checked at once


class FileCheck:
    """Checks one file.

    Args:
        name: of the file; `.tsv` and `.nh.csv` say how it is written where the route does not.
        observe: gets the clean columns of some rows at a time, in the order of the header; a missing cell is "".
        in_blocks: whether blocks are tried as columns first; without, the verdict is the same, and slow.

    Attributes:
        header: the line that the clean rows stand under, with its line end; None until it is read, or if it is refused.
        columns: the names in it.
        stopped: whether nothing more of the file is looked at: `feed` may end early.
    """

    def __init__(
        self,
        name: str,
        settings: IntakeSettings,
        expected: Expected,
        *,
        observe: Callable[[Columns], None] | None = None,
        in_blocks: bool = True,
    ) -> None:
        self.header: str | None = None
        self.columns: tuple[str, ...] = ()
        self.stopped = False
        self._name, self._settings, self._expected, self._observe = name, settings, expected, observe
        self._in_blocks = in_blocks
        self._problems, self._tally = ProblemList(), Tally()
        self._original, self._rows = hashlib.sha256(), hashlib.sha256()
        self._bytes = 0
        self._raw = bytearray()
        self._decoder: TextDecoder | None = None
        self._text = ""
        self._search: HeaderSearch | None = None
        self._body: TableBody | None = None

    def feed(self, chunk: bytes) -> bytes:
        """Take the next bytes of the file; returns the clean rows so far, which may be empty.

        Of a file that is refused the rows so far are worth nothing. With `normalise = false` there are none: the job
        gets the original.
        """
        self._original.update(chunk)
        self._bytes += len(chunk)
        if self._bytes > self._settings.max_bytes and not self.stopped:
            message = f"The file has more than {self._settings.max_bytes:,} bytes. Split it, or raise max_bytes."
            self._stop(Problem(Code.CONSTRAINT_ERROR, message))
        if self.stopped:
            return b""
        if self._decoder is None:
            self._raw += chunk
            if len(self._raw) < HEAD_BYTES:
                return b""
            chunk = bytes(self._raw)
            self._raw.clear()
        return self._taken(chunk, final=False)

    def finish(self) -> tuple[bytes, FileReport]:
        """End the file; returns the last clean rows, and what there is to say of it."""
        rows = b"" if self.stopped else self._taken(bytes(self._raw), final=True)
        if self._body is not None:
            self._body.finish()
        if self._decoder is not None and self._decoder.utf_8_letter_line is not None:
            message = (
                f"The file is read as {self._decoder.encoding}, and letters of this line look like UTF-8."
                " Look at them: if the file was joined, save all of it in one encoding."
            )
            line = self._decoder.utf_8_letter_line
            self._problems.add(Problem(Code.ENCODING_ERROR, message, Level.WARNING, line=line))
        if not self.stopped and not self._problems.errors and not self._tally.rows:
            self._problems.add(Problem(Code.FEW_ROWS, self._no_rows()))
        refused = self._problems.errors > 0
        whole = self._settings.normalise
        decoder, search = self._decoder, self._search
        report = FileReport(
            problems=self._problems.by_line(),
            more=self._problems.more,
            refused=refused,
            rows_read=self._tally.rows_read,
            rows=self._tally.rows,
            bytes_read=self._bytes,
            encoding=decoder.encoding if decoder is not None else "",
            delimiter=search.delimiter if search is not None else "",
            changes=self._tally.changes,
            left_out=self._tally.left_out,
            header=self.header or "",
            columns=self.columns,
            labels=dict(self._tally.labels),
            missing=dict(self._tally.missing),
            sha256=self._original.hexdigest(),
            rows_sha256="" if refused else (self._rows if whole else self._original).hexdigest(),
        )
        return (b"" if refused else rows), report

    def _stop(self, problem: Problem) -> None:
        self._problems.add(problem)
        self.stopped = True
        self._raw.clear()
        self._text = ""

    def _taken(self, chunk: bytes, *, final: bool) -> bytes:
        """Check bytes, a piece at a time: what is made of a piece fits into the processor's cache."""
        if self._decoder is None:
            if not self._may_be_text(chunk):
                return b""
            return self._of_piece(chunk, final=final)
        if len(chunk) <= PIECE_BYTES:
            return self._of_piece(chunk, final=final)
        pieces = range(0, len(chunk), PIECE_BYTES)
        return b"".join(self._of_piece(chunk[at : at + PIECE_BYTES], final=final) for at in pieces)

    def _of_piece(self, piece: bytes, *, final: bool) -> bytes:
        """Check a piece; returns clean rows."""
        if not self.stopped:
            self._decode(piece, final=final)
        if self.stopped or self._body is None:
            return b""
        rows = self._check_rows(self._body, final=final)
        if final:
            self._note_changes()
        if self._problems.errors or not self._settings.normalise:
            return b""
        clean = rows.encode(UTF_8)
        self._rows.update(clean)
        return clean

    def _may_be_text(self, head: bytes) -> bool:
        foreign = foreign_kind(head)
        if foreign:
            self._stop(Problem(Code.NOT_CSV, f"The file is no CSV but {foreign}."))
        elif not head:
            self._stop(Problem(Code.FEW_ROWS, "The file is empty: it has not even a header."))
        return not self.stopped

    def _decode(self, raw: bytes, *, final: bool) -> None:
        begins = self._decoder is None
        decoder = self._decoder or TextDecoder(self._settings.dialect.encoding, raw)
        self._decoder = decoder
        self._text += decoder.decode(raw, final=final)
        for fault in decoder.take_faults():
            self._problems.add(Problem(Code.ENCODING_ERROR, fault.message, line=fault.line, value=fault.value))
        if decoder.hopeless:
            self.stopped = True
        elif begins:
            self._begin()

    def _check_rows(self, body: TableBody, *, final: bool) -> str:
        end, footer = whole_lines(self._text, final=final), self._settings.dialect.skip_footer
        if footer:
            end = _before_last_lines(self._text, end, footer)
        rows, self._text = body.take(self._text, end, final=final)
        if final and self._text and footer:
            self._tally.change(FileChange.SKIPPED_FOOTER, footer, body.line)
        if body.stopped:
            self.stopped = True
        elif len(self._text) > MAX_ROW:
            message = f"A row has more than {MAX_ROW:,} characters: it does not end."
            self._stop(Problem(Code.LONG_CELL, message, line=body.line))
        return rows

    def _begin(self) -> None:
        """Read the header."""
        foreign = foreign_text(self._text)
        if foreign:
            self._stop(Problem(Code.NOT_CSV, f"The file is no CSV but {foreign}."))
            return
        search = search_header(self._text, self._name, self._settings, self._expected)
        self._search = search
        for problem in search.problems:
            self._problems.add(problem)
        header = search.header
        if header is None or search.form is None or not header.columns:
            self.stopped = True
            return
        self.columns = header.columns
        as_in_file = self._text[search.begin : search.end]
        self.header = row_text(header.columns) if self._settings.normalise else as_in_file
        form = file_form(search.form, header, self._settings, self._expected)
        self._body = TableBody(
            form, self._problems, self._tally, search.line, observe=self._observe, in_blocks=self._in_blocks
        )
        self._text = self._text[search.end :]

    def _note_changes(self) -> None:
        """Count how the form was made clean; without normalising, refuse what the job would read otherwise."""
        decoder, search = self._decoder, self._search
        if decoder is None or search is None:
            return
        note_changes(self._tally, decoder, search, normalise=self._settings.normalise)
        if not self._settings.normalise:
            for problem in job_reads_it_otherwise(
                self._name, self._settings.dialect, search, self._tally.changes, decoder
            ):
                self._problems.add(problem)

    def _no_rows(self) -> str:
        left_out = self._tally.left_out
        if self._tally.rows_read and left_out.holdout + left_out.unlabelled:
            return "No row is left to train on: each is of the holdout, or has no label."
        return "The file has a header and no rows."


def _before_last_lines(text: str, end: int, lines: int) -> int:
    """Return where the last lines of a text begin."""
    at = end
    for _ in range(lines):
        behind = at - 2 if text.endswith("\r\n", 0, at) else at - 1 if text.endswith(("\n", "\r"), 0, at) else at
        at = max(text.rfind("\n", 0, max(behind, 0)), text.rfind("\r", 0, max(behind, 0))) + 1
    return at
