"""Recognises files that are not CSV in UTF-8 by their first bytes."""

import codecs
from pathlib import Path

_LOOKED_AT = 4096  # bytes
_SAVE, _UNPACK = "save it as CSV in UTF-8", "unpack it"
# By the bytes that a file begins with; of two with the same beginning the longer one comes first.
_KINDS: tuple[tuple[bytes, str, str], ...] = (
    (b"\x1f\x8b", "a gzip file", _UNPACK),
    (b"PK\x05\x06", "an empty zip file", _UNPACK),
    (b"PAR1", "a Parquet file", _SAVE),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document, such as an Excel workbook (.xls)", _SAVE),
    (b"%PDF-", "a PDF", _SAVE),
    (b"BZh", "a bzip2 file", _UNPACK),
    (b"\xfd7zXZ\x00", "an xz file", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip file", _UNPACK),
    (b"Obj\x01", "an Avro file", _SAVE),
    (b"ORC", "an ORC file", _SAVE),
    (b"ARROW1", "an Arrow file (Feather)", _SAVE),
    (b"SQLite format 3\x00", "an SQLite database", _SAVE),
    (codecs.BOM_UTF32_LE, "UTF-32", "save it as UTF-8"),
    (codecs.BOM_UTF32_BE, "UTF-32", "save it as UTF-8"),
    (codecs.BOM_UTF16_LE, "UTF-16", "save it as UTF-8"),
    (codecs.BOM_UTF16_BE, "UTF-16", "save it as UTF-8"),
)
_IN_ZIP = ((b"xl/", "an Excel workbook (.xlsx)"), (b"opendocument.spreadsheet", "an OpenDocument spreadsheet (.ods)"))
_ZIP = b"PK\x03\x04"
_TEXT_BYTES = 64  # a file that begins with letters is none of these kinds if its first bytes are all text


def foreign_kind(path: Path) -> str | None:
    """Return what a file is instead of CSV in UTF-8, and what to do; None if it may be CSV."""
    with path.open("rb") as file:
        head = file.read(_LOOKED_AT)
    recognised = _kind(head)
    if recognised is None:
        return None
    kind, advice = recognised
    return f"it is not UTF-8 text but {kind}: {advice}"


def _kind(head: bytes) -> tuple[str, str] | None:
    if head.startswith(_ZIP):
        names = (kind for mark, kind in _IN_ZIP if mark in head)
        office = "an Excel workbook or another Office document" if b"[Content_Types].xml" in head else None
        kind = next(names, office)
        return (kind, _SAVE) if kind else ("a zip file", _UNPACK)
    for mark, kind, advice in _KINDS:
        if head.startswith(mark) and not (mark.isalnum() and _is_text(head[:_TEXT_BYTES])):
            return kind, advice
    encoding = _utf_16(head)
    return (f"UTF-16 without a byte order mark ({encoding})", "save it as UTF-8") if encoding else None


def _is_text(head: bytes) -> bool:
    """Tell whether the bytes are UTF-8 without control characters, but for tabs and the ends of lines."""
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return all(letter.isprintable() or letter in "\t\r\n" for letter in text)


def _utf_16(head: bytes) -> str | None:
    """Return the byte order if the bytes are UTF-16: each comma and line end has a NUL byte there."""
    for order, first in (("utf-16-le", 1), ("utf-16-be", 0)):
        if head[first::2].count(0) > 1 and 0 not in head[1 - first :: 2]:
            text = head[: len(head) // 2 * 2].decode(order, "replace")
            if "\n" in text or "\r" in text:
                return "little-endian" if first else "big-endian"
    return None
