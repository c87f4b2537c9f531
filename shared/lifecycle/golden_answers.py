"""Answers to golden rows: compared within the route's tolerance, and read back from a record."""

import math

from shared.records.golden_answers import Answers


def answers_match(first: Answers, second: Answers, tolerance: float) -> bool:
    """Tell whether two tables of answers are equal within a tolerance.

    Texts must be equal. With a tolerance above 0, two finite numbers may differ by the tolerance, or by that share of
    the larger number: services that compute in parallel may differ in the last digits.
    """
    if first == second:
        return True
    if not tolerance or len(first) != len(second):
        return False
    return all(
        len(row) == len(beside) and all(_close(a, b, tolerance) for a, b in zip(row, beside, strict=True))
        for row, beside in zip(first, second, strict=True)
    )


def as_answers(value: object) -> Answers:
    """Return answers as they were before they went through a JSON column."""
    if not isinstance(value, list | tuple):
        raise TypeError(f"Answers are a list of rows, not {type(value).__name__}.")
    return tuple(tuple(str(cell) for cell in row) for row in value)


def _close(first: str, second: str, tolerance: float) -> bool:
    if first == second:
        return True
    try:
        a, b = float(first), float(second)
    except ValueError:
        return False
    return math.isfinite(a) and math.isfinite(b) and math.isclose(a, b, rel_tol=tolerance, abs_tol=tolerance)
