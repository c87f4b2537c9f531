"""Dates and times by a pattern of strptime: one order of day and month, no guess (pure)."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache

from shared.intake.table_schema import DEFAULT_FORMAT, FieldType, SchemaField

type When = Callable[[str], datetime | None]

_DEFAULTS = {FieldType.DATE: "%Y-%m-%d", FieldType.TIME: "%H:%M:%S"}
_ISO_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:Z|[+-][0-9]{2}:[0-9]{2})?"
)
# Directives that are read here, several times as fast as by strptime; all others are left to it.
_DIGITS = {"Y": "[0-9]{4}", **dict.fromkeys("mdHMS", "[0-9]{1,2}")}
_OTHERS = frozenset("yfbBpIjaAzZ%")
# For whole blocks of cells: days that are right whatever the year is.
_PLAIN = {"Y": "[12][0-9]{3}", "H": "(?:[01][0-9]|2[0-3])", "M": "[0-5][0-9]", "S": "[0-5][0-9]"}
_MONTHS = (
    {"m": "(?:0[13578]|1[02])", "d": "(?:0[1-9]|[12][0-9]|3[01])"},
    {"m": "(?:0[469]|11)", "d": "(?:0[1-9]|[12][0-9]|30)"},
    {"m": "02", "d": "(?:0[1-9]|1[0-9]|2[0-8])"},
)
_LEAP_DAY = {"Y": "[12][0-9](?:0[48]|[2468][048]|[13579][26])", "m": "02", "d": "29"}  # of years that surely have it
_DIRECTIVE = re.compile(r"%(.?)")


def pattern_problem(pattern: str) -> str:
    """Return what is wrong with a pattern, as the end of a sentence that begins with its place; "" if nothing is."""
    if pattern == "any":
        return 'may not be "any": a date could have two readings; write a pattern, for example "%d.%m.%Y"'
    directives = set(_DIRECTIVE.findall(pattern))
    unknown = sorted(directives - set(_DIGITS) - _OTHERS)
    if unknown:
        return f"has the directive {', '.join('%' + letter for letter in unknown)}, which is not supported"
    if not directives - {"%"}:
        return f'must be a pattern of strptime, for example "%d.%m.%Y", not {pattern!r}'
    return ""


def reads(field: SchemaField) -> When:
    """Return the function that reads the trimmed cells of a field of dates or times; None from it: it is no such."""
    if field.format != DEFAULT_FORMAT:
        return _by_pattern(field.format)
    if field.type is FieldType.DATETIME:
        return _iso_moment
    if field.type is FieldType.YEAR:
        return _year
    return _by_pattern(_DEFAULTS[field.type])


def plain_pattern(field: SchemaField) -> str:
    """Return a regular expression of cells that certainly are right; "" if the format has names in it."""
    if field.type is FieldType.YEAR:
        return _PLAIN["Y"]
    if field.format == DEFAULT_FORMAT and field.type is FieldType.DATETIME:
        return _each_month("%Y-%m-%dT%H:%M:%S") + "Z?"
    pattern = _DEFAULTS.get(field.type, "") if field.format == DEFAULT_FORMAT else field.format
    letters = _DIRECTIVE.findall(pattern)
    if not set(letters) <= {*_PLAIN, "m", "d"} or len(set(letters)) != len(letters) or not pattern.isascii():
        return ""
    return _each_month(pattern)


def _each_month(pattern: str) -> str:
    alternatives = dict.fromkeys(_translated(pattern, {**_PLAIN, **month}) for month in _MONTHS)
    usual = f"(?:{'|'.join(alternatives)})"
    if not {"Y", "m", "d"} <= set(_DIRECTIVE.findall(pattern)):
        return usual
    # Apart, since what alternatives begin with in common is tried once.
    return f"(?:{usual}|{_translated(pattern, {**_PLAIN, **_LEAP_DAY})})"


def _translated(pattern: str, directives: dict[str, str]) -> str:
    """Return a pattern of strptime as a regular expression."""
    parts = _DIRECTIVE.split(pattern)
    return "".join(directives[part] if at % 2 else re.escape(part) for at, part in enumerate(parts))


@cache
def _by_pattern(pattern: str) -> When:
    letters = _DIRECTIVE.findall(pattern)
    if not set(letters) <= set(_DIGITS) or len(set(letters)) != len(letters):
        return lambda text: _strptime(text, pattern)
    matches = re.compile(_translated(pattern, {letter: f"({digits})" for letter, digits in _DIGITS.items()})).fullmatch

    def read(text: str) -> datetime | None:
        match = matches(text)
        if match is None:
            return None
        number = dict(zip(letters, map(int, match.groups()), strict=True))
        year, month, day = number.get("Y", 1900), number.get("m", 1), number.get("d", 1)  # as strptime has it
        try:
            return datetime(year, month, day, number.get("H", 0), number.get("M", 0), number.get("S", 0), tzinfo=UTC)
        except ValueError:
            return None

    return read


def _strptime(text: str, pattern: str) -> datetime | None:
    if not text.isascii() and any(character.isdecimal() and not character.isascii() for character in text):
        return None  # strptime takes the digits of every script, and no job does
    try:
        when = datetime.strptime(text, pattern)  # noqa: DTZ007 - most columns have no zone
    except ValueError:
        return None
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def _iso_moment(text: str) -> datetime | None:
    if _ISO_MOMENT.fullmatch(text) is None:
        return None
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def _year(text: str) -> datetime | None:
    return _by_pattern("%Y")(text)
