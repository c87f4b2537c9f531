"""The JSON shapes that several modules name, and the number format of the original service."""

import math
from typing import Any

type Json = dict[str, Any]


def r_number(value: float) -> str:
    """Write a float as the original did: .NET "R" style, at most 15 significant digits (protocol 2)."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return f"{value:.15g}".replace("e", "E")
