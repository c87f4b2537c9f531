"""Matches the header of a file with the columns that are expected: names are trimmed, and nothing is guessed (pure)."""

import difflib
import unicodedata
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from shared.column_names import repeated
from shared.intake.problems import Code, Problem
from shared.intake.settings import ExtraColumns
from shared.plurals import counted

ABSENT_CELL = ""  # what a column holds that the file lacks
_MAX_NAMES = 30  # columns that a message lists


@dataclass(frozen=True, kw_only=True)
class MatchedHeader:
    """How the columns of a file become those of the clean rows.

    Attributes:
        shown: the names as the file has them.
        columns: the names of the clean rows, in order.
        positions: where each of them stands in the file, from 0; an absent one behind the last column of the file.
        index: where an unnamed first column stands that may be running numbers; None if there is none.
        respelled: names that differ from the file's; reordered: whether their order does; dropped: columns left out.
        problems: why the header is refused.
    """

    shown: tuple[str, ...]
    columns: tuple[str, ...]
    positions: tuple[int, ...]
    index: int | None = None
    respelled: int = 0
    reordered: bool = False
    dropped: int = 0
    problems: tuple[Problem, ...] = ()

    @property
    def has_absent(self) -> bool:
        """Whether a column of the clean rows is absent from the file."""
        return len(self.shown) in self.positions


def clean_name(cell: str) -> str:
    """Return a name as the clean rows have it: trimmed, in composed letters (NFC)."""
    return unicodedata.normalize("NFC", cell).strip()


def name_key(name: str) -> str:
    """Return what all spellings of a name share: case, spaces and composition do not count."""
    if name.isascii():  # most are, and cells are compared with names
        return "".join(name.casefold().split())
    return "".join(unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold()).split())


def columns_matched(cells: Sequence[str], expected: Sequence[str]) -> int:
    """Return how many of the expected columns a header has."""
    keys = {name_key(cell) for cell in cells}
    return sum(name_key(name) in keys for name in expected)


def match_header(
    cells: Sequence[str], expected: Sequence[str], extra: ExtraColumns, line: int, optional: Collection[str] = ()
) -> MatchedHeader:
    """Match a header.

    Args:
        cells: the names as the file has them.
        expected: the names that must be there, in the order of the clean rows.
        extra: what becomes of further columns.
        line: of the header.
        optional: expected columns that may be absent: every cell of theirs is missing then.
    """
    shown = tuple(clean_name(cell) for cell in cells)
    names = _spelt(shown, expected)
    problems = _form_problems(names, shown, line)
    index = 0 if len(names) > 1 and not names[0] else None
    there = {name: at for at, name in enumerate(names) if name}
    there |= {name: len(shown) for name in expected if name in optional and name not in there}
    absent = [name for name in expected if name not in there]
    more = [name for name in names if name and name not in set(expected)]
    problems += _name_problems(absent, more, names, expected, extra=extra, line=line)
    kept = [*expected, *(more if extra is ExtraColumns.KEEP else ())]
    columns = tuple(name for name in kept if name in there)
    positions = tuple(there[name] for name in columns)
    changed = sum(name != cell for name, cell in zip(names, cells, strict=True) if name)
    return MatchedHeader(
        shown=shown,
        columns=columns,
        positions=positions,
        index=index,
        respelled=changed,
        reordered=list(positions) != sorted(positions),
        dropped=len(more) if extra is ExtraColumns.DROP else 0,
        problems=tuple(problems),
    )


def _spelt(shown: Sequence[str], expected: Sequence[str]) -> list[str]:
    """Return the names, those of expected columns in the expected spelling."""
    exact = set(shown)
    by_key = {name_key(name): name for name in reversed(expected) if name not in exact}
    alike = Counter(name_key(name) for name in expected)
    names = []
    for name in shown:
        key = name_key(name)
        wanted = by_key.get(key)
        names.append(wanted if wanted is not None and name not in set(expected) and alike[key] == 1 else name)
    return names


def _form_problems(names: Sequence[str], shown: Sequence[str], line: int) -> list[Problem]:
    problems = []
    for name in repeated([name for name in names if name]):
        at = [number for number, cell in enumerate(names, 1) if cell == name]
        message = f"More than one column is called {name!r}: columns {', '.join(map(str, at))}. Rename or remove one."
        problems.append(Problem(Code.DUPLICATE_LABEL, message, line=line, column=name, field_number=at[1]))
    for number, name in enumerate(shown, 1):
        if not name and (number > 1 or len(shown) == 1):
            message = (
                f"Column {number} has no name. Name it, or remove it: a delimiter at the end of each line makes one."
            )
            problems.append(Problem(Code.BLANK_LABEL, message, line=line, field_number=number))
    return problems


def _name_problems(
    absent: Sequence[str],
    more: Sequence[str],
    names: Sequence[str],
    expected: Sequence[str],
    *,
    extra: ExtraColumns,
    line: int,
) -> list[Problem]:
    problems = []
    pairs = _renamed(absent, more, names, expected)
    for wanted, actual in pairs.items():
        message = f"The column {wanted!r} is missing, and {actual!r} is not expected. Did you mean {wanted!r}?"
        number = names.index(actual) + 1
        problems.append(Problem(Code.INCORRECT_LABEL, message, line=line, column=actual, field_number=number))
    columns = _listed([name for name in names if name])
    for name in absent:
        if name not in pairs:
            message = f"The column {name!r} is missing. The file has {columns}."
            problems.append(Problem(Code.MISSING_LABEL, message, line=line, column=name))
    if extra is ExtraColumns.REFUSE:
        for name in more:
            if name not in pairs.values():
                message = f'The column {name!r} is not expected. Remove it, or set extra_columns = "drop" or "keep".'
                number = names.index(name) + 1
                problems.append(Problem(Code.EXTRA_LABEL, message, line=line, column=name, field_number=number))
    return problems


def _renamed(
    absent: Sequence[str], more: Sequence[str], names: Sequence[str], expected: Sequence[str]
) -> dict[str, str]:
    """Return the expected names that seem to be there under another: alike, or at the same place."""
    pairs: dict[str, str] = {}
    left = list(more)
    for name in absent:
        keys = {name_key(candidate): candidate for candidate in left}
        close = difflib.get_close_matches(name_key(name), keys, n=1, cutoff=0.6)
        if close:
            pairs[name] = keys[close[0]]
            left.remove(keys[close[0]])
    if len(names) == len(expected):
        for name in absent:
            candidate = names[list(expected).index(name)]
            if name not in pairs and candidate in left:
                pairs[name] = candidate
                left.remove(candidate)
    return pairs


def _listed(names: Sequence[str]) -> str:
    more = f" and {counted(len(names) - _MAX_NAMES, 'more column')}" if len(names) > _MAX_NAMES else ""
    return ", ".join(map(repr, names[:_MAX_NAMES])) + more
