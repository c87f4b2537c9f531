"""What a cell of a CSV or of a scoring request means: missing, a number, or text."""

import re

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
    if "_" in text:
        return None
    try:
        value = float(text)
    except ValueError:
        adorned = _ADORNED.fullmatch(text)
        if adorned is None:
            return None
        sign, whole, fraction = adorned.groups()
        value = float(f"{sign}{whole.replace(',', '')}{fraction or ''}")
    if abs(value) <= NEAR_ZERO:
        return 0.0
    return value if -LARGEST <= value <= LARGEST else None
