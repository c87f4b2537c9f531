"""Columns of numbers: by every cell, and no code with a needless 0 passes for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.gates.number_columns import number_columns

NUMBERS = st.floats(allow_nan=False, allow_infinity=False).map(repr) | st.integers().map(str) | st.just("")


@given(
    st.lists(NUMBERS, min_size=1),
    st.sampled_from(["x", "01234", "-007", "1,5", "NaN", "1_000", "2026-12-01"]),
    st.data(),
)
def test_one_other_cell_makes_a_column_one_of_texts(cells: list[str], text: str, data: st.DataObject) -> None:
    """Wherever it stands."""
    cells = [*cells, "1"]
    at = data.draw(st.integers(0, len(cells)))
    with_text = [*cells[:at], text, *cells[at:]]
    assert number_columns(["a"], [(cell,) for cell in cells]) == {"a"}
    assert number_columns(["a"], [(cell,) for cell in with_text]) == frozenset()


@pytest.mark.parametrize("cell", ["0", "0.5", "-0.5", "10", "1e3", "+3"])
def test_usual_numbers(cell: str) -> None:
    """A 0 before a point, or alone, is not needless."""
    assert number_columns(["a", "b"], [(cell, "t")]) == {"a"}


def test_a_column_without_a_value_is_none() -> None:
    """Nothing says that it holds numbers."""
    assert number_columns(["a"], [("",), ("",)]) == frozenset()
    assert number_columns(["a"], []) == frozenset()
