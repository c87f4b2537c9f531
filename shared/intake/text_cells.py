"""Cells of texts, dates, booleans and labels (pure)."""

import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from urllib.parse import urlsplit

from shared.gates.holdout import label_key
from shared.intake.cell_constraints import check_of, missing_problem
from shared.intake.cells import Cell, CellChange, CellCode, CellProblem, refused
from shared.intake.date_patterns import plain_pattern, reads
from shared.intake.table_schema import FieldType, SchemaField

# A spreadsheet shows a long number like this, and saves what it shows.
_SHORTENED = re.compile(r"[0-9](?:[.,][0-9]+)?E\+[0-9]{2,3}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_NEW_CATEGORY = CellProblem(CellCode.CONSTRAINT, "No file before had this value in the column. It is accepted.")
_NO_DATE = {
    FieldType.DATE: "date",
    FieldType.DATETIME: "date and time",
    FieldType.TIME: "time",
    FieldType.YEAR: "year of four digits",
}


class TextReader:
    """Reads a column of type string or any: a cell is never changed."""

    def __init__(self, field: SchemaField) -> None:
        self.field = field
        self._check = check_of(field)
        self._missing = missing_problem(field)
        self._is_right = _FORMATS.get(field.format)
        self._categories = frozenset(field.notes.values)

    @property
    def plain(self) -> str:
        """The categories so far; where they are not kept, words of letters."""
        if self._categories and self._check is None and self._is_right is None:
            texts = sorted(text for text in self._categories if text.isascii() and self.read(text) == Cell(text))
            return "(?:" + "|".join(map(re.escape, texts)) + ")" if texts else ""
        if self._check is not None or self._is_right is not None or any(map(str.isalpha, self.field.missing_values)):
            return ""
        return "[A-Za-z][A-Za-z_ ]*"

    def read(self, cell: str) -> Cell:
        """Read one cell."""
        missing = self.field.missing_values
        if cell in missing or ("" in missing and not cell.strip()):
            return Cell("", missing=True, change=CellChange.MISSING if cell else "", problem=self._missing)
        if self.field.type is FieldType.STRING and _SHORTENED.fullmatch(cell.strip()):
            return refused(
                cell,
                CellCode.TYPE,
                "A spreadsheet has shortened the digits of this text to scientific notation: they are lost."
                " Format the column as text and save the file again.",
            )
        if self._is_right is not None and not self._is_right(cell):
            return refused(cell, CellCode.TYPE, f"The cell is no {self.field.format}, which the schema's format says.")
        problem = self._check(cell) if self._check is not None else None
        is_new = bool(self._categories) and cell not in self._categories
        return Cell(cell, problem=problem, warning=_NEW_CATEGORY if is_new else None)


class UndecidedDateReader:
    """Reads a learnt column of dates whose order of day and month nothing has decided: either is accepted."""

    plain = ""

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

    def __init__(self, field: SchemaField) -> None:
        self.field = field
        self._reads = reads(field)
        self._check = check_of(field)
        self._missing = missing_problem(field)

    @property
    def plain(self) -> str:
        """The days that every month has."""
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


class LabelReader:
    """Reads a column of labels: all spellings of a class become that of `spellings`, else the first that comes."""

    def __init__(self, field: SchemaField, spellings: Iterable[str]) -> None:
        self.field = field
        self._spelling: dict[str | float, str] = {}
        for spelling in spellings:
            self._spelling.setdefault(label_key(spelling), spelling)
        self._check = check_of(field)
        self._missing = missing_problem(field)

    @property
    def plain(self) -> str:
        """The classes as they are spelt; a first spelling must be read."""
        if self._check is not None and self.field.constraints.enum is None:
            return ""
        spellings = [
            text for text in self._spelling.values() if text.isascii() and text not in self.field.missing_values
        ]
        return "(?:" + "|".join(map(re.escape, spellings)) + ")" if spellings else ""

    def read(self, cell: str) -> Cell:
        """Read one cell."""
        text = cell.strip()
        if cell in self.field.missing_values or text in self.field.missing_values or not text:
            return Cell("", missing=True, change=CellChange.MISSING if cell else "", problem=self._missing)
        key = label_key(text)
        spelling = self._spelling.get(key)
        spelling = text if spelling is None else spelling
        problem = self._check(spelling) if self._check is not None else None
        if problem is not None:
            return Cell(cell, problem=problem)
        self._spelling.setdefault(key, spelling)
        return Cell(spelling, change="" if spelling == cell else CellChange.LABEL)


class BooleanReader:
    """Reads a column of booleans; each of the two has one spelling."""

    def __init__(self, field: SchemaField, spellings: Iterable[str] = ()) -> None:
        self.field = field
        self._check = check_of(field)
        self._missing = missing_problem(field)
        self._spelling = _boolean_spellings(field, spellings)

    @property
    def plain(self) -> str:
        """The two spellings, once both are certain."""
        texts = sorted(set(self._spelling.values()))
        if self._check is not None or not texts or not all(map(str.isascii, texts)):
            return ""
        return "(?:" + "|".join(map(re.escape, texts)) + ")"

    def read(self, cell: str) -> Cell:
        """Read one cell."""
        text = cell.strip()
        if cell in self.field.missing_values or text in self.field.missing_values:
            return Cell("", missing=True, change=CellChange.MISSING if cell else "", problem=self._missing)
        spelling = self._spelling.get(label_key(text))
        if spelling is None:
            both = ", ".join(map(repr, (*self.field.true_values, *self.field.false_values)))
            return refused(cell, CellCode.TYPE, f"The cell is none of {both}.")
        problem = self._check(spelling) if self._check is not None else None
        if problem is not None:
            return Cell(cell, problem=problem)
        return Cell(spelling, change="" if spelling == cell else CellChange.BOOLEAN)


def _boolean_spellings(field: SchemaField, spellings: Iterable[str]) -> Mapping[str | float, str]:
    """Return the one spelling of each accepted text: the first of `spellings` in use, else the schema's first."""
    chosen: dict[str | float, str] = {}
    used = list(spellings)
    for values in (field.true_values, field.false_values):
        keys = [label_key(value) for value in values]
        usual = next((text for text in used if label_key(text) in keys), values[0])
        chosen.update(dict.fromkeys(keys, usual))
    return chosen


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


def _is_uri(text: str) -> bool:
    try:
        return bool(urlsplit(text).scheme)
    except ValueError:
        return False


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


_FORMATS: Mapping[str, Callable[[str], bool]] = {
    "email": lambda text: _EMAIL.fullmatch(text) is not None,
    "uri": _is_uri,
    "uuid": _is_uuid,
}
