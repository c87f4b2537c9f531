"""What the cells of one column say about its type, in bounded memory however long the column is (pure)."""

from collections import Counter
from collections.abc import Iterable

from shared.gates.holdout import label_key
from shared.intake.cell_kinds import NUMBERS, Kind, Look, MomentForm, look_of

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
        spellings: the first spelling of each different value, while there are at most `MAX_CLASSES`.
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
        if len(self.spellings) <= MAX_CLASSES:
            self.spellings.setdefault(label_key(cell), cell.strip())
            self._exact.add(cell)

    def _add_number(self, look: Look, rows: int) -> None:
        self.units[look.unit] += rows
        self.serials += rows if look.serial else 0
        if look.group:
            self.groups[look.group] += rows
        if look.number is not None:
            self.low = look.number if self.low is None else min(self.low, look.number)
            self.high = look.number if self.high is None else max(self.high, look.number)

    def count(self, kinds: Iterable[Kind]) -> int:
        """Return the rows of some kinds."""
        return sum(self.rows[kind] for kind in kinds)

    @property
    def values(self) -> int:
        """The rows that have a value, whatever the type is."""
        return self.rows.total() - self.count((Kind.MISSING, Kind.PLACEHOLDER))

    @property
    def texts(self) -> tuple[str, ...] | None:
        """The different cells as they are, sorted; None if there are too many."""
        return tuple(sorted(self._exact)) if len(self.spellings) <= MAX_CLASSES else None

    @property
    def categories(self) -> tuple[str, ...]:
        """The different cells, sorted; empty if they are more than `MAX_CATEGORIES`."""
        return tuple(sorted(self._exact)) if len(self._exact) <= MAX_CATEGORIES else ()

    @property
    def classes(self) -> tuple[str, ...] | None:
        """The first spelling of each different value, in the order of the file; None if there are too many."""
        return tuple(self.spellings.values()) if len(self.spellings) <= MAX_CLASSES else None

    def missing_share(self, *, placeholders: bool) -> float:
        """Return the share of missing cells; `placeholders`: whether these count."""
        missing = self.rows[Kind.MISSING] + (self.rows[Kind.PLACEHOLDER] if placeholders else 0)
        return round(missing / self.rows.total(), 6) if self.rows else 0.0
