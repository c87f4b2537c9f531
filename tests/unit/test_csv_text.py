"""CSV text: read as RFC 4180 has it, or refused with the line."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.csv_text import CsvError, read_csv

CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)


@given(st.lists(st.lists(CELLS, min_size=2, max_size=4), min_size=1, max_size=6), st.sampled_from(["", "\ufeff"]))
def test_what_is_written_is_read_again(rows: list[list[str]], mark: str) -> None:
    """Cells keep commas, quotes, spaces and line breaks; a byte order mark belongs to no cell."""
    file = io.StringIO(newline="")
    csv.writer(file).writerows([["a", "b"], *rows])
    table = read_csv(mark + file.getvalue())

    assert table.columns == ("a", "b")
    assert table.rows == tuple(map(tuple, rows))


@given(st.text(alphabet='a,"\n\r\ufeff\0 ', max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing but a CsvError comes out, and every row has its line."""
    try:
        table = read_csv(text)
    except CsvError:
        return
    assert len(table.lines) == len(table.rows)
    assert list(table.lines) == sorted(set(table.lines))


def test_a_row_is_found_by_the_line_on_which_it_begins() -> None:
    """Blank lines and cells of several lines are counted."""
    table = read_csv('a,b\r\n\r\n1,"x\ny"\n\n2\n3,z\n')

    assert table.rows == (("1", "x\ny"), ("2",), ("3", "z"))
    assert table.lines == (3, 6, 7)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty: it has not even a header"),
        ("\n\r\n", "is empty: it has not even a header"),
        ('a,b\n1,2\n3,"x\ny\n', "is no CSV: unexpected end of data in the row that begins on line 3"),
        ('a,b\n"x"y,2\n', "is no CSV: ',' expected after '\"' in the row that begins on line 2"),
    ],
)
def test_what_is_no_csv_is_refused(text: str, message: str) -> None:
    """The message says what is wrong, and on which line."""
    with pytest.raises(CsvError) as error:
        read_csv(text)
    assert str(error.value) == message


def test_every_problem_of_the_form_is_listed() -> None:
    """Repeated columns by name; ragged rows by line, after five of them by number."""
    assert read_csv("a,b\n1,2\n").problems() == []
    assert read_csv("a,a ,b\n1,2,3\n4\n").problems() == [
        "the header names a column more than once: a",
        "line 3 has 1 cell, the header names 3 columns",
    ]
    ragged = read_csv("a,b\n" + "1\n" * 7).problems()
    assert len(ragged) == 6
    assert ragged[5] == "2 more lines have another number of cells than the header"
