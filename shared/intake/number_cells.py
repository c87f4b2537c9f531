"""Cells of numbers: read by the schema's decimal and group sign, cleaned where there is one reading (pure)."""

import re
from dataclasses import replace

from shared.intake.cell_constraints import check_of, missing_problem
from shared.intake.cells import Cell, CellChange, CellCode, refused
from shared.intake.field_values import NUMBER, number_of
from shared.intake.number_forms import Dressed, Reading, as_number, readings, undressed
from shared.intake.table_schema import FieldType, SchemaField

_PLAIN = r"-?[0-9]{1,15}+"  # possessive: nothing is tried twice, in blocks of a thousand cells
_PLAIN_NUMBER = re.compile(NUMBER)
_ZEROS_ONLY = re.compile(r"([+-]?[0-9]+)\.0*")


class NumberReader:
    """Reads a column of type number or integer.

    Attributes:
        field: its decimal sign is None while files have not decided it.
    """

    warning = ""

    def __init__(self, field: SchemaField) -> None:
        self.field = field
        self._integer = field.type is FieldType.INTEGER
        self._check = check_of(field)
        self._missing = missing_problem(field)
        self._unit = field.notes.unit

    @property
    def plain(self) -> str:
        """Whole numbers, and with a decimal point where the schema says so."""
        if self._check is not None or self._unit == "%":
            return ""
        if any(re.fullmatch(rf"{_PLAIN}(?:\.[0-9]*)?", text) for text in self.field.missing_values):
            return ""
        if self._integer or self.field.decimal_char != ".":
            return _PLAIN
        return rf"{_PLAIN}(?:\.[0-9]{{1,15}}+)?+"

    def read(self, cell: str) -> Cell:
        """Read one cell."""
        text = cell.strip()
        if cell in self.field.missing_values or text in self.field.missing_values:
            return Cell("", missing=True, change=CellChange.MISSING if cell else "", problem=self._missing)
        if self.field.decimal_char == "." and self._unit != "%" and _PLAIN_NUMBER.fullmatch(text):
            return self._cleaned(cell, text, CellChange.NUMBER)
        dressed = undressed(text)
        if dressed is None:
            return refused(cell, CellCode.TYPE, "The cell is no number.")
        unit_problem = self._unit_problem(dressed)
        if unit_problem:
            return refused(cell, CellCode.AMBIGUOUS, unit_problem)
        reading = self._reading(dressed)
        if isinstance(reading, str):
            return refused(cell, self._code(dressed), reading)
        if dressed.unit and not self._unit:
            self._unit = dressed.unit  # from here on another currency would be another measure
        change = CellChange.UNIT if dressed.unit else CellChange.NUMBER
        return self._cleaned(cell, dressed.sign + reading.text, change)

    def _unit_problem(self, dressed: Dressed) -> str:
        if dressed.unit == "%" and self.field.bare_number:
            return (
                "With a percent sign, 12 could be 12 or 0.12. Say bareNumber = false in the schema to read 12% as 12,"
                " or write the numbers without the sign."
            )
        if self.field.notes.unit == "%" and dressed.unit != "%":
            return "The column's numbers have a percent sign, and this one has none: it could be a share."
        if dressed.unit and self._unit and dressed.unit != self._unit:
            return f"The number is in {dressed.unit}, those before it are in {self._unit}."
        return ""

    def _reading(self, dressed: Dressed) -> Reading | str:
        """Return the one reading of a cell, or why there is none."""
        decimal, group = self.field.decimal_char, self.field.group_char
        if decimal is not None:
            settled = as_number(dressed.digits, decimal, group or "")
            if settled is not None:
                return Reading(settled, decimal, group or "")
        possible = readings(dressed.digits)
        if not possible:
            return "The cell is no number."
        if len(possible) > 1:
            return (
                "The number has two readings: its sign could be a decimal sign or group thousands. Say decimal and"
                " thousands in [intake], or decimalChar and groupChar in the schema."
            )
        reading = possible[0]
        if decimal is not None and reading.decimal not in {"", decimal}:
            return (
                f"The number has the decimal sign {reading.decimal!r}, the schema says {decimal!r}. Say decimal in"
                " [intake], or decimalChar in the schema, if that is meant."
            )
        return reading

    def _code(self, dressed: Dressed) -> CellCode:
        return CellCode.AMBIGUOUS if len(readings(dressed.digits)) > 1 else CellCode.TYPE

    def _cleaned(self, cell: str, text: str, change: CellChange) -> Cell:
        if self._integer:
            whole = _ZEROS_ONLY.fullmatch(text)
            text = whole[1] if whole else text
            if not text.lstrip("+-").isdigit():
                return refused(cell, CellCode.TYPE, "The cell is no whole number.")
        if number_of(text) is None:
            return refused(cell, CellCode.TYPE, "The number is too large for a floating-point number.")
        problem = self._check(text) if self._check is not None else None
        if problem is not None:
            return Cell(cell, problem=problem)
        if text == cell:
            return Cell(cell)
        return Cell(text, change=CellChange.SPACES if text == cell.strip() else change)


def settled(field: SchemaField, *, learnt: bool, decimal: str | None, thousands: str | None) -> SchemaField:
    """Return a field of numbers with what routes.toml says where the schema says nothing.

    By hand, the standard's decimal point holds in the end; in a schema that was learnt, None means undecided.
    """
    group = field.group_char or thousands
    implied = {",": ".", ".": ","}.get(group or "")  # whoever groups by one sign means the other to be decimal
    mark = field.decimal_char or decimal or implied or (None if learnt else ".")
    return replace(field, decimal_char=mark, group_char=group if group != mark else None)
