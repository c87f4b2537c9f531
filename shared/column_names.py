"""What a column is called: one rule for everything that the app reads by its header (pure).

The studio has the same rule in code of its own. Were the two to differ, a column would be trained under one name and
asked for under another.
"""

from collections import Counter
from collections.abc import Sequence


def column_names(header: Sequence[str]) -> tuple[str, ...]:
    """Return the names of columns: without the spaces around them; one without a name is `Col<n>`, counted from 1."""
    return tuple(name.strip() or f"Col{number}" for number, name in enumerate(header, start=1))


def repeated(names: Sequence[str]) -> list[str]:
    """Return the names that more than one column has, sorted."""
    return sorted(name for name, count in Counter(names).items() if count > 1)
