"""What the cells of one column say about its type, in bounded memory however long the column is (pure)."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache

from shared.gates.holdout import label_key
from shared.intake.cell_kinds import NUMBERS, Kind, Look, MomentForm, look_of
from shared.intake.date_patterns import plain_pattern
from shared.intake.table_schema import DEFAULT_FORMAT, SchemaField

_USUAL_NUMBERS = re.compile(r"(?:(?:-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,20})?)?\n)*+")
# A number that can only have a decimal point: what follows the point are no three digits, or too many stand before it.
_WITH_POINT = re.compile(r"\.(?:[0-9]{1,2}|[0-9]{4,})\n|(?:\b0|[0-9]{4})\.")
MAX_CATEGORIES = 50  # different texts of a column that its notes keep
MAX_CLASSES = 1000  # different labels that an enum keeps


class ColumnEvidence:
    """The evidence of one column.

    Attributes:
        rows: rows by what their cells look like.
        forms: rows with a moment, by the forms that it can have.
        units, groups: rows by percent sign or currency, and by group sign.
        serials: rows that may have the day number of a spreadsheet.
        low, high: the range of the numbers with one reading; None without any.
        spellings: the first spelling of each different value, until `is_full`.
        odd_cell, odd_row: the first cell that is neither a number nor a moment, and its data row, from 1; None without
            any, and while nobody says the row.
    """

    def __init__(self) -> None:
        self.rows: Counter[Kind] = Counter()
        self.forms: Counter[tuple[MomentForm, ...]] = Counter()
        self.units: Counter[str] = Counter()
        self.groups: Counter[str] = Counter()
        self.serials = 0
        self.low: float | None = None
        self.high: float | None = None
        self.spellings: dict[str | float, str] = {}
        self.odd_cell: str | None = None
        self.odd_row: int | None = None
        self._exact: set[str] = set()

    def add(self, cell: str, rows: int = 1) -> None:
        """Add a cell that stands in some rows; the first call for each cell in the file's order."""
        look = look_of(cell)
        self.rows[look.kind] += rows
        if look.kind is Kind.MISSING:
            return
        if look.kind is Kind.MOMENT:
            self.forms[look.forms] += rows
        elif look.kind in NUMBERS:
            self._add_number(look, rows)
        elif look.kind is not Kind.NO_MOMENT and self.odd_cell is None:
            self.odd_cell = cell
        if not self.is_full:
            self.spellings.setdefault(label_key(cell), cell.strip())
            self._exact.add(cell)

    def add_cells(self, cells: Sequence[str]) -> None:
        """Add the cells of some rows, in order; as `add` for each of them, and faster for usual numbers."""
        if self.is_full and (self._add_usual_numbers(cells) or self._add_usual_moments(cells)):
            return
        for cell, rows in Counter(cells).items():
            self.add(cell, rows)

    def _add_usual_numbers(self, cells: Sequence[str]) -> bool:
        """Add cells that are all usual numbers or empty; False if there are others, or if they might be days."""
        if self.forms or self.rows[Kind.NO_MOMENT]:
            return False
        text = "\n".join(cells) + "\n"
        if _USUAL_NUMBERS.fullmatch(text) is None:
            return False
        points, missing = text.count("."), cells.count("")
        if points and _WITH_POINT.search(text) is None:
            return False
        numbers = list(map(float, filter(None, cells)))
        self.rows.update({Kind.MISSING: missing, Kind.POINT: points, Kind.WHOLE: len(numbers) - points})
        self.units[""] += len(numbers)
        if numbers:
            self._widen(min(numbers))
            self._widen(max(numbers))
        return True

    def _add_usual_moments(self, cells: Sequence[str]) -> bool:
        """Add cells that are all of the one form that the column has, or empty; False if there are others."""
        if len(self.forms) != 1:
            return False
        forms = next(iter(self.forms))
        pattern = _usual_moments(forms[0]) if len(forms) == 1 else None
        if pattern is None or pattern.fullmatch("\n".join(cells) + "\n") is None:
            return False
        missing = cells.count("")
        self.rows.update({Kind.MISSING: missing, Kind.MOMENT: len(cells) - missing})
        self.forms[forms] += len(cells) - missing
        return True

    def _add_number(self, look: Look, rows: int) -> None:
        self.units[look.unit] += rows
        self.serials += rows if look.serial else 0
        if look.group:
            self.groups[look.group] += rows
        if look.number is not None:
            self._widen(look.number)

    def _widen(self, number: float) -> None:
        self.low = number if self.low is None else min(self.low, number)
        self.high = number if self.high is None else max(self.high, number)

    def count(self, kinds: Iterable[Kind]) -> int:
        """Return the rows of some kinds."""
        return sum(self.rows[kind] for kind in kinds)

    @property
    def is_full(self) -> bool:
        """Whether it has had more different cells than it keeps."""
        return len(self._exact) > MAX_CLASSES

    @property
    def values(self) -> int:
        """The rows that have a value, whatever the type is."""
        return self.rows.total() - self.count((Kind.MISSING, Kind.PLACEHOLDER))

    @property
    def texts(self) -> tuple[str, ...] | None:
        """The different cells as they are, sorted; None if there are too many."""
        return tuple(sorted(self._exact)) if not self.is_full else None

    @property
    def categories(self) -> tuple[str, ...]:
        """The different cells, sorted; empty if they are more than `MAX_CATEGORIES`."""
        return tuple(sorted(self._exact)) if len(self._exact) <= MAX_CATEGORIES else ()

    @property
    def classes(self) -> tuple[str, ...] | None:
        """The first spelling of each different value, in the order of the file; None if there are too many."""
        return tuple(self.spellings.values()) if not self.is_full else None

    def missing_share(self, *, placeholders: bool) -> float:
        """Return the share of missing cells; `placeholders`: whether these count."""
        missing = self.rows[Kind.MISSING] + (self.rows[Kind.PLACEHOLDER] if placeholders else 0)
        return round(missing / self.rows.total(), 6) if self.rows else 0.0


@cache
def _usual_moments(form: MomentForm) -> re.Pattern[str] | None:
    """Return a pattern of cells that are certainly of a form, or empty; None if they could be of another one."""
    field = SchemaField(name="", type=form.type, format=form.format)
    plain = plain_pattern(field)
    is_certain = form.format.startswith("%Y") or form.format == DEFAULT_FORMAT
    return re.compile(rf"(?:(?:{plain})?\n)*+") if plain and is_certain else None
