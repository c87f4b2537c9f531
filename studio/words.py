"""Counts and moments as people read them: "1 row", "2,000 rows", "2026-01-31 10:00:00 UTC"."""

from datetime import UTC, datetime


def counted(count: int, thing: str, things: str = "") -> str:
    """Return how many there are of a thing; `things` is its plural where that is not `thing` and an "s"."""
    return f"{count:,} {thing if count == 1 else things or thing + 's'}"


def utc_text(moment: datetime, *, precisely: bool = False) -> str:
    """Return a moment in UTC, which is named; `precisely` with milliseconds."""
    utc = moment.astimezone(UTC)
    milliseconds = f".{utc.microsecond // 1000:03}" if precisely else ""
    return f"{utc:%Y-%m-%d %H:%M:%S}{milliseconds} UTC"
