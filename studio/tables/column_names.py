"""What a column is called: one rule for files that are trained on and for requests.

The app has the same rule in code of its own. Were the two to differ, a column would be trained under one name and asked
for under another.
"""

import re
from collections import Counter
from collections.abc import Sequence

_NUMBERED = re.compile(r"Col([1-9][0-9]*)")


def column_names(header: Sequence[str]) -> tuple[str, ...]:
    """Return the names of columns: without the spaces around them; one without a name is `Col<n>`, counted from 1."""
    return tuple(name.strip() or f"Col{number}" for number, name in enumerate(header, start=1))


def default_names(width: int) -> tuple[str, ...]:
    """Return the names of the columns of a file without a header row."""
    return column_names([""] * width)


def duplicates(names: Sequence[str]) -> list[str]:
    """Return the names that more than one column has, sorted."""
    return sorted(name for name, count in Counter(names).items() if count > 1)


def positions_of(header: Sequence[str], name: str) -> str:
    """Say which columns of a header have a name: `2 and 5 (without a name)`."""
    positions = [
        str(number) if header[number - 1].strip() else f"{number} (without a name)"
        for number, called in enumerate(column_names(header), start=1)
        if called == name
    ]
    return " and ".join(filter(None, (", ".join(positions[:-1]), *positions[-1:])))


def position_hint(name: str) -> str:
    """Return what is to be said behind a name that a column without one may have got by its position; else nothing."""
    match = _NUMBERED.fullmatch(name)
    return f" (the file's column {match[1]}, if that is without a name)" if match else ""
