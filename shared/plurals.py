"""Counts things in words: "1 row", "2,000 rows" (pure)."""


def counted(count: int, thing: str, things: str = "") -> str:
    """Return how many there are of a thing; `things` is its plural where that is not `thing` and an "s"."""
    return f"{count:,} {thing if count == 1 else things or thing + 's'}"
