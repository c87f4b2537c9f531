"""Dates and times in cells: the format of a column, and the numbers that a model learns from."""

import math
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from studio.tables.cell_parsing import has_no_value

_CLOCK = r"(?:[T ]\s?(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.\d{1,9})?)?)?"
_ZONE = r"\s?(?P<zone>Z|UTC|[+-]\d{2}:?\d{2})?"
_HALF = r"(?:\s?(?P<half>[AaPp])[Mm])?"
_SLASHED = r"(?P<{}>\d{{1,2}})[/](?P<{}>\d{{1,2}})[/](?P<year>\d{{4}})"
# In the order in which they are tried: where a column fits two formats, the first is taken.
DATE_FORMATS: dict[str, re.Pattern[str]] = {
    "year-month-day": re.compile(rf"(?P<year>\d{{4}})[-/](?P<month>\d{{1,2}})[-/](?P<day>\d{{1,2}}){_CLOCK}{_ZONE}"),
    "month/day/year": re.compile(_SLASHED.format("month", "day") + _CLOCK + _HALF),
    "day/month/year": re.compile(_SLASHED.format("day", "month") + _CLOCK + _HALF),
    "day.month.year": re.compile(rf"(?P<day>\d{{1,2}})\.(?P<month>\d{{1,2}})\.(?P<year>\d{{4}}){_CLOCK}"),
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DATE_PARTS: dict[str, Callable[[datetime], float]] = {
    "days since 1970": lambda moment: (moment - _EPOCH) / timedelta(days=1),
    "month": lambda moment: float(moment.month),
    "day of week": lambda moment: float(moment.weekday()),  # Monday is 0
    "hour": lambda moment: moment.hour + moment.minute / 60,
}


def parse_date(cell: str, date_format: str) -> datetime | None:
    """Return the moment in a stripped cell of this format, or None; a cell without a time zone is in UTC."""
    match = DATE_FORMATS[date_format].fullmatch(cell)
    if match is None:
        return None
    part = {name: text for name, text in match.groupdict().items() if text}
    zone, half = part.pop("zone", "Z"), part.pop("half", "").lower()
    number = {name: int(text) for name, text in part.items()}
    if half:
        if not 1 <= number.get("hour", 0) <= 12:
            return None
        number["hour"] = number["hour"] % 12 + (12 if half == "p" else 0)
    try:
        moment = datetime(**number, tzinfo=UTC)
        if zone not in ("Z", "UTC"):
            shift = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
            moment += shift if zone[0] == "-" else -shift
    except (ValueError, OverflowError):
        return None
    return moment


def matching_formats(cells: Iterable[str]) -> list[str]:
    """Return the formats in which every cell is a date."""
    texts = list(cells)
    return [
        date_format for date_format in DATE_FORMATS if texts and all(parse_date(cell, date_format) for cell in texts)
    ]


def date_part_encoder(date_format: str, part: str) -> Callable[[str], float]:
    """Return the function from a stripped cell to one of its `DATE_PARTS`; NaN for a missing one.

    The function raises ValueError for a text that is no date of the format.
    """
    return _encoder(date_format, DATE_PARTS[part])


def timestamp_encoder(date_format: str) -> Callable[[str], float]:
    """Return the function from a stripped cell to its seconds since 1970; otherwise as `date_part_encoder`."""
    return _encoder(date_format, datetime.timestamp)


def _encoder(date_format: str, number: Callable[[datetime], float]) -> Callable[[str], float]:
    def encode(cell: str) -> float:
        moment = parse_date(cell, date_format)
        if moment is not None:
            return number(moment)
        if has_no_value(cell):
            return math.nan
        raise ValueError(f"is not a date as {date_format}")

    return encode
