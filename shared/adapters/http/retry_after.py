"""The header `Retry-After`: the pause that a busy service asks for."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def asked_pause_s(headers: Mapping[str, str]) -> float:
    """Return the pause in seconds, given as seconds or as a date; 0 if the header is missing or malformed."""
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        when = parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    return max(0.0, (when.astimezone(UTC) - datetime.now(UTC)).total_seconds())
