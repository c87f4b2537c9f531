"""What a cell of a CSV or of a scoring request means: missing, a number, or text."""

import math

MISSING = frozenset({"", "?", "NA", "N/A", "NaN", "nan", "null", "NULL"})
# LightGBM takes such numbers for 0 (its kZeroThreshold, of 32 bits), so every part of the studio does.
NEAR_ZERO = 1.0000000180025095e-35
ODD_TEXTS = 5  # so many distinct texts among numbers may be other spellings of missing, such as `unknown` or `-`


def parse_number(text: str) -> float | None:
    """Return the finite number a stripped cell spells, or None.

    Python's own spellings (`1_000`, `infinity`) are text here: another reader of the same file would not take them.
    What is as near to 0 as `NEAR_ZERO` is 0.
    """
    if "_" in text:
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    if abs(value) <= NEAR_ZERO:
        return 0.0
    return value if math.isfinite(value) else None
