"""Recognises files that are no text in CSV by their first bytes (pure)."""

import codecs

LOOKED_AT = 4096  # bytes
_SAVE, _UNPACK = "save it as CSV in UTF-8", "unpack it"
_KINDS = (
    (b"\x1f\x8b", "a gzip file", _UNPACK),
    (b"PAR1", "a Parquet file", _SAVE),
    (b"%PDF-", "a PDF", _SAVE),
    (b"{\\rtf", "an RTF document", _SAVE),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document, such as an Excel workbook (.xls)", _SAVE),
    (b"BZh", "a bzip2 file", _UNPACK),
    (b"\xfd7zXZ\x00", "an xz file", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip file", _UNPACK),
    (b"Rar!\x1a\x07", "a RAR file", _UNPACK),
    (b"Obj\x01", "an Avro file", _SAVE),
    (b"ORC", "an ORC file", _SAVE),
    (b"ARROW1", "an Arrow file (Feather)", _SAVE),
    (b"SQLite format 3\x00", "an SQLite database", _SAVE),
    (b"\x89PNG", "a picture (PNG)", "upload the CSV"),
    (b"\xff\xd8\xff", "a picture (JPEG)", "upload the CSV"),
)
_IN_ZIP = (
    (b"xl/", "an Excel workbook (.xlsx)"),
    (b"opendocument.spreadsheet", "an OpenDocument spreadsheet (.ods)"),
    (b"word/", "a Word document (.docx)"),
)
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_MARKUP = (
    (("<!doctype html", "<html", "<head", "<body", "<table"), "HTML, such as the page of a failed download"),
    (("<?xml", "<error"), "XML"),
)
_TEXT_BYTES = 64  # a file that begins with letters is none of these kinds if its first bytes are all text


def foreign_kind(head: bytes) -> str | None:
    """Return what a file is instead of CSV, and what to do: "a gzip file: unpack it"; None if it may be CSV."""
    head = head[:LOOKED_AT]
    if head.startswith(_ZIP):
        names = (kind for mark, kind in _IN_ZIP if mark in head)
        office = "an Excel workbook or another Office document" if b"[Content_Types].xml" in head else None
        kind = next(names, office)
        return f"{kind}: {_SAVE}" if kind else f"a zip file: {_UNPACK}"
    for mark, kind, advice in _KINDS:
        if head.startswith(mark) and not (mark.isalnum() and _is_text(head[:_TEXT_BYTES])):
            return f"{kind}: {advice}"
    return None


def foreign_text(head: str) -> str | None:
    """Return what a text is instead of CSV, as `foreign_kind` does for bytes."""
    begin = head[:LOOKED_AT].lstrip("\ufeff \t\r\n")
    lowered = begin[:_TEXT_BYTES].lower()
    for marks, kind in _MARKUP:
        if lowered.startswith(marks):
            return f"{kind}: {_SAVE}"
    # A column may be called `[id]`; a JSON text has a bracket, a quote or a number behind its first bracket.
    opened = "".join(begin[:_TEXT_BYTES].split())
    if opened.startswith(('{"', "{}", "[{", '["', "[[", "[]")):
        return f"JSON: {_SAVE}"
    return None


def utf_16_order(head: bytes) -> str | None:
    """Return the encoding of UTF-16 without a byte order mark: there each comma and line end has a NUL byte."""
    head = head[:LOOKED_AT]
    if b"\0" not in head.partition(b"\n")[0]:  # the header has a NUL byte at each delimiter
        return None
    for encoding, first in (("utf-16-le", 1), ("utf-16-be", 0)):
        if head[first::2].count(0) > 1 and 0 not in head[1 - first :: 2]:
            text = head[: len(head) // 2 * 2].decode(encoding, "replace")
            if "\n" in text or "\r" in text:
                return encoding
    return None


def _is_text(head: bytes) -> bool:
    """Tell whether the bytes are UTF-8 without control characters, but for tabs and the ends of lines."""
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return all(letter.isprintable() or letter in "\t\r\n" for letter in text)
