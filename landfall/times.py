"""Times for people: always in UTC, and marked as such."""

from datetime import UTC, datetime

from shared.records.times import shown_time


def clock(when: datetime) -> str:
    """Return the time of day: "09:16:14 UTC"."""
    return when.astimezone(UTC).strftime("%H:%M:%S UTC")


def moment(when: datetime | str) -> str:
    """Return date and time, "2026-11-30 09:16:14 UTC", of an aware time or of an ISO 8601 text.

    Any other text is returned unchanged.
    """
    try:
        time = datetime.fromisoformat(when) if isinstance(when, str) else when
    except ValueError:
        return str(when)
    return shown_time(time)
