"""What is refused where files are not normalised: the job would read it otherwise than it was checked (pure)."""

import codecs
from collections.abc import Iterable, Iterator

from shared.intake.header_search import HeaderSearch, usual_delimiter
from shared.intake.problems import Code, Problem
from shared.intake.settings import Dialect
from shared.intake.tally import FileChange
from shared.intake.text_decoding import TextDecoder
from shared.records.intake_record import Change

_WHY = {
    FileChange.READ_AS_UTF_8: (Code.ENCODING_ERROR, "The file is UTF-8, the route says another encoding."),
    FileChange.INNER_BYTE_ORDER_MARK: (Code.ENCODING_ERROR, "A byte order mark stands inside the text."),
    FileChange.SEP_LINE: (Code.NOT_CSV, "Excel's sep= line stands above the header."),
    FileChange.HEADER_NAMES: (
        Code.INCORRECT_LABEL,
        "Names in the header differ from those expected in case or spaces.",
    ),
    FileChange.INDEX_COLUMN: (Code.BLANK_LABEL, "The first column has no name; it counts the rows."),
    FileChange.DROPPED_COLUMNS: (Code.EXTRA_LABEL, "The file has columns that are not expected."),
}
_WHAT_TO_DO = "With normalise = false the job gets it as it is: mend the file, or set normalise = true."


def job_reads_it_otherwise(
    name: str, dialect: Dialect, search: HeaderSearch, changes: Iterable[Change], decoder: TextDecoder
) -> Iterator[Problem]:
    """Yield a problem for each thing that could only be accepted by changing the file's bytes."""
    for change in changes:
        why = _WHY.get(FileChange(change.code)) if change.code in set(FileChange) else None
        if why is not None:
            yield Problem(why[0], f"{why[1]} {_WHAT_TO_DO}", line=change.line)
    if search.delimiter != (dialect.delimiter or usual_delimiter(name)):
        message = f"The delimiter is {search.delimiter!r}; say so with the key delimiter if the job reads it."
        yield Problem(Code.NOT_CSV, f"{message} {_WHAT_TO_DO}", line=search.header_line)
    if decoder.marked and not decoder.encoding.startswith(("utf-8", codecs.lookup(dialect.encoding).name)):
        message = f"The file is {decoder.encoding}; say so with the key encoding if the job reads it."
        yield Problem(Code.ENCODING_ERROR, f"{message} {_WHAT_TO_DO}", line=1)
    if search.blank:
        yield Problem(Code.BLANK_ROW, f"Empty lines stand above the header. {_WHAT_TO_DO}", line=1)
