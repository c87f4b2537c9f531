"""The type of JSON objects, and the formats of numbers and times in them."""

import math
from datetime import UTC, datetime
from typing import Any

type Json = dict[str, Any]

_SHORT = 1e-3  # smaller numbers may be written with an exponent
_EXACT = 2.0**53  # up to here every whole number has a float of its own


def timestamp() -> str:
    """Write the present moment: ISO 8601 in UTC, with milliseconds and a Z."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def r_number(value: float) -> str:
    """Write a float as the original did: .NET "R" style, at most 15 significant digits (protocol 2)."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return f"{value + 0.0:.15g}".replace("e", "E")  # -0.0 + 0.0 is 0.0, and the original wrote 0


def share_text(share: float) -> str:
    """Write a number from 0 to 1 as `r_number` does."""
    text = f"{share:.15g}"
    return text.replace("e", "E") if share < _SHORT else text


def plain_number(value: float) -> str:
    """Write a finite float so that it is read back the same, whole numbers without a point."""
    return str(int(value)) if value.is_integer() and abs(value) < _EXACT else repr(value)
