"""The type of a column in the ColumnTypes of an answer, derived from its cells (protocol 2)."""

from collections.abc import Iterable
from typing import Literal

from studio.tables.cell_parsing import parse_number

type WireType = Literal["Int32", "Double", "String"]  # those that recordings of the original show

INT32_BOUND = 2**31


def is_int32(number: float) -> bool:
    """Tell whether a number is a whole one of 32 bits."""
    return number.is_integer() and -INT32_BOUND <= number < INT32_BOUND


def is_plain(cell: str) -> bool:
    """Tell whether a number is written without a point or an exponent."""
    return not set(cell) & set(".eE")


def type_of(cells: Iterable[str]) -> WireType:
    """Return the type of a column with these cells, none of them missing; String for no cells."""
    wire_type: WireType = "String"
    for cell in cells:
        number = parse_number(cell)
        if number is None:
            return "String"
        if not is_int32(number) or not is_plain(cell):
            wire_type = "Double"
        elif wire_type == "String":
            wire_type = "Int32"
    return wire_type
