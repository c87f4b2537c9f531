"""The constraints of a schema's field, checked on clean cells (pure)."""

import re
from collections.abc import Callable

from shared.intake.cells import CellCode, CellProblem
from shared.intake.field_values import Value, value_of
from shared.intake.table_schema import NO_CONSTRAINTS, SchemaField

type Check = Callable[[str], CellProblem | None]


def check_of(field: SchemaField) -> Check | None:
    """Return the function that checks a clean cell with a value; None if the field has no such constraint."""
    limits = field.constraints
    if limits._replace(required=False, unique=False) == NO_CONSTRAINTS:
        return None
    values = None if limits.enum is None else frozenset(value_of(field, text) for text in limits.enum)
    low = None if limits.minimum is None else value_of(field, limits.minimum)
    high = None if limits.maximum is None else value_of(field, limits.maximum)
    matches = None if limits.pattern is None else re.compile(limits.pattern).fullmatch

    def check(text: str) -> CellProblem | None:  # noqa: PLR0911 - one line a constraint
        value = value_of(field, text)
        if values is not None and value not in values:
            return _problem(f"The schema allows {_listed(limits.enum)} here.")
        if low is not None and _less(value, low):
            return _problem(f"The value is below the schema's minimum, {limits.minimum}.")
        if high is not None and _less(high, value):
            return _problem(f"The value is above the schema's maximum, {limits.maximum}.")
        if limits.min_length is not None and len(text) < limits.min_length:
            return _problem(f"The cell has {len(text)} characters; the schema's minLength is {limits.min_length}.")
        if limits.max_length is not None and len(text) > limits.max_length:
            return _problem(f"The cell has {len(text)} characters; the schema's maxLength is {limits.max_length}.")
        if matches is not None and matches(text) is None:
            return _problem(f"The cell does not match the schema's pattern, {limits.pattern}.")
        return None

    return check


def missing_problem(field: SchemaField) -> CellProblem | None:
    """Return the problem of a missing cell; None if the field may be missing."""
    return _problem("The schema requires a value here.") if field.constraints.required else None


def _problem(message: str) -> CellProblem:
    return CellProblem(CellCode.CONSTRAINT, message)


def _less(low: Value | None, high: Value | None) -> bool:
    """Compare two values of one field; only numbers and times have limits."""
    return low is not None and high is not None and low < high  # type: ignore[operator]


def _listed(values: tuple[str, ...] | None) -> str:
    texts = [repr(value) for value in values or ()]
    return ", ".join(texts[:10]) + (f" and {len(texts) - 10} more" if len(texts) > 10 else "")
