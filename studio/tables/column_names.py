"""The names of columns: one rule for the files of a training and for scoring requests.

The app has the same rule in code of its own. If the two differed, a column would have one name in the training and
another in requests.
"""

import re
from collections import Counter
from collections.abc import Sequence

_NUMBERED = re.compile(r"Col([1-9][0-9]*)")


def column_names(header: Sequence[str]) -> tuple[str, ...]:
    """Return the names without surrounding spaces; a column without a name is `Col<n>`, counted from 1."""
    return tuple(name.strip() or f"Col{number}" for number, name in enumerate(header, start=1))


def default_names(width: int) -> tuple[str, ...]:
    """Return the names of the columns of a file without a header row."""
    return column_names([""] * width)


def duplicates(names: Sequence[str]) -> list[str]:
    """Return the names that occur more than once, sorted."""
    return sorted(name for name, count in Counter(names).items() if count > 1)


def positions_of(header: Sequence[str], name: str) -> str:
    """Return which columns of a header have this name, in words: `2 and 5 (without a name)`."""
    positions = [
        str(number) if header[number - 1].strip() else f"{number} (without a name)"
        for number, column in enumerate(column_names(header), start=1)
        if column == name
    ]
    if len(positions) < 2:
        return "".join(positions)
    return f"{', '.join(positions[:-1])} and {positions[-1]}"


def position_hint(name: str) -> str:
    """Return a hint to put behind a name that may stand for a column without one (`Col4`); else nothing."""
    match = _NUMBERED.fullmatch(name)
    return f" (the file's column {match[1]}, if that has no name)" if match else ""
