"""Reading CSVs: what a cell means, and what is refused with its line."""

import csv
import io
import math
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studio.cells import MISSING, parse_number
from studio.columns import encode_column, infer_column, read_table
from studio.errors import TableError
from studio.json_values import r_number

cells = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=6)
rows = st.lists(st.tuples(cells, cells, st.sampled_from(["yes", "no"])), min_size=1, max_size=30)


def read(tmp_path: Path, content: str | bytes, label: str = "y") -> list[str]:
    """Return the problems of a CSV."""
    path = tmp_path / "t.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(TableError) as caught:
        read_table(path, label)
    return caught.value.problems


@given(rows)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_cells_survive_reading(tmp_path: Path, table: list[tuple[str, str, str]]) -> None:
    """Commas, quotes, line breaks and any letters in cells come back, but for spaces around them."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerows([("a", "b", "y"), *table])
    path = tmp_path / "t.csv"
    path.write_bytes(out.getvalue().encode())
    read_back = read_table(path, "y")
    assert read_back.rows == len(table)
    for column, expected in zip(read_back.columns, zip(*table, strict=True), strict=True):
        assert [column.distinct[code] for code in column.codes] == [cell.strip() for cell in expected]


@given(rows)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_encoding_in_bulk_is_encoding_one_by_one(tmp_path: Path, table: list[tuple[str, str, str]]) -> None:
    """A column gets in training the very numbers that its cells get one by one in scoring."""
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([("a", "b", "y"), *table])
    path = tmp_path / "t.csv"
    path.write_bytes(out.getvalue().encode())
    for column in read_table(path, "y").columns:
        as_column = infer_column(column)
        encode = as_column.encoder()
        alone = [encode(column.distinct[code]) for code in column.codes]
        assert [repr(value) for value in encode_column(column, as_column).tolist()] == [repr(v) for v in alone]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_numbers(value: float) -> None:
    """Any finite number is read back from its text."""
    assert parse_number(repr(value)) == value


@pytest.mark.parametrize("text", ["1_000", "inf", "-Infinity", "1e999", "0x10", "1,5", "eins", "nan"])
def test_what_is_not_a_number(text: str) -> None:
    """Spellings that only Python takes for numbers, and infinities, are text."""
    assert parse_number(text) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (100749.893789066, "100749.893789066"),
        (1.23406681461624e-06, "1.23406681461624E-06"),
        (1e15, "1E+15"),
        (0.0001, "0.0001"),
        (2.0, "2"),
        (math.inf, "Infinity"),
        (-math.inf, "-Infinity"),
        (math.nan, "NaN"),
    ],
)
def test_numbers_look_as_the_original_wrote_them(value: float, text: str) -> None:
    """Fifteen digits, a capital E, and words for what is not finite."""
    assert r_number(value) == text


def test_kinds_of_columns(tmp_path: Path) -> None:
    """Numbers, categories by frequency, and identifiers that are ignored; missing spellings belong to no kind."""
    lines = ["n,c,id,y"] + [f"{'?' if i % 9 == 0 else i},{'ab'[i % 3 == 0]},user{i},{'xz'[i % 2]}" for i in range(60)]
    path = tmp_path / "t.csv"
    path.write_text("\n".join(lines), encoding="utf-8-sig")
    number, category, identifier, _ = map(infer_column, read_table(path, "y").columns)
    assert (number.name, number.kind) == ("n", "numeric")
    assert (category.kind, category.categories) == ("categorical", ("a", "b"))
    assert identifier.kind == "ignored"
    assert all(math.isnan(number.encoder()(cell)) for cell in MISSING)
    assert math.isnan(category.encoder()("unseen"))


def test_all_problems_come_with_their_lines(tmp_path: Path) -> None:
    """Ragged rows and missing labels are listed together; a cell with a line break moves the line numbers on."""
    problems = read(tmp_path, 'a,y\n"x\nx",1\n1\n2,?\n3,1,1\n')
    assert problems == [
        "line 4 has 1 cells, the header has 2",
        "line 6 has 3 cells, the header has 2",
        "line 5: the label 'y' is missing",
    ]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "the file is empty"),
        ("a,y\n", "a header and no rows"),
        ("a,a,y\n1,2,3\n", "the name 'a' stands over more than one column"),
        ("a,,y\n1,2,3\n", "column 2 has no name"),
        ("a,b\n1,2\n", "the label column 'y' is missing; the columns are a, b"),
        ("a,y\n\0,1\n", "NUL"),
        ('a,y\n"1,1\n', "cannot be read as CSV"),
        ("a,y\n\xfc,1\n".encode("latin-1"), "not UTF-8"),
        ("a,y\n1,2\n".encode("utf-16"), "not UTF-8"),
    ],
)
def test_broken_files(tmp_path: Path, content: str | bytes, problem: str) -> None:
    """Each kind of broken file is refused in words."""
    assert problem in " ".join(read(tmp_path, content))


def test_a_file_of_bad_rows_is_described_by_the_first(tmp_path: Path) -> None:
    """A million ragged rows do not make a million problems."""
    problems = read(tmp_path, "a,y\n" + "1\n" * 5000)
    assert len(problems) == 11
    assert problems[-1] == "and more of the kind"
