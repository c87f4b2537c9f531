"""NCRONTAB expressions, the schedules of timers: parsed, and when they fire next (pure).

Six fields, of which the first counts seconds; with five fields the second is 0. Day of the month and day of the week
must both match.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product

from shared.plurals import counted

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
# Name, minimum, maximum, and names for the values from the minimum on.
_FIELDS: tuple[tuple[str, int, int, tuple[str, ...]], ...] = (
    ("second", 0, 59, ()),
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("day of the week", 0, 6, _DAYS),
)
_PART = re.compile(r"(\*|[0-9A-Za-z]+)(?:-([0-9A-Za-z]+))?(?:/([0-9]+))?")
_LOOK_AHEAD_DAYS = 41 * 366  # the rarest day, a 29th of February on a given weekday, comes at least that often


@dataclass(frozen=True)
class Ncrontab:
    """When a timer fires, in UTC."""

    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]  # 0 is Sunday

    @classmethod
    def parse(cls, text: str) -> "Ncrontab":
        """Read an expression.

        Raises:
            ValueError: the text is no schedule; the message names the wrong field.
        """
        fields = text.split()
        if len(fields) not in {5, 6}:
            count = counted(len(fields), "field")
            raise ValueError(f"{text!r} has {count}; write six: second minute hour day month weekday")
        filled = ["0"] * (6 - len(fields)) + fields
        seconds, minutes, hours, days, months, weekdays = (
            _values(field, *rule) for field, rule in zip(filled, _FIELDS, strict=True)
        )
        schedule = cls(seconds, minutes, hours, frozenset(days), frozenset(months), frozenset(weekdays))
        if schedule.next(datetime(2024, 1, 1, tzinfo=UTC)) is None:
            raise ValueError(f"{text!r} never fires: there is no such day")
        return schedule

    def next(self, after: datetime) -> datetime | None:
        """Return when it first fires after a moment; None if it never does."""
        start = after.astimezone(UTC).replace(microsecond=0) + timedelta(seconds=1)
        for ahead in range(_LOOK_AHEAD_DAYS):
            day = start.replace(hour=0, minute=0, second=0) + timedelta(days=ahead)
            if day.day not in self.days or day.month not in self.months or day.isoweekday() % 7 not in self.weekdays:
                continue
            hours = [hour for hour in self.hours if ahead or hour >= start.hour]
            for hour, minute, second in product(hours, self.minutes, self.seconds):
                moment = day.replace(hour=hour, minute=minute, second=second)
                if moment >= start:
                    return moment
        return None

    def nth_after(self, after: datetime, count: int) -> datetime | None:
        """Return when it fires for the `count`th time after a moment; None if it never does."""
        moment: datetime | None = after
        for _ in range(count):
            moment = self.next(moment) if moment is not None else None
        return moment


def _values(field: str, name: str, minimum: int, maximum: int, names: Sequence[str]) -> tuple[int, ...]:
    """Return the values of one field, in order: `*`, `1`, `1-5`, `*/2`, `1-9/2`, `MON`, and lists of those."""
    values: set[int] = set()
    for part in field.split(","):
        match = _PART.fullmatch(part)
        if match is None or (match[1] == "*" and match[2]):
            raise ValueError(
                f"the {name} {part!r} is wrong: write *, a number, a range such as 1-5, or a step such as */2"
            )
        step = int(match[3] or 1)
        if match[1] == "*":
            first, last = minimum, maximum
        else:
            first = _value(match[1], name, minimum, maximum, names)
            last = first
            if match[2]:
                last = _value(match[2], name, minimum, maximum, names)
            elif match[3]:
                last = maximum  # a step without a range goes on to the end
        if step < 1 or first > last:
            raise ValueError(f"the {name} {part!r} names no value")
        values |= set(range(first, last + 1, step))
    return tuple(sorted(values))


def _value(text: str, name: str, minimum: int, maximum: int, names: Sequence[str]) -> int:
    short_name = text.upper()[:3]
    if short_name in names and not text.isdigit():
        return minimum + names.index(short_name)
    if not text.isdigit() or not minimum <= int(text) <= maximum:
        raise ValueError(f"the {name} {text!r} is not between {minimum} and {maximum}")
    return int(text)
