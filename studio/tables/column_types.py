"""The type that an answer's ColumnTypes gives a column, read off its cells (protocol 2)."""

from collections.abc import Iterable
from typing import Literal

from studio.tables.cell_parsing import parse_number

type WireType = Literal["Int32", "Double", "String"]  # those that were recorded

_INT32 = 2**31


def type_of(cells: Iterable[str]) -> WireType:
    """Return the type of a column with these cells, none of which is missing; without any it holds text."""
    wire_type: WireType = "String"
    for cell in cells:
        number = parse_number(cell)
        if number is None:
            return "String"
        plain = number.is_integer() and -_INT32 <= number < _INT32 and not set(cell) & set(".eE")
        wire_type = "Double" if wire_type == "Double" or not plain else "Int32"
    return wire_type
