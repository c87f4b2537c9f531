"""A clock that stands still until a test moves it."""

from datetime import UTC, datetime, timedelta


class FakeClock:
    """`Clock` set by hand."""

    def __init__(self, start: datetime = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)) -> None:
        self._now = start
        self._elapsed_s = 0.0

    def now(self) -> datetime:
        """Return the present as aware UTC."""
        return self._now

    def elapsed_s(self) -> float:
        """Return the seconds that `advance` let pass; jumps do not count."""
        return self._elapsed_s

    def advance(self, seconds: float) -> datetime:
        """Let time pass and return the new present."""
        self._elapsed_s += seconds
        self._now += timedelta(seconds=seconds)
        return self._now

    def set(self, when: datetime) -> None:
        """Jump to a time, also backwards."""
        self._now = when.astimezone(UTC)
