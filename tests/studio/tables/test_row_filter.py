"""Row filters: the rows that they select, and the errors of invalid filters."""

import contextlib
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.errors import RowFilterError
from studio.tables.cell_parsing import MISSING, parse_number
from studio.tables.columns import CodedColumn
from studio.tables.row_filter import MAX_DEPTH, MAX_LENGTH, read_row_filter

AGES = ["18", "65", "", "?", "40", "1,000", "old"]
JOBS = ["Sales", "it's", "Sales", "", "Armed Forces", "NA", "5"]


def coded(name: str, cells: Sequence[str]) -> CodedColumn:
    """Return a column of the cells."""
    distinct = tuple(dict.fromkeys(cells))
    return CodedColumn(name, distinct, np.array([distinct.index(cell) for cell in cells], dtype=np.int32))


COLUMNS = {"age": coded("age", AGES), 'job "now"': coded('job "now"', JOBS)}


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("age = 18", [0]),
        ("age == 18.0", [0]),
        ("age >= 40", [1, 4, 5]),
        ("age < 40", [0]),
        ("age <> 18", [1, 2, 3, 4, 5, 6]),
        ("age != 18", [1, 2, 3, 4, 5, 6]),
        ("age = 1e3", [5]),
        ("age > -1", [0, 1, 4, 5]),
        ("age is missing", [2, 3]),
        ("age is not missing", [0, 1, 4, 5, 6]),
        ("AGE is missing or age = 'old'", None),
        ("age = 'old'", [6]),
        ("age in (18, 'old')", [0, 6]),
        ("age not in (18, 'old')", [1, 2, 3, 4, 5]),
        ('"job ""now""" = \'it\'\'s\'', [1]),
        ('"job ""now""" = \'Sales\' AND NOT age Is Missing', [0]),
        ("age = 18 or age = 65 and age = 40", [0]),
        ("(age = 18 or age = 65) and not (age = 18)", [1]),
        ("not not age = 65", [1]),
        ("age >= 'old'", [6]),
    ],
)
def test_what_a_filter_chooses(text: str, chosen: list[int] | None) -> None:
    """Numbers compare with numbers, texts with texts; `and` binds closer than `or`; keywords may be in capitals."""
    row_filter = read_row_filter(text)
    if chosen is None:
        assert row_filter.columns == {"AGE", "age"}
        return
    assert np.flatnonzero(row_filter.rows(COLUMNS.__getitem__)).tolist() == chosen


@pytest.mark.parametrize(
    ("text", "at", "message"),
    [
        ("", 1, "the name of a column is expected here"),
        ("age", 4, "a comparison is expected here"),
        ("age >", 6, "a number, or a text in single quotes, is expected here"),
        ("age > old", 7, "a number, or a text in single quotes, is expected here"),
        ("age > 1 age", 9, "'age' is not expected here; join conditions by `and` or `or`"),
        ("age > 1 and", 12, "the name of a column is expected here"),
        ("(age > 1", 9, "')' is expected here"),
        ("age > 1)", 8, "')' is not expected here"),
        ("age in 1", 8, "'(' is expected here"),
        ("age in ()", 9, "a number, or a text in single quotes, is expected here"),
        ("age is 1", 8, "'missing' is expected here"),
        ("age = 'x", 7, '"\'" is not expected here'),
        ("age = 12x", 7, "'1' is not expected here"),
        ("age & 1", 5, "'&' is not expected here"),
        ("and = 1", 1, "the name of a column is expected here"),
        ("__import__('os')", 11, "a comparison is expected here"),
    ],
)
def test_a_wrong_filter_is_refused_at_its_place(text: str, at: int, message: str) -> None:
    """The error has the character, counted from 1, and what is needed there."""
    with pytest.raises(RowFilterError) as caught:
        read_row_filter(text)
    assert str(caught.value).startswith(f"the row filter, character {at}: {message}")


def test_limits() -> None:
    """Neither length nor depth can do harm."""
    with pytest.raises(RowFilterError, match=f"at most {MAX_LENGTH} are allowed"):
        read_row_filter("age > 1 or " * MAX_LENGTH)
    read_row_filter("(" * (MAX_DEPTH - 1) + "age > 1" + ")" * (MAX_DEPTH - 1))
    for bracket in ("(", "not "):
        with pytest.raises(RowFilterError, match=f"nested more than {MAX_DEPTH} deep"):
            read_row_filter(bracket * 200)


@given(st.text(alphabet="age'\"()=<>! ,.1-ndoritsm\n", max_size=40))
@settings(deadline=None)
def test_any_text_is_read_or_refused(text: str) -> None:
    """Any text is a filter, or raises the documented error."""
    with contextlib.suppress(RowFilterError):
        read_row_filter(text).rows(lambda _: COLUMNS["age"])


@dataclass(frozen=True)
class Phrase:
    """A condition as text, and what it means of a row."""

    text: str
    holds: Callable[[dict[str, str]], bool]


SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@st.composite
def comparisons(draw: st.DrawFn) -> Phrase:
    """Draw a comparison of the column `a` or `b`."""
    name, sign = draw(st.sampled_from("ab")), draw(st.sampled_from(sorted(SIGNS)))
    if draw(st.booleans()):
        number = draw(st.integers(-3, 3))

        def compared(row: dict[str, str]) -> bool:
            value = None if row[name] in MISSING else parse_number(row[name])
            return sign == "!=" if value is None else SIGNS[sign](value, number)

        return Phrase(f"{name} {sign} {number}", compared)
    if draw(st.booleans()):
        return Phrase(f'"{name}" is missing', lambda row: row[name] in MISSING)
    texts = draw(st.lists(st.sampled_from(["x", "it's", "3"]), min_size=1, max_size=3))
    quoted = ", ".join("'" + text.replace("'", "''") + "'" for text in texts)
    return Phrase(f"{name} in ({quoted})", lambda row: row[name] not in MISSING and row[name] in texts)


def _combined(inner: st.SearchStrategy[Phrase]) -> st.SearchStrategy[Phrase]:
    def negated(phrase: Phrase) -> Phrase:
        return Phrase(f"not ({phrase.text})", lambda row: not phrase.holds(row))

    def both(pair: tuple[Phrase, Phrase]) -> Phrase:
        return Phrase(f"({pair[0].text}) and ({pair[1].text})", lambda row: pair[0].holds(row) and pair[1].holds(row))

    def either(pair: tuple[Phrase, Phrase]) -> Phrase:
        return Phrase(f"({pair[0].text}) or ({pair[1].text})", lambda row: pair[0].holds(row) or pair[1].holds(row))

    return inner.map(negated) | st.tuples(inner, inner).map(both) | st.tuples(inner, inner).map(either)


cells = st.sampled_from(["", "?", "x", "it's", "3", "-2", "0", "1.5", "zebra"])


@given(st.recursive(comparisons(), _combined, max_leaves=6), st.lists(st.tuples(cells, cells), min_size=1, max_size=12))
@settings(deadline=None)
def test_filters_against_plain_python(phrase: Phrase, rows: list[tuple[str, str]]) -> None:
    """Any condition chooses the rows for which it holds when each is looked at by itself."""
    columns = {name: coded(name, column) for name, column in zip("ab", zip(*rows, strict=True), strict=True)}
    chosen = read_row_filter(phrase.text).rows(columns.__getitem__)
    assert chosen.tolist() == [phrase.holds({"a": a, "b": b}) for a, b in rows]
