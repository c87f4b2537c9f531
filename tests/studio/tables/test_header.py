"""The header row: the lines that are skipped above it, and errors about what is there instead."""

from pathlib import Path

import pytest

from studio.errors import TableError
from studio.tables.columns import Table
from studio.tables.csv_reader import CSV, TableFormat, read_table
from studio.training.row_selection import read_rows
from studio.training.training_plan import TrainingPlan

ROWS = "1,2\n3,4\n"


def read(folder: Path, text: str, table_format: TableFormat = CSV) -> Table:
    """Read a CSV whose label is `y`."""
    path = folder / "t.csv"
    path.write_text(text, encoding="utf-8", newline="")
    return read_table(path, "y", table_format=table_format)


def refused(folder: Path, text: str) -> list[str]:
    """Return why a CSV is refused."""
    with pytest.raises(TableError) as caught:
        read(folder, text)
    return caught.value.problems


@pytest.mark.parametrize("line", ["sep=,\n", '"sep=,"\r\n', "\ufeffSEP=,\n"])
def test_excels_separator_line_is_left_out(tmp_path: Path, line: str) -> None:
    """It is skipped if it names the file's separator; it counts as a line, and the notes mention it."""
    table = read(tmp_path, f"{line}a,y\n{ROWS}")
    assert [column.name for column in table.columns] == ["a", "y"]
    assert table.notes == ("left out: Excel's sep= line, line 1",)
    assert refused(tmp_path, f"{line}a,y\n{ROWS}5\n") == ["line 5 has 1 cell, the header has 2"]


def test_a_separator_line_of_tabs(tmp_path: Path) -> None:
    """In a file whose name says tabs, as in one without a header row."""
    table = read(tmp_path, "sep=\t\na\ty\n1\t2\n", TableFormat("\t"))
    assert [column.name for column in table.columns] == ["a", "y"]
    path = tmp_path / "t.nh.csv"
    path.write_text(f"sep=,\n{ROWS}", encoding="utf-8")
    assert read_table(path, "Col2", table_format=TableFormat(header=False)).rows == 2


@pytest.mark.parametrize("rest", ["a;y\n1;2\n", f"a,y\n{ROWS}"])
def test_another_separator_is_named(tmp_path: Path, rest: str) -> None:
    """The line is told of, also where the cells are separated otherwise by now."""
    (problem,) = refused(tmp_path, f"sep=;\n{rest}")
    assert problem == (
        "its first line is Excel's sep= line for the separator ';', but a file of this name has the separator ',':"
        " remove the line"
    )


@pytest.mark.parametrize(
    ("above", "message"),
    [
        ("Sales of March\n", "2: remove the lines above it; line 1 is a title ('Sales of March')"),
        ("Sales of March,\n", "2: remove the lines above it; line 1 is a title ('Sales of March,')"),
        ("# by hand, on Monday\n\n", "3: remove the lines above it; line 1 is a comment ('# by hand, on Monday')"),
        ("\n", "2: remove the lines above it; line 1 is empty"),
        ("sep=,\nSales\n", "3: remove the lines above it; line 2 is a title ('Sales')"),
    ],
)
def test_lines_above_the_header_are_named(tmp_path: Path, above: str, message: str) -> None:
    """With the line on which the names stand."""
    (problem,) = refused(tmp_path, f"{above}a,y\n{ROWS}")
    assert problem == f"the column names are on line {message}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("colour,flag\nred,y\nblue,n\n", "the column 'y' is missing; the columns are colour, flag"),
        ('[{"a": 1,\n"y": 2}]\n', "it is JSON, not CSV"),
        ("<!DOCTYPE html>\n<html>\n", "it is HTML, not CSV"),
        ("# nothing but this\n1,2\n", "line 1 is a comment ('# nothing but this'): remove it"),
        (",".join(f"c{number}" for number in range(40)) + "\n", "c28, c29 and 10 more"),
    ],
)
def test_what_is_no_header_for_the_label(tmp_path: Path, text: str, message: str) -> None:
    """Other formats are named; a value that is called like the label makes no header of its row."""
    assert message in " ".join(refused(tmp_path, text))


def test_a_first_name_may_look_like_a_comment(tmp_path: Path) -> None:
    """Where all names are there, the line is a header."""
    assert [column.name for column in read(tmp_path, f"# a,y\n{ROWS}").columns] == ["# a", "y"]


def test_a_line_that_was_left_out_is_noted(tmp_path: Path) -> None:
    """Among the notes of the training, before what the filter does."""
    path = tmp_path / "t.csv"
    path.write_text(f"sep=,\na,y\n{ROWS}", encoding="utf-8")
    _, notes = read_rows(path, TrainingPlan("regression", "y", row_filter="a > 1"), CSV)
    assert notes == ["left out: Excel's sep= line, line 1", "the row filter keeps 1 of 2 rows"]
