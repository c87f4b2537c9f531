"""Whatever lands is read or refused: no bytes make the check fail, and no cut of the bytes changes what it says."""

from dataclasses import replace
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.intake import file_check
from shared.intake.settings import Dialect, ExtraColumns, IntakeSettings
from tests.unit.intake.checked_files import EXPECTED, HEADER, SETTINGS, check

PIECES = st.sampled_from(
    [
        HEADER.encode(),
        b"39,clerk,1,low\n",
        b"40,cook,2,high\r\n",
        b'41,"a, ""b""\nc",3,low\r',
        b'"',
        b"\\",
        b"\\\n",
        b",",
        b";",
        b"\t",
        b"\n",
        b"\r",
        b"\0",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\xe4",
        "ä€😀".encode(),
        b"\x81",
        b"sep=;\n",
        b"#",
        b"Total,,,\n",
        b"<html>",
        b"{",
        b"PK\x03\x04",
    ]
)
FILES = st.lists(st.one_of(PIECES, PIECES, st.binary(max_size=4)), max_size=12).map(b"".join)
FILES_WITH_ROWS = FILES.map(lambda rows: HEADER.encode() + rows)
DIALECTS = st.builds(
    Dialect,
    encoding=st.sampled_from(["utf-8", "cp1252", "utf-16", "utf-16-le", "shift_jis", "latin-1", "utf-8-sig", "utf-32"]),
    delimiter=st.sampled_from([None, None, ",", ";", "\t"]),
    escape=st.sampled_from([None, None, "\\"]),
    comment=st.sampled_from([None, None, "#"]),
    skip_rows=st.sampled_from([0, 0, 1]),
    skip_footer=st.sampled_from([0, 0, 1, 3]),
)
ROUTES = st.builds(
    replace,
    st.just(SETTINGS),
    dialect=DIALECTS,
    normalise=st.booleans(),
    drop_unlabelled=st.booleans(),
    extra_columns=st.sampled_from(ExtraColumns),
    max_rows=st.sampled_from([None, 2]),
)
NAMES = st.sampled_from(["a.csv", "a.tsv", "a.nh.csv"])


@pytest.mark.parametrize("row_by_row", [True, False])
@given(content=st.one_of(FILES, FILES_WITH_ROWS), settings=ROUTES, name=NAMES, typed=st.booleans())
def test_no_bytes_make_the_check_fail(
    content: bytes, settings: IntakeSettings, name: str, *, row_by_row: bool, typed: bool
) -> None:
    """A file is refused if and only if there is an error among its problems."""
    expected = EXPECTED if typed else replace(EXPECTED, schema=None)
    checked = check(content, settings, expected, name=name, row_by_row=row_by_row)

    assert checked.report.refused is bool(checked.errors)
    assert checked.report.rows <= checked.report.rows_read
    assert checked.report.bytes_read == len(content)


@given(rows=FILES, settings=ROUTES, typed=st.booleans(), size=st.integers(1, 9))
def test_no_cut_changes_what_is_said(rows: bytes, settings: IntakeSettings, *, typed: bool, size: int) -> None:
    """The storage decides how large a chunk is; only the header is read from a longer beginning."""
    content = HEADER.encode() + rows
    encoding = "utf-8" if settings.dialect.encoding.startswith(("utf-16", "utf-32")) else settings.dialect.encoding
    dialect = replace(settings.dialect, skip_rows=0, delimiter=",", encoding=encoding)
    settings = replace(settings, dialect=dialect, max_rows=None)  # past the limit nothing more is read
    expected = EXPECTED if typed else replace(EXPECTED, schema=None)
    with mock.patch.object(file_check, "HEAD_BYTES", len(HEADER)), mock.patch.object(file_check, "PIECE_BYTES", size):
        cut = check(content, settings, expected, chunk_bytes=size)

    assert cut == check(content, settings, expected)
