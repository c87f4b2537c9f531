"""The names of columns: one rule for every header that the app reads (pure).

The studio has the same rule in code of its own. If the two differed, a column would be trained under one name and
scored under another.
"""

from collections import Counter
from collections.abc import Sequence


def column_names(header: Sequence[str]) -> tuple[str, ...]:
    """Return the column names without surrounding spaces; an unnamed column is `Col<n>`, counted from 1."""
    return tuple(name.strip() or f"Col{number}" for number, name in enumerate(header, start=1))


def repeated(names: Sequence[str]) -> list[str]:
    """Return the names that more than one column has, sorted."""
    return sorted(name for name, count in Counter(names).items() if count > 1)
