"""NCRONTAB expressions as the timers' settings hold them: read, and when they are due next (pure).

Six fields, the first one of seconds; with five the second is 0. Day of the month and day of the week must both fit.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product

from shared.plurals import counted

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
# Name, least and most value, names for the values from the least on.
_FIELDS: tuple[tuple[str, int, int, tuple[str, ...]], ...] = (
    ("second", 0, 59, ()),
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("day of the week", 0, 6, _DAYS),
)
_PART = re.compile(r"(\*|[0-9A-Za-z]+)(?:-([0-9A-Za-z]+))?(?:/([0-9]+))?")
_LOOK_AHEAD_DAYS = 41 * 366  # a 29th of February that is a Monday, say, comes at least that often


@dataclass(frozen=True)
class Ncrontab:
    """When a timer fires, in UTC."""

    text: str
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
            ValueError: it is none; the text says which field is wrong.
        """
        fields = text.split()
        if len(fields) not in {5, 6}:
            has = counted(len(fields), "field")
            raise ValueError(f"{text!r} has {has}; six are needed: second minute hour day month weekday")
        filled = ["0"] * (6 - len(fields)) + fields
        values = [_values(field, *rule) for field, rule in zip(filled, _FIELDS, strict=True)]
        read = cls(text, *values[:3], *map(frozenset, values[3:]))  # type: ignore[arg-type]  # sets of the same numbers
        if read.next(datetime(2024, 1, 1, tzinfo=UTC)) is None:
            raise ValueError(f"{text!r} never fires: there is no such day")
        return read

    @property
    def without_seconds(self) -> bool:
        """Whether it has five fields, so that it fires at most once a minute."""
        return len(self.text.split()) == 5

    def next(self, after: datetime) -> datetime | None:
        """Return the first moment after a time at which it fires; None if there never is one."""
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
        """Return when it fires for the `count`th time after a moment."""
        moment: datetime | None = after
        for _ in range(count):
            moment = self.next(moment) if moment is not None else None
        return moment


def _values(field: str, name: str, least: int, most: int, names: Sequence[str]) -> tuple[int, ...]:
    """Return the values of one field, in order: `*`, `1`, `1-5`, `*/2`, `1-9/2`, `MON`, and lists of those."""
    found: set[int] = set()
    for part in field.split(","):
        match = _PART.fullmatch(part)
        if match is None or (match[1] == "*" and match[2]):
            raise ValueError(f"the {name} {part!r} is none: *, a number, a range such as 1-5, or one with a step (/2)")
        step = int(match[3] or 1)
        if match[1] == "*":
            first, last = least, most
        else:
            first = _value(match[1], name, least, most, names)
            # A step without a range goes on to the end; else it is this one value.
            last = _value(match[2], name, least, most, names) if match[2] else most if match[3] else first
        if step < 1 or first > last:
            raise ValueError(f"the {name} {part!r} names no value")
        found |= set(range(first, last + 1, step))
    return tuple(sorted(found))


def _value(text: str, name: str, least: int, most: int, names: Sequence[str]) -> int:
    known = [one.casefold() for one in names]
    if text.casefold()[:3] in known and not text.isdigit():
        return least + known.index(text.casefold()[:3])
    if not text.isdigit() or not least <= int(text) <= most:
        raise ValueError(f"the {name} {text!r} is not between {least} and {most}")
    return int(text)
