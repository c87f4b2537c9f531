"""Counts how the form of a file was made clean (pure)."""

from shared.intake.header_search import HeaderSearch
from shared.intake.tally import FileChange, LeftOutRow, Tally
from shared.intake.text_decoding import UTF_8, TextDecoder


def note_changes(tally: Tally, decoder: TextDecoder, search: HeaderSearch, *, normalise: bool) -> None:
    """Count what was decoded, and what became of the header.

    Args:
        tally: what is counted.
        decoder: at the end of the file.
        search: what the file begins with.
        normalise: whether empty lines above the header are left out.
    """
    _note_text(tally, decoder)
    for kind, times, line in search.changes:
        tally.change(kind, times, line)
    if search.header is None:
        return
    header = search.header
    for kind, times in (
        (FileChange.DELIMITER, int(search.delimiter != ",")),
        (FileChange.HEADER_NAMES, header.respelled),
        (FileChange.COLUMN_ORDER, int(header.reordered)),
        (FileChange.INDEX_COLUMN, int(header.index is not None)),
        (FileChange.DROPPED_COLUMNS, header.dropped),
    ):
        if times:
            tally.change(kind, times, search.header_line)
    if search.blank and normalise:
        tally.leave_out(LeftOutRow.BLANK, search.blank)


def _note_text(tally: Tally, decoder: TextDecoder) -> None:
    if decoder.encoding != UTF_8:
        tally.change(FileChange.ENCODING, 1, 1)
    if decoder.marked:
        tally.change(FileChange.BYTE_ORDER_MARK, 1, 1)
    if decoder.as_utf_8_line is not None:
        tally.change(FileChange.READ_AS_UTF_8, 1, decoder.as_utf_8_line)
    if decoder.inner_marks:
        tally.change(FileChange.INNER_BYTE_ORDER_MARK, decoder.inner_marks, decoder.inner_mark_line or 1)
