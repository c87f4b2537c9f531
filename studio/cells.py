"""What a cell of a CSV or of a scoring request means: missing, a number, or text."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

MISSING = frozenset(
    {"", "?", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "NaT", "null", "NULL", "\\N"}  # \N is MySQL's
)
# LightGBM takes such numbers for 0 (its kZeroThreshold, of 32 bits), so every part of the studio does.
NEAR_ZERO = 1.0000000180025095e-35
LARGEST = 1e100  # a cell with a larger number holds none: its square would be beyond any float
ODD_TEXTS = 5  # so many distinct texts among numbers may be other spellings of missing, such as `unknown` or `-`
# 1,234.5 and $1,234 and 12.5% and -€3: a sign and a currency before it, groups of three digits, a percent sign.
_ADORNED = re.compile(r"(?a:([+-]?)[$€£¥]?(\d{1,3}(?:,\d{3})+|\d+)(\.\d*)?\s?%?)")


def parse_number(text: str) -> float | None:
    """Return the number a stripped cell spells, or None; a percentage is the number before its sign.

    Python's own spellings (`1_000`, `infinity`) are text here: another reader of the same file would not take them.
    What is as near to 0 as `NEAR_ZERO` is 0.
    """
    try:
        value = float(text)
    except ValueError:
        adorned = _ADORNED.fullmatch(text)
        if adorned is None:
            return None
        sign, whole, fraction = adorned.groups()
        value = float(f"{sign}{whole.replace(',', '')}{fraction or ''}")
    if -LARGEST <= value <= LARGEST and "_" not in text:
        return 0.0 if -NEAR_ZERO <= value <= NEAR_ZERO else value
    return None


def parse_numbers(texts: Sequence[str]) -> NDArray[np.float64] | None:
    """Return what `parse_number` does for each, shape (texts,); None if one of them is not plainly a number."""
    try:
        values = np.fromiter(map(float, texts), np.float64, len(texts))
    except ValueError:
        return None
    if not (np.abs(values) <= LARGEST).all() or "_" in "".join(texts):
        return None
    values[np.abs(values) <= NEAR_ZERO] = 0.0
    return values
