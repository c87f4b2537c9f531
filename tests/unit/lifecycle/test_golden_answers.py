"""Answers to golden rows: the same, or not, within a stated tolerance."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.lifecycle.golden_answers import answers_match
from shared.records.golden_answers import Answers

TABLES = st.lists(
    st.tuples(st.one_of(st.text(max_size=5), st.floats().map(str)), st.sampled_from(["yes", "no"])), max_size=4
).map(tuple)


@pytest.mark.parametrize(
    ("first", "second", "tolerance", "expected"),
    [
        ("0.912345", "0.912345", 0.0, True),
        ("0.912345", "0.912346", 0.0, False),
        ("0.912345", "0.912346", 1e-5, True),
        ("0.912345", "0.9130", 1e-5, False),
        ("149447.94", "149448.50", 1e-5, True),  # by its share: a tolerance in the label's own unit would say nothing
        ("0.20", "0.2", 0.0, False),
        ("yes", "no", 0.9, False),
        ("NaN", "NaN", 0.0, True),
        ("NaN", "0.5", 0.9, False),
        ("inf", "-inf", 0.9, False),
        ("", "0", 0.9, False),
    ],
)
def test_two_cells(first: str, second: str, tolerance: float, expected: bool) -> None:
    """Texts must be equal; numbers may differ by the tolerance or by that share of the larger one."""
    assert answers_match(((first,),), ((second,),), tolerance) is expected


@given(TABLES, TABLES, st.sampled_from([0.0, 1e-6, 0.1]))
def test_the_order_of_the_two_does_not_matter(first: Answers, second: Answers, tolerance: float) -> None:
    """Whatever the tables, they are the same both ways or not at all; any table is the same as itself."""
    assert answers_match(first, second, tolerance) is answers_match(second, first, tolerance)
    assert answers_match(first, first, tolerance)


def test_a_row_or_a_column_more_is_a_difference() -> None:
    """No tolerance makes tables of different sizes equal."""
    assert not answers_match((("1",),), (("1",), ("1",)), 0.5)
    assert not answers_match((("1",),), (("1", "1"),), 0.5)
