"""Numbers as services and CSV files write them (pure)."""

import math


def finite_number(text: str) -> float | None:
    """Return the finite number that a text writes; None for any other text, `NaN` and infinities among them."""
    try:
        value = float(text.replace("_", "x"))  # Python would take 1_000 for a number; the protocol does not
    except ValueError:
        return None
    return value if math.isfinite(value) else None
