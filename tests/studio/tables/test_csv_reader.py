"""Reading CSVs: what a cell means, and what is refused with its line."""

import csv
import io
import math
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studio.errors import TableError
from studio.json_values import r_number
from studio.tables import csv_reader
from studio.tables.cell_parsing import NEAR_ZERO, parse_number
from studio.tables.columns import CodedColumn
from studio.tables.csv_reader import TableFormat, read_table

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
        assert isinstance(column, CodedColumn)
        assert [column.distinct[code] for code in column.codes] == [cell.strip() for cell in expected]


plain = st.text(st.sampled_from(" ab1\u2028\x0b"), max_size=4)
quoted = st.text(st.sampled_from('a,\n\r"'), max_size=4).map(lambda cell: '"' + cell.replace('"', '""') + '"')
line = st.lists(plain | plain | plain | quoted, min_size=2, max_size=2).map(",".join)
flaw = st.lists(st.sampled_from(["", "1", "1,2,3", "1,2,3,4"]), max_size=2)
end = st.sampled_from(["\n", "\n", "\r\n", "\r", "\n\n"])


@given(st.lists(st.tuples(line, end), min_size=1, max_size=20), flaw, st.integers(1, 30), st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_rows_are_those_of_the_csv_module(
    tmp_path: Path, lines: list[tuple[str, str]], flaws: list[str], at_once: int, ended: bool
) -> None:
    """However few characters are read at once, the rows and the lines of the ragged ones are the same."""
    lines[len(lines) // 2 : 0] = [(flaw, "\n") for flaw in flaws]
    text = "a,b,y\n" + "".join(f"{line},yes{end}" for line, end in lines)
    path = tmp_path / "t.csv"
    path.write_text(text if ended else text.rstrip("\r\n"), encoding="utf-8", newline="")
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file, strict=True)
        next(reader)
        rows = [(reader.line_num, row) for row in reader]
    ragged = [f"line {number} has {len(row)} cells, the header has 3" for number, row in rows if len(row) not in (0, 3)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_reader, "_AT_ONCE", at_once)
        patch.setattr(csv_reader, "_AT_ONCE_A_COLUMN", 1)
        if ragged:
            assert read(tmp_path, path.read_bytes())[:10] == ragged[:10]
            return
        table = read_table(path, "y")
    for position, name in enumerate(("a", "b", "y")):
        column = table.cells(name)
        cells = [column.distinct[code] for code in column.codes]
        assert cells == [row[position].strip() for _, row in rows if row]


@pytest.mark.parametrize("text", ["a\n1\n\n2\n", "a\r\n1\r\n2", 'a\n\n\n"1"\n2\n\n', "a\r1\r\r2\r"])
def test_empty_lines_are_no_rows(tmp_path: Path, text: str) -> None:
    """In a file of one column an empty line is no missing cell."""
    path = tmp_path / "t.csv"
    path.write_text(text, encoding="utf-8", newline="")
    assert read_table(path, "a").cells("a").distinct == ("1", "2")


def test_a_cell_that_is_too_long(tmp_path: Path) -> None:
    """A cell beyond the limit is refused, with and without quotes."""
    for cell in ("x" * 2**20 + "x", '"' + "x" * 2**20 + 'x"'):
        assert "field larger than field limit" in " ".join(read(tmp_path, f"a,y\n{cell},1\n2,1\n"))


@given(st.floats(-1e100, 1e100))
def test_numbers_are_numbers(value: float) -> None:
    """Any number up to a googol is read back from its text; a number that LightGBM reads as 0 is 0."""
    assert parse_number(repr(value)) == (value if abs(value) > NEAR_ZERO else 0)


@pytest.mark.parametrize("text", ["1_000", "inf", "-Infinity", "1e999", "1.1e100", "0x10", "1,5", "eins", "nan"])
def test_what_is_not_a_number(text: str) -> None:
    """Spellings that only Python takes for numbers, infinities and what is near them are text."""
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


def test_all_problems_come_with_their_lines(tmp_path: Path) -> None:
    """Ragged rows are listed; a cell with a line break moves the line numbers on."""
    problems = read(tmp_path, 'a,y\n"x\nx",1\n1\n2,?\n3,1,1\n')
    assert problems == ["line 4 has 1 cell, the header has 2", "line 6 has 3 cells, the header has 2"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "the file is empty"),
        ("a,y\n", "a header and no rows"),
        ("a, a,y\n1,2,3\n", "more than one column is called 'a': columns 1 and 2"),
        ("Col2,,y\n1,2,3\n", "more than one column is called 'Col2': columns 1 and 2 (without a name)"),
        ("a;y\n1;2\n", "the column 'y' is missing; the cells seem to be separated by ';'"),
        ("a,b\n1,2\n", "the column 'y' is missing; the columns are a, b"),
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
    """A million ragged rows give ten problems."""
    problems = read(tmp_path, "a,y\n" + "1\n" * 5000)
    assert len(problems) == 11
    assert problems[-1] == "and more"


def test_other_forms(tmp_path: Path) -> None:
    """Tabs may separate cells, and a file without a header has columns that are numbered."""
    path = tmp_path / "t.nh.tsv"
    path.write_text("1\t2,5\n3\t4\n", encoding="utf-8")
    table = read_table(path, "Col1", table_format=TableFormat("\t", header=False))
    assert [column.name for column in table.columns] == ["Col1", "Col2"]
    assert [list(table.cells(name).distinct) for name in ("Col1", "Col2")] == [["1", "3"], ["2,5", "4"]]


def test_columns_without_a_name_are_numbered(tmp_path: Path) -> None:
    """A written row index has no name in the header; such a column is called by its position."""
    path = tmp_path / "t.csv"
    path.write_text(",y\n0,a\n1,b\n", encoding="utf-8")
    assert [column.name for column in read_table(path, "y").columns] == ["Col1", "y"]
