"""Collects the cells of one column while a CSV is read, and keeps as few texts of them as possible."""

import math
from array import array
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import islice
from typing import Literal

import numpy as np

from studio.errors import TableError
from studio.tables.cell_parsing import MAX_NUMBER, MAX_ODD_TEXTS, MISSING, NEAR_ZERO, has_no_value, parse_number
from studio.tables.column_types import INT32_BOUND
from studio.tables.columns import CodedColumn, DateColumn, DroppedColumn, NumberColumn, TableColumn
from studio.tables.dates import matching_formats, timestamp_encoder
from studio.tables.model_column import Column

# With more distinct cells than MANY_NUMBERS a column is tested for numbers, whose texts are not needed; with more than
# MANY_TEXTS, for identifiers and dates. Codes written as numbers, each in many rows, are kept longer: texts may follow.
MANY_NUMBERS, MANY_TEXTS = 20_000, 200_000
_BLOCK = 100_000  # rows
MIN_IDENTIFIER_SHARE = 0.9  # of the rows: with more distinct texts than this share a column is an identifier
IDENTIFIER = "an identifier: nearly every row has a different value"  # why a column is dropped
# Of all columns together. A text takes at least 60 bytes, and its dictionary entry 100.
MAX_TEXTS, MAX_TEXT_CHARACTERS = 15_000_000, 1_000_000_000
_MAX_TEXTS_KEPT, _OTHERS = 100, "other texts"  # of the texts among numbers; with more the column is not one of numbers


type _State = Literal["texts", "numbers", "dates", "dropped"]


class TextBudget:
    """Counts the distinct texts that all columns of a file together hold in memory."""

    def __init__(self) -> None:
        self.texts = 0
        self.characters = 0

    def check(self) -> None:
        """Refuse a file with too many texts.

        Raises:
            TableError: names the limit.
        """
        if self.texts > MAX_TEXTS or self.characters > MAX_TEXT_CHARACTERS:
            limits = f"{MAX_TEXTS:,} different texts, or more than {MAX_TEXT_CHARACTERS:,} characters in them"
            raise TableError("the CSV", [f"its columns hold more than {limits}: leave out columns of long texts"])


class _Codes(dict[str, int]):
    """Numbers cells in the order of their first appearance."""

    def __init__(self) -> None:
        super().__init__()
        self.characters = 0

    def __missing__(self, cell: str) -> int:
        code = self[cell] = len(self)
        self.characters += len(cell)
        return code


