"""What a cell of a CSV or of a scoring request means: missing, a number, or text."""

import math

MISSING = frozenset({"", "?", "NA", "N/A", "NaN", "nan", "null", "NULL"})
ODD_TEXTS = 5  # so many distinct texts among numbers may be other spellings of missing, such as `unknown` or `-`


def parse_number(text: str) -> float | None:
    """Return the finite number a stripped cell spells, or None.

    Python's own spellings (`1_000`, `infinity`) are text here: another reader of the same file would not take them.
    """
    if "_" in text:
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
