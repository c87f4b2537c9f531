"""Files that are not CSV in UTF-8: the error says what they are, and what to do."""

import bz2
import gzip
import io
import lzma
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from studio.errors import TableError
from studio.tables.csv_reader import read_table
from studio.tables.file_kinds import foreign_kind

TEXT = "a,y\n1,2\n3,4\n"
CHINESE = "价格,城市\n高,成都\n低,昆明\n"


def zipped(*names: str) -> bytes:
    """Return a zip file with empty files of these names."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, "application/vnd.oasis.opendocument.spreadsheet" if name == "mimetype" else "")
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (gzip.compress(TEXT.encode()), "a gzip file: unpack it"),
        (bz2.compress(TEXT.encode()), "a bzip2 file: unpack it"),
        (lzma.compress(TEXT.encode()), "an xz file: unpack it"),
        (zipped("sales.csv"), "a zip file: unpack it"),
        (zipped(), "an empty zip file: unpack it"),
        (zipped("[Content_Types].xml", "xl/workbook.xml"), "an Excel workbook (.xlsx): save it as CSV in UTF-8"),
        (zipped("mimetype", "content.xml"), "an OpenDocument spreadsheet (.ods): save it as CSV in UTF-8"),
        (b"PAR1\x15\x04\x15\x40\x15\x44\x4c\x15\x08\x15\x00", "a Parquet file: save it as CSV in UTF-8"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504), "an Excel workbook (.xls)"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "a PDF"),
        (TEXT.encode("utf-16"), "UTF-16: save it as UTF-8"),
        (TEXT.encode("utf-32"), "UTF-32: save it as UTF-8"),
        (TEXT.encode("utf-16-le"), "UTF-16 without a byte order mark (little-endian): save it as UTF-8"),
        (TEXT.encode("utf-16-be"), "UTF-16 without a byte order mark (big-endian)"),
        (CHINESE.encode("utf-16-le"), "UTF-16 without a byte order mark (little-endian)"),
    ],
    ids=lambda value: value if isinstance(value, str) else "bytes",  # a gzip holds its time: no two workers agree on it
)
def test_each_kind_is_named(tmp_path: Path, content: bytes, kind: str) -> None:
    """By its first bytes, whatever its name is."""
    path = tmp_path / "input.csv"
    path.write_bytes(content)
    with pytest.raises(TableError) as caught:
        read_table(path, "y")
    (problem,) = caught.value.problems
    assert problem.startswith("it is not UTF-8 text but ")
    assert kind in problem


def test_a_database_is_named(tmp_path: Path) -> None:
    """Of SQLite, as it is on the disk."""
    with closing(sqlite3.connect(tmp_path / "t.db")) as database:
        database.execute("CREATE TABLE t (a)")
    assert "an SQLite database" in str(foreign_kind(tmp_path / "t.db"))


@pytest.mark.parametrize(
    "text", [TEXT, "PAR1,y\n1,2\n", "ORC\n1\n", "BZh,y\nä,ö\n", "\ufeffa,y\n1,2\n", CHINESE, "a,y\n1,\0\0\n"]
)
def test_a_csv_is_none_of_them(tmp_path: Path, text: str) -> None:
    """Not even if the name of its first column begins as another kind does, or if it has NUL characters."""
    path = tmp_path / "input.csv"
    path.write_text(text, encoding="utf-8")
    assert foreign_kind(path) is None
