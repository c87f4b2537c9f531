"""The formats of table outputs, read back by other libraries."""

import csv
import io
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.io import arff
from sklearn.externals import _arff

from studio.json_values import r_number
from studio.tables.table_writer import write_table

HEADER = ("Accuracy", "Precision", "Recall", "F-Score", "AUC", "Average Log Loss", "Training Log Loss")

EVALUATION = [["0.9", "1", "0.25", "1E-06", "NaN", "Infinity", "-3.5"]]
CELL = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
NAME = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z"), exclude_characters="'\"\\"), min_size=1)


def tables(cell: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[list[str], list[list[str]]]]:
    """Draw tables of two columns or more: a single empty cell is an empty line for most readers."""
    headers = st.lists(NAME, min_size=2, max_size=4, unique_by=str.lower)
    return headers.flatmap(
        lambda header: st.tuples(
            st.just(header),
            st.lists(st.lists(cell, min_size=len(header), max_size=len(header)), min_size=1, max_size=5),
        )
    )


@pytest.mark.parametrize(
    ("name", "content_type", "start"),
    [
        ("e.csv", "text/csv", b"Accuracy,Precision,"),
        ("e.TSV", "text/tab-separated-values", b"Accuracy\tPrecision\t"),
        ("e.arff", "text/plain; charset=utf-8", b"@RELATION "),
        ("e.nh.csv", "text/csv", b"0.9,1,"),
        ("e.nh.tsv", "text/tab-separated-values", b"0.9\t1\t"),
    ],
)
def test_the_extension_decides(name: str, content_type: str, start: bytes) -> None:
    """Format and content type follow the name, whatever its case."""
    file = write_table(HEADER, EVALUATION, name)
    assert file.content_type == content_type
    assert file.data.startswith(start)


def test_an_evaluation_as_arff_is_read_by_scipy() -> None:
    """All columns are numeric, NaN is a missing value, infinity stays."""
    data, meta = arff.loadarff(io.StringIO(write_table(HEADER, EVALUATION, "e.arff").data.decode()))
    assert meta.names() == list(HEADER)
    assert set(meta.types()) == {"numeric"}
    values = [float(value) for value in data[0]]
    assert values[:4] == [0.9, 1, 0.25, 1e-6]
    assert math.isnan(values[4])
    assert values[5:] == [math.inf, -3.5]


def test_columns_with_other_cells_are_strings() -> None:
    """One cell that is no number makes a column text; a column of empty cells is text, too."""
    rows = [["1", "1", "", " 2"], ["?", "1_000", "", "3"]]
    text = write_table(["a", "b c", "d", "e"], rows, "t.arff").data.decode()
    assert [line.split()[-1] for line in text.splitlines() if line.startswith("@ATTR")] == [
        *("NUMERIC", "STRING", "STRING", "NUMERIC")
    ]
    assert "@ATTRIBUTE 'b c' STRING" in text
    assert text.endswith("@DATA\n1,'1','',2\n?,'1_000','',3\n")


@given(tables(CELL))
def test_separated_text_comes_back(table: tuple[list[str], list[list[str]]]) -> None:
    """Whatever stands in the cells: quotes, separators, line ends."""
    header, rows = table
    for name, separator in (("t.csv", ","), ("t.tsv", "\t")):
        text = write_table(header, rows, name).data.decode()
        assert list(csv.reader(io.StringIO(text, newline=""), delimiter=separator)) == [header, *rows]


@given(tables(CELL.map(lambda cell: f"x{cell}")))
def test_texts_come_back_from_arff(table: tuple[list[str], list[list[str]]]) -> None:
    """Quotes, backslashes, percent signs, commas, braces and line ends survive."""
    header, rows = table
    text = write_table(header, rows, "t.arff").data.decode()
    assert all(kind == "STRING" for _, kind in _arff.loads(text)["attributes"])
    assert [list(row) for row in _arff.loads(text)["data"]] == rows


NUMBERS = st.floats(-1e308, 1e308) | st.sampled_from([math.inf, -math.inf, math.nan])


@given(tables(NUMBERS.map(r_number)))
def test_numbers_come_back_from_arff(table: tuple[list[str], list[list[str]]]) -> None:
    """Every number that an evaluation can hold; what is not a number is a missing value."""
    header, rows = table
    loaded = _arff.loads(write_table(header, rows, "t.arff").data.decode())
    assert {kind for _, kind in loaded["attributes"]} == {"NUMERIC"}
    written = [[None if cell == "NaN" else float(cell) for cell in row] for row in rows]
    assert [list(row) for row in loaded["data"]] == written
