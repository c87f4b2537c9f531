"""What people read: "1 row", "2,000 rows", "2026-01-31 10:00:00 UTC"; characters that cannot be seen as codes."""

import json
from datetime import UTC, datetime


def counted(count: int, thing: str, things: str = "") -> str:
    """Return how many there are of a thing; `things` is its plural where that is not `thing` and an "s"."""
    return f"{count:,} {thing if count == 1 else things or thing + 's'}"


def utc_text(moment: datetime, *, precisely: bool = False) -> str:
    """Return a moment in UTC, which is named; `precisely` with milliseconds."""
    utc = moment.astimezone(UTC)
    milliseconds = f".{utc.microsecond // 1000:03}" if precisely else ""
    return f"{utc:%Y-%m-%d %H:%M:%S}{milliseconds} UTC"


def visible(text: str) -> str:
    """Return a text with each character that cannot be seen, or turns a line around, as JSON writes its code.

    Line breaks and tabs stay. So a name cannot pretend to be another one, and sample code with it remains true.
    """
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() or one in "\n\t" else json.dumps(one)[1:-1] for one in text)
