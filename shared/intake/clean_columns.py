"""The columns of one file while it is read: where each stands, and what its cells are (pure)."""

import re
from collections.abc import Mapping, Sequence

from shared.intake.cells import PRINTABLE, PRINTABLE_IN_ROW, Cell, CellChange, ColumnReader
from shared.intake.header_match import MatchedHeader, name_key

_CACHE_SIZE = 100_000  # distinct cells of a column; past them the cache begins anew, so that memory stays flat
TOTAL = re.compile(
    r"(?:grand[ -]?|sub[ -]?)?totals?|(?:zwischen|gesamt)?summen?|(?:ins)?gesamt|totale|total g[eé]n[eé]ral",
    re.IGNORECASE,
)
_TOTAL_BEGINS = frozenset("tgsziTGSZI")
_TOTAL_WORDS = ("total", "summe", "gesamt")  # each of them has one of these
_TOTAL_BEGINNING = "(?:grand[ -]?|sub[ -]?)?total|(?:zwischen|gesamt)?summe|(?:ins)?gesamt"  # each of them begins so
_VARIED_SHARE = 0.25  # of distinct cells among all
_MIN_ROWS = 200  # of which the share says something
_MAX_VAIN = 5
_FEW_CELLS = 8  # that are read sooner than matched


class CleanColumn:
    """One column of the clean rows.

    Attributes:
        name, shown: its name in the clean rows, and in the file.
        at: where it stands in the file, from 0.
        is_label: whether it is trained for.
        has_classes: whether the schema lists its values.
        is_varied: whether many of its cells are distinct, so that they are matched all at once and not looked up.
        plain_in_row: the pattern of its plain cells, as they stand in a row without quotes; "" if there is none.
        header_cells: the cells read so far that repeat the column's name; of the label, the name of any column.
        total_cells: those that sums begin with.
    """

    def __init__(
        self,
        name: str,
        shown: str,
        at: int,
        reader: ColumnReader | None,
        names: Sequence[str],
        *,
        is_label: bool,
    ) -> None:
        self.name, self.shown, self.at = name, shown, at
        self._key = name_key(shown)
        self._header_keys = {self._key, *map(name_key, filter(None, names))} if is_label else {self._key}
        self.is_label = is_label
        self._reader = reader
        self.is_unique = reader is not None and reader.field.constraints.unique
        self.has_classes = reader is not None and reader.field.constraints.enum is not None
        self._hashes: set[int] = set()
        self._cells: dict[str, Cell] = {}
        self._accepted: set[str] = set()  # of these, those that need no second look
        self.header_cells: set[str] = set()
        self.total_cells: set[str] = set()
        plain = reader.plain if reader is not None and not is_label else ""
        self._plain = plain if not re.fullmatch(plain, "") else ""
        self._all_plain = re.compile(rf"(?:(?:{self._plain})\n)*+")
        self._plain_lines = re.compile(rf"^(?:{self._plain})$", re.MULTILINE)
        # Where plain cells are numbers or dates, they are no words: neither totals nor, mostly, the column's name.
        self._has_words = any(re.fullmatch(plain, text) for text in ("a", "total", self._key, shown))
        self.plain_in_row = self._pattern_in_row()
        self._vain = 0  # how often not all of many cells were plain
        self.is_varied = False

    @property
    def field_number(self) -> int:
        """Where it stands in the file, from 1."""
        return self.at + 1

    @property
    def warning(self) -> str:
        """What people should know of its cells, though they are accepted; else ""."""
        return "" if self._reader is None else self._reader.warning

    def read(self, cell: str) -> Cell:
        """Read one cell."""
        read = self._cells.get(cell)
        if read is None:
            if len(self._cells) >= _CACHE_SIZE:
                self._cells.clear()
                self._accepted.clear()
            read = self._first(cell)
        return read

    def read_unusual(self, distinct: set[str], cells: Sequence[str]) -> dict[str, Cell]:
        """Return what those of the distinct cells are that are not accepted as they are, or repeat the column's name.

        Those that were not read before are read in the order in which they stand in `cells`.
        """
        unusual = distinct - self._accepted
        read = self._cells
        if not unusual <= read.keys():
            if len(read) + len(unusual) > _CACHE_SIZE:
                read.clear()
                self._accepted.clear()
                unusual = distinct
            fresh = unusual.difference(read)
            if self._plain and len(fresh) > _FEW_CELLS:
                accepted = self._plain_ones(fresh)
                self._accepted |= accepted
                fresh -= accepted
            if fresh:
                for cell in dict.fromkeys(cells):
                    if cell in fresh:
                        self._first(cell)
            unusual -= self._accepted
        return {cell: read[cell] for cell in unusual}

    def watch_variety(self, distinct: int, cells: int) -> None:
        """Decide whether the column is varied by some of its rows: how many distinct cells are among how many."""
        if self._plain and cells >= _MIN_ROWS and self._vain < _MAX_VAIN:
            self.is_varied = distinct > _VARIED_SHARE * cells

    def are_plain(self, cells: Sequence[str]) -> bool:
        """Tell whether all cells are accepted as they are, and none may repeat the column's name or be a total."""
        text = "\n".join(cells) + "\n"
        plain = self._all_plain.fullmatch(text) is not None and not self._has_odd_words(text)
        self._vain += not plain
        self.is_varied = plain
        return plain

    def _pattern_in_row(self) -> str:
        """Return the pattern of cells that are plain, and neither may be a total nor repeat the column's name."""
        if not self._plain:
            return ""
        pattern = self._plain.replace(PRINTABLE, PRINTABLE_IN_ROW)
        if not self._has_words:
            return f"(?:{pattern})"
        odd, begins = _TOTAL_BEGINNING, {" ", *_TOTAL_BEGINS}
        if self._key.isascii():  # as plain cells are
            name = " *".join(map(re.escape, self._key))
            odd += rf"|{name} *[,\n]"
            begins |= {self._key[:1].lower(), self._key[:1].upper()}
        letters = "".join(map(re.escape, sorted(begins)))
        # Most words begin with another letter: then nothing more is tried.
        return rf"(?:(?![{letters}])|(?! *(?i:{odd})))(?:{pattern})"

    def has_only_plain(self, distinct: set[str]) -> bool:
        """Tell whether all distinct cells are accepted as they are, and none may repeat the name or be a total."""
        return self._plain_ones(distinct) == distinct

    def _plain_ones(self, cells: set[str]) -> set[str]:
        """Return those cells that `are_plain`."""
        text = "\n".join(cells) + "\n"
        return set() if self._has_odd_words(text) else cells.intersection(self._plain_lines.findall(text))

    def _has_odd_words(self, lines: str) -> bool:
        """Tell whether one of some lines may repeat the column's name, or be a total."""
        if not self._has_words:
            return False
        lowered = lines.casefold()
        return any(word in lowered for word in _TOTAL_WORDS) or f"\n{self._key}\n" in "\n" + lowered.replace(" ", "")

    def repeats(self, text: str) -> bool:
        """Tell whether a value of a column without duplicates was there before, and keep it in mind."""
        mark = hash(text)
        if mark in self._hashes:
            return True
        self._hashes.add(mark)
        return False

    def any_repeats(self, texts: Sequence[str]) -> bool:
        """Tell whether one of the values was there before, or is twice among them."""
        marks = set(map(hash, texts))
        return len(marks) < len(texts) or not marks.isdisjoint(self._hashes)

    def keep_in_mind(self, texts: Sequence[str]) -> None:
        """Keep the values of a column without duplicates in mind."""
        self._hashes.update(map(hash, texts))

    def _first(self, cell: str) -> Cell:
        read = _unchecked(cell) if self._reader is None else self._reader.read(cell)
        self._cells[cell] = read
        if name_key(cell) in self._header_keys:
            self.header_cells.add(cell)
        if is_total(cell.strip()):
            self.total_cells.add(cell)
        elif read.text == cell and not read.missing and read.problem is None and cell not in self.header_cells:
            self._accepted.add(cell)
        return read


def clean_columns(
    header: MatchedHeader, readers: Mapping[str, ColumnReader], label: str | None
) -> tuple[CleanColumn, ...]:
    """Return the columns of the clean rows, in their order."""
    shown = (*header.shown, "")
    return tuple(
        CleanColumn(name, shown[at] or name, at, readers.get(name), header.shown, is_label=name == label)
        for name, at in zip(header.columns, header.positions, strict=True)
    )


def is_total(text: str) -> bool:
    """Tell whether a trimmed cell is what a line with sums begins with."""
    return text[:1] in _TOTAL_BEGINS and TOTAL.fullmatch(text.rstrip(":").rstrip()) is not None


def _unchecked(cell: str) -> Cell:
    """Read a cell of a column that no schema describes: only the empty cell is missing."""
    if cell.strip():
        return Cell(cell)
    return Cell("", missing=True, change=CellChange.MISSING if cell else "")
