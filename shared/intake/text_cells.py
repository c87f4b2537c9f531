"""Cells of texts (pure)."""

import re
import uuid
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from shared.intake.cell_constraints import check_of, missing_problem
from shared.intake.cells import PRINTABLE, Cell, CellChange, CellCode, refused
from shared.intake.table_schema import FieldType, SchemaField
from shared.plurals import counted

# A spreadsheet shows a long number like this, and saves what it shows; programs write the e small.
_SHORTENED = re.compile(r"[+-]?[0-9]{1,3}(?:[.,][0-9]+)?[eE]\+[0-9]{2,3}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_MAX_NEW = 1000  # different new values of a column that are counted


_USUAL_TEXT = rf"[A-Za-z_]{PRINTABLE}|[0-9](?![0-9.,]*[eE][+]){PRINTABLE}"  # digits with an E may be a shortened number


class TextReader:
    """Reads a column of type string or any: a cell is never changed."""

    def __init__(self, field: SchemaField) -> None:
        self.field = field
        self._check = check_of(field)
        self._missing = missing_problem(field)
        self._is_right = _FORMATS.get(field.format)
        self._categories = frozenset(field.notes.values)
        self._new: set[str] = set()

    @property
    def warning(self) -> str:
        """How many values no file had while the schema was learnt."""
        if not self._new:
            return ""
        count = f"{_MAX_NEW} or more values" if len(self._new) == _MAX_NEW else counted(len(self._new), "value")
        return f"The column has {count} that the file which taught the schema did not have. They are accepted."

    @property
    def plain(self) -> str:
        """The categories so far; where they are not kept, a text that begins with a letter, or with a digit.

        A number that may be shortened is none.
        """
        if self._categories and self._check is None and self._is_right is None:
            texts = sorted(text for text in self._categories if text.isascii() and self.read(text) == Cell(text))
            return "(?:" + "|".join(map(re.escape, texts)) + ")" if texts else ""
        if self._check is not None or self._is_right is not None:
            return ""
        return "" if any(re.fullmatch(_USUAL_TEXT, text) for text in self.field.missing_values) else _USUAL_TEXT

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
        if self._categories and cell not in self._categories and len(self._new) < _MAX_NEW:
            self._new.add(cell)
        return Cell(cell, problem=problem)


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