class ColumnCollector:
    """Takes the cells of a column block by block."""

    def __init__(self, name: str, *, keep: bool, budget: TextBudget, expected: Column | None = None) -> None:
        """`keep`: the column is never dropped. `expected`: what it is expected to hold.

        A column that is expected to hold categories keeps its texts. Where dates fit several formats, the expected
        one is taken.
        """
        self.name = name
        self._keep = keep
        self._as_texts = expected is not None and expected.holds == "categories"
        self._date_format = expected.date_format if expected is not None else ""
        self._budget = budget
        self._state: _State = "texts"
        self._why = IDENTIFIER  # why it was dropped
        self._codes = _Codes()
        self._coded = array("i")
        self._next_check = MANY_TEXTS if keep else MANY_NUMBERS
        self._numbers = array("d")
        self._whole = True
        self._texts = _Codes()  # the texts among the numbers; below, their rows
        self._text_rows, self._text_codes = array("q"), array("i")
        self._timestamps: dict[str, array[float]] = {}  # by each date format that fits all cells so far

    def extend(self, cells: Sequence[str]) -> None:
        """Add the cells of the next rows.

        Raises:
            TableError: the texts of all columns are too many.
        """
        if self._state == "numbers":
            self._add_numbers(cells)
        elif self._state == "dates":
            self._add_timestamps(cells)
        elif self._state == "texts":
            texts, characters = len(self._codes), self._codes.characters
            coded = np.fromiter(map(self._codes.__getitem__, cells), dtype=np.int32, count=len(cells))
            self._coded.frombytes(coded.tobytes())
            self._budget.texts += len(self._codes) - texts
            self._budget.characters += self._codes.characters - characters
            if len(self._codes) > self._next_check:
                self._next_check *= 2
                self._reduce()
                self._budget.check()

    def has_nul(self) -> bool:
        """Tell whether any cell contains a NUL character."""
        return any("\0" in cell for cells in (self._codes, self._texts) for cell in cells)

    def finished(self) -> TableColumn:
        """Return the column."""
        match self._state:
            case "numbers":
                values = np.frombuffer(self._numbers, dtype=np.float64)
                text_rows = np.frombuffer(self._text_rows, dtype=np.int64)
                text_codes = np.frombuffer(self._text_codes, dtype=np.int32)
                return NumberColumn(self.name, values, self._whole, tuple(self._texts), text_rows, text_codes)
            case "dates":
                date_format, *others = sorted(
                    self._timestamps, key=lambda date_format: date_format != self._date_format
                )
                timestamps = np.frombuffer(self._timestamps[date_format], dtype=np.float64)
                return DateColumn(self.name, timestamps, date_format, tuple(others))
            case "dropped":
                return DroppedColumn(self.name, self._why)
        merged = _Codes()  # cells that differ only by surrounding spaces
        lookup = np.fromiter((merged[cell.strip()] for cell in self._codes), dtype=np.int32, count=len(self._codes))
        return CodedColumn(self.name, tuple(merged), lookup[np.frombuffer(self._coded, dtype=np.int32)])

    def _reduce(self) -> None:
        """Hold the column as plain numbers or timestamps if its cells allow it; drop it if it is an identifier."""
        different, rows = len(self._codes), len(self._coded)
        many = different > MANY_TEXTS
        if not many and different < rows / 2:
            return
        if self._as_texts:
            if many and not self._keep and different > MIN_IDENTIFIER_SHARE * rows:
                self._forget_texts("dropped")
            return
        odd = islice((cell for cell in map(str.strip, self._codes) if _is_odd(cell)), MAX_ODD_TEXTS + 1)
        if _plain_numbers(self._codes) is not None or len(list(odd)) <= MAX_ODD_TEXTS:
            self._replay(self._add_numbers)
            self._forget_texts("numbers")
        elif many and not self._keep:
            cells = [cell for cell in map(str.strip, self._codes) if not has_no_value(cell)]
            self._timestamps = {date_format: array("d") for date_format in matching_formats(cells)}
            if self._timestamps:
                self._state = "dates"
                self._replay(self._add_timestamps)
                self._forget_texts(self._state)
            elif different > MIN_IDENTIFIER_SHARE * rows:
                self._forget_texts("dropped")

    def _replay(self, add: Callable[[Sequence[str]], None]) -> None:
        """Add all rows so far once more, by another function."""
        coded, distinct = np.frombuffer(self._coded, dtype=np.int32), list(self._codes)
        for begin in range(0, len(coded), _BLOCK):
            add([distinct[code] for code in coded[begin : begin + _BLOCK].tolist()])

    def _add_timestamps(self, cells: Sequence[str]) -> None:
        stripped = [cell.strip() for cell in cells]
        for date_format, timestamps in list(self._timestamps.items()):
            try:
                timestamps.extend(map(timestamp_encoder(date_format), stripped))
            except ValueError:
                del self._timestamps[date_format]
        if not self._timestamps:
            self._why = "dates and other texts are mixed"
            self._state = "dropped"

    def _forget_texts(self, state: _State) -> None:
        self._budget.texts -= len(self._codes)
        self._budget.characters -= self._codes.characters
        self._state, self._codes, self._coded = state, _Codes(), array("i")

    def _add_numbers(self, cells: Sequence[str]) -> None:
        values = _plain_numbers(cells)
        spelled: Iterable[str] = cells
        if values is None:
            values = array("d", map(_number, cells))
            self._remember_texts(cells, values)
            spelled = (cell for cell, value in zip(cells, values, strict=True) if not math.isnan(value))
        if self._whole:
            joined = "".join(spelled)
            numbers = np.frombuffer(values, dtype=np.float64)
            numbers = numbers[~np.isnan(numbers)]
            plain = "." not in joined and "e" not in joined and "E" not in joined
            self._whole = plain and bool((np.abs(numbers) < INT32_BOUND).all())
        self._numbers.extend(values)

    def _remember_texts(self, cells: Sequence[str], values: "array[float]") -> None:
        """Keep the texts of the rows that hold neither a number nor a known spelling of missing."""
        for at in np.flatnonzero(np.isnan(np.frombuffer(values, dtype=np.float64))).tolist():
            text = cells[at].strip()
            if text not in MISSING:
                self._text_rows.append(len(self._numbers) + at)
                kept = text in self._texts or len(self._texts) < _MAX_TEXTS_KEPT
                self._text_codes.append(self._texts[text if kept else _OTHERS])


def _number(cell: str) -> float:
    number = parse_number(cell.strip())
    return math.nan if number is None else number


def _plain_numbers(cells: Collection[str]) -> "array[float] | None":
    """Return the cells as numbers if all are in spellings that Python reads; else None."""
    try:
        values = array("d", map(float, cells))
    except ValueError:
        return None
    numbers = np.frombuffer(values, dtype=np.float64)
    sizes = np.abs(numbers)
    if not (sizes <= MAX_NUMBER).all() or "_" in "".join(cells):
        return None
    numbers[sizes <= NEAR_ZERO] = 0.0
    return values


def _is_odd(text: str) -> bool:
    return not has_no_value(text) and parse_number(text) is None
