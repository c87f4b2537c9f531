"""The one way to read and write CSV: what is written is read back, and bad quotes are an error."""

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.tables.csv_text import cell_rows, csv_text, parse_csv

CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=8)


@given(st.integers(1, 4).flatmap(lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1)))
def test_what_is_written_is_read_back(rows: list[list[str]]) -> None:
    """Whatever the cells hold: separators, quotes, line feeds, nothing at all."""
    header, *cells = rows
    assert parse_csv(csv_text(rows)) == (header, cells)


def test_lines_are_counted_and_the_separator_is_free() -> None:
    """A row may take several lines; its number is that of its last one."""
    reader = cell_rows(['a\t"b\n', 'c"\n', "1\t2\n"], "\t")
    assert [(reader.line_num, row) for row in reader] == [(2, ["a", "b\nc"]), (3, ["1", "2"])]
    assert csv_text([["a", "b"], ["1,5", ""]], "\t") == "a\tb\n1,5\t\n"


@pytest.mark.parametrize("text", ['a,b\n"1"x,2\n', 'a,b\n"1,2\n'])
def test_quotes_that_do_not_match(text: str) -> None:
    """They are an error, not a guess."""
    with pytest.raises(csv.Error):
        parse_csv(text)
