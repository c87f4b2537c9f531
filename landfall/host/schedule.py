"""NCRONTAB schedules: six fields with seconds first, or five without."""

import re
from datetime import UTC, datetime

from croniter import CroniterError, croniter

_FIELD = re.compile(r"[0-9A-Za-z*,/\-]+")  # the syntax of NCRONTAB; croniter's extensions (#, L, ?) are refused


class Schedule:
    """The times at which a timer fires, in UTC.

    Raises:
        ValueError: the text is not an NCRONTAB expression.
    """

    def __init__(self, text: str) -> None:
        self.fields = text.split()
        if len(self.fields) not in {5, 6}:
            fields = f"{len(self.fields)} field{'s' if len(self.fields) != 1 else ''}"
            raise ValueError(f"schedule {text!r} has {fields}; NCRONTAB has six (seconds first) or five")
        if not all(_FIELD.fullmatch(field) for field in self.fields):
            raise ValueError(f"schedule {text!r}: use only digits, names and * , - /")
        self._text = text
        try:
            self.next(datetime(2026, 1, 1, tzinfo=UTC))
        except (CroniterError, ValueError, KeyError) as error:
            raise ValueError(f"schedule {text!r}: {error}") from error

    @property
    def fires_within_a_minute(self) -> bool:
        """Whether the seconds field names more than one second; the host then keeps no status."""
        return len(self.fields) == 6 and not self.fields[0].isdigit()

    def next(self, after: datetime) -> datetime:
        """Return the first occurrence after a time."""
        seconds_first = len(self.fields) == 6
        # In NCRONTAB day of month and day of week must both match; in cron either is enough.
        times = croniter(self._text, after, second_at_beginning=seconds_first, day_or=False)
        next_time: datetime = times.get_next(datetime)
        return next_time
