"""Cells of dates and times (pure)."""

import re
from dataclasses import replace

from shared.intake.cell_constraints import check_of, missing_problem
from shared.intake.cells import Cell, CellChange, CellCode, refused
from shared.intake.date_patterns import plain_pattern, reads
from shared.intake.table_schema import FieldType, SchemaField

_NO_DATE = {
    FieldType.DATE: "date",
    FieldType.DATETIME: "date and time",
    FieldType.TIME: "time",
    FieldType.YEAR: "year of four digits",
}


class UndecidedDateReader:
    """Reads a learnt column of dates whose order of day and month nothing has decided: either is accepted."""

    plain = ""
    warning = ""

    def __init__(self, field: SchemaField) -> None:
        self.field = field
        moment = replace(field, type=FieldType.DATETIME)
        self._formats = [reads(replace(moment, format=pattern)) for pattern in field.notes.formats]
        self._missing = missing_problem(field)

    def read(self, cell: str) -> Cell:
        """Read one cell."""
        text = cell.strip()
        if cell in self.field.missing_values or text in self.field.missing_values:
            return Cell("", missing=True, change=CellChange.MISSING if cell else "", problem=self._missing)
        if not any(read(text) for read in self._formats):
            formats = " or ".join(self.field.notes.formats)
            return refused(cell, CellCode.TYPE, f"The cell is no date as the column has had so far, {formats}.")
        return Cell(text, change="" if text == cell else CellChange.SPACES)


class DateReader:
    """Reads a column of dates, times or years: a cell keeps its spelling."""

    warning = ""

    def __init__(self, field: SchemaField) -> None:
        self.field = field
        self._reads = reads(field)
        self._check = check_of(field)
        self._missing = missing_problem(field)

    @property
    def plain(self) -> str:
        """The days that every month has, and that of most leap years."""
        pattern = plain_pattern(self.field)
        if self._check is not None or not pattern:
            return ""
        return "" if any(re.fullmatch(pattern, text) for text in self.field.missing_values) else pattern

    def read(self, cell: str) -> Cell:
        """Read one cell."""
        text = cell.strip()
        if cell in self.field.missing_values or text in self.field.missing_values:
            return Cell("", missing=True, change=CellChange.MISSING if cell else "", problem=self._missing)
        if self._reads(text) is None:
            return refused(cell, CellCode.TYPE, _date_message(self.field, text))
        problem = self._check(text) if self._check is not None else None
        if problem is not None:
            return Cell(cell, problem=problem)
        return Cell(text, change="" if text == cell else CellChange.SPACES)


def _date_message(field: SchemaField, text: str) -> str:
    pattern = f", {field.format}" if field.format != "default" else ""
    what = f"The cell is no {_NO_DATE[field.type]} in the schema's format{pattern}."
    if re.fullmatch(r"[0-9]{5}(?:\.[0-9]+)?", text):
        return (
            f"{what} It looks like a day number of a spreadsheet: format the column as dates and save the file again."
        )
    if re.fullmatch(r"[0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{2}", text):
        return f"{what} A year of two digits has more than one reading: write four."
    return what
