"""Cells of labels and booleans: each class has one spelling (pure)."""

import re
from collections.abc import Iterable, Mapping

from shared.gates.holdout import label_key
from shared.intake.cell_constraints import check_of, missing_problem
from shared.intake.cells import Cell, CellChange, CellCode, refused
from shared.intake.number_cells import NumberReader
from shared.intake.table_schema import SchemaField


class LabelReader:
    """Reads a column of labels: all spellings of a class become that of `spellings`, else the first that comes."""

    warning = ""

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


class NumberLabelReader:
    """Reads a column of labels that are numbers: cleaned as numbers, then spelt as the class of the same value."""

    warning = ""
    plain = ""

    def __init__(self, numbers: NumberReader, spellings: Iterable[str]) -> None:
        self.field = numbers.field
        self._numbers = numbers
        self._spelling = {label_key(spelling): spelling for spelling in reversed(tuple(spellings))}

    def read(self, cell: str) -> Cell:
        """Read one cell."""
        answer = self._numbers.read(cell)
        if answer.problem is not None or answer.missing:
            return answer
        spelling = self._spelling.get(label_key(answer.text), answer.text)
        return (
            answer if spelling == answer.text else Cell(spelling, change="" if spelling == cell else CellChange.LABEL)
        )


class BooleanReader:
    """Reads a column of booleans; each of the two has one spelling."""

    warning = ""

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
