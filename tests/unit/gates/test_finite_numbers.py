"""Numbers: finite ones are read exactly, everything else is none."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.gates.finite_numbers import finite_number


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_number_is_read_exactly(value: float) -> None:
    """In Python's and .NET's exponent notation, with spaces around it or not."""
    for text in (repr(value), repr(value).replace("e", "E"), f" {value!r} "):
        number = finite_number(text)
        assert number is not None
        assert math.isclose(number, value, rel_tol=0, abs_tol=0)


@pytest.mark.parametrize("text", ["", " ", "NaN", "Infinity", "-inf", "1,5", "1_000", "0x10", "one", "1e999"])
def test_any_other_text_is_no_number(text: str) -> None:
    """Neither a missing nor an unlimited value passes for a number, nor a digit grouping that only Python knows."""
    assert finite_number(text) is None
