"""Times as text: for other tools and for people (pure)."""

from datetime import UTC, datetime


def iso_time(when: datetime) -> str:
    """Write a time as ISO 8601 UTC with milliseconds and `Z`."""
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def iso(when: datetime | None) -> str | None:
    """Write a time as `iso_time` does; None stays None."""
    return None if when is None else iso_time(when)


def shown_time(when: datetime) -> str:
    """Write a time for people, with its zone: "2026-11-30 09:16:14 UTC"."""
    return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
