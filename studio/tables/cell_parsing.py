"""Parses the cells of a CSV or of a scoring request: missing, a number, or text."""

import re
from collections.abc import Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

MISSING = frozenset(
    {"", "?", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "NaT", "null", "NULL", "\\N"}  # \N is MySQL's
)
# What people and programs write for a missing number or date, in upper or lower case. In a column of texts each of
# these may be a category, and counts as text.
_SHORT = ("none", "nil", "nul", "na", "n/a", "n.a.", "n.a", "n a", "nd", "n/d", "n.d.", "nan", "-nan", "+nan", "nat")
_NULLS = ("null", "(null)", "<null>", "[null]", "(none)", "<none>", "[none]", "(blank)", "<na>", "(empty)", "<empty>")
_SIGNS = ("-", "--", "---", "\u2013", "\u2014", ".", "..", "...", "\u2026", "*", "**", "_", "??", "???", "/", "//")
_WORDS = ("missing", "unknown", "unk", "unavailable", "not available", "not applicable", "undefined", "empty", "blank")
_SHEETS = ("#n/a", "#n/a n/a", "#na", "#div/0!", "#value!", "#ref!", "#name?", "#num!", "#null!", "#calc!", "#spill!")
# Results of a division by zero or of an overflow: nothing can be learned from them.
_INFINITE = ("inf", "+inf", "-inf", "infinity", "+infinity", "-infinity", "\u221e", "+\u221e", "-\u221e")
_INDEFINITE = (
    "1.#inf",
    "-1.#inf",
    "1.#ind",
    "-1.#ind",
    "1.#qnan",
    "-1.#qnan",
)  # printed by C on Windows
_ZERO_DATES = ("0000-00-00", "0000-00-00 00:00:00")  # MySQL's
PLACEHOLDERS = frozenset(chain(_SHORT, _NULLS, _SIGNS, _WORDS, _SHEETS, _INFINITE, _INDEFINITE, _ZERO_DATES))
# LightGBM reads a number this near to 0 as 0 (its kZeroThreshold, of 32 bits), so the whole studio does.
NEAR_ZERO = 1.0000000180025095e-35
MAX_NUMBER = 1e100  # a larger number counts as text: its square would overflow
MAX_ODD_TEXTS = 5  # distinct texts among numbers that may be unknown spellings of a missing value
# 1,234.5 and $1,234 and 12.5% and -€3: a sign and a currency before it, groups of three digits, a percent sign.
_ADORNED = re.compile(r"(?a:([+-]?)[$€£¥]?(\d{1,3}(?:,\d{3})+|\d+)(\.\d*)?\s?%?)")


def has_no_value(text: str) -> bool:
    """Tell whether a stripped cell is a missing value in a column of numbers, of dates, or of yes and no."""
    return text in MISSING or text.casefold() in PLACEHOLDERS


def parse_number(text: str) -> float | None:
    """Return the number in a stripped cell, or None; a percentage is the number before its sign.

    Python's own spellings (`1_000`, `infinity`) are text here: other readers of CSV do not accept them. A number as
    near to 0 as `NEAR_ZERO` is 0.
    """
    try:
        value = float(text)
    except ValueError:
        adorned = _ADORNED.fullmatch(text)
        if adorned is None:
            return None
        sign, integer, fraction = adorned.groups()
        value = float(f"{sign}{integer.replace(',', '')}{fraction or ''}")
    if -MAX_NUMBER <= value <= MAX_NUMBER and "_" not in text:
        return 0.0 if -NEAR_ZERO <= value <= NEAR_ZERO else value
    return None


def parse_numbers(texts: Sequence[str]) -> NDArray[np.float64] | None:
    """Return the result of `parse_number` for each text, shape (texts,); None if a text is not a plain number."""
    try:
        values = np.fromiter(map(float, texts), np.float64, len(texts))
    except ValueError:
        return None
    if not (np.abs(values) <= MAX_NUMBER).all() or "_" in "".join(texts):
        return None
    values[np.abs(values) <= NEAR_ZERO] = 0.0
    return values
