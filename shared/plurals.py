"""Counts with the right plural: "1 row", "2,000 rows" (pure)."""


def counted(count: int, thing: str, things: str = "") -> str:
    """Return the count with its noun; `things` is the plural where that is not `thing` with an "s"."""
    return f"{count:,} {thing if count == 1 else things or thing + 's'}"
