"""What people read: "1 row", "a, b and 3 more", "2026-01-31 10:00:00 UTC"; characters that cannot be seen as codes."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime


def counted(count: int, thing: str, things: str = "") -> str:
    """Return how many there are of a thing; `things` is its plural where that is not `thing` and an "s"."""
    return f"{count:,} {thing if count == 1 else things or thing + 's'}"


def listed(texts: Sequence[str], limit: int) -> str:
    """Return the first texts with commas between them, and how many more there are beyond `limit`."""
    more = f" and {len(texts) - limit:,} more" if len(texts) > limit else ""
    return ", ".join(texts[:limit]) + more


def shortened(text: str, limit: int = 60) -> str:
    """Return a text of at most `limit` characters, with an ellipsis behind where it was cut."""
    return text if len(text) <= limit else f"{text[:limit]}…"


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
    return "".join(letter if letter.isprintable() or letter in "\n\t" else json.dumps(letter)[1:-1] for letter in text)
