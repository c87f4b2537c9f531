"""What a cell looks like while nothing is known of its column (pure)."""

import re
from enum import StrEnum
from functools import cache
from typing import NamedTuple

from shared.intake.date_patterns import When, reads
from shared.intake.number_forms import MAX_CHARACTERS, readings, undressed
from shared.intake.table_schema import DEFAULT_FORMAT, FieldType, SchemaField

# Cells that hold no value in a column of numbers or dates. Among texts they are values: NA may be Namibia.
PLACEHOLDERS = (
    *("NA", "N/A", "n/a", "na", "#N/A", "#NA", "<NA>", "NaN", "nan", "NAN", "-nan", "-NaN"),
    *("NULL", "Null", "null", "(null)", "None", "none", "NONE", "nil", "\\N", "-", "--", "\u2013", "\u2014", "?"),
    *("#DIV/0!", "#REF!", "#VALUE!", "#NAME?", "#NUM!", "#NULL!"),
    *("Infinity", "-Infinity", "infinity", "-infinity", "inf", "-inf", "Inf", "-Inf", "INF", "-INF"),
)
TRUE, FALSE = "true", "false"
_PLACEHOLDERS = frozenset(PLACEHOLDERS)
_LEADING_ZERO = re.compile(r"[+-]?0[0-9]+")
_TIME = r"(?P<time>[ T][0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?P<fraction>\.[0-9]{1,6})?)?)?(?P<zone>Z|[+-][0-9]{2}:[0-9]{2})?"
_YEAR_FIRST = re.compile(r"[0-9]{4}(?P<sign>[-/.])[0-9]{1,2}(?P=sign)[0-9]{1,2}" + _TIME)
_YEAR_LAST = re.compile(r"[0-9]{1,2}(?P<sign>[-/.])[0-9]{1,2}(?P=sign)(?P<year>[0-9]{4}|[0-9]{2})" + _TIME)
_USUAL_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,20})?")
_CLOCK = re.compile(r"[0-9]{1,2}:[0-9]{2}(?P<seconds>:[0-9]{2})?")
_SERIAL = re.compile(r"[2-6][0-9]{4}(?:\.[0-9]+)?")


class Kind(StrEnum):
    """What a cell looks like."""

    MISSING = "missing"
    PLACEHOLDER = "placeholder"
    ZERO_FIRST = "zero first"  # digits that begin with 0: no number
    WHOLE = "whole"  # a number without a decimal sign
    POINT = "point"  # a number that can only have a decimal point
    COMMA = "comma"
    POINT_OR_GROUP = "point or group"  # 1.234
    COMMA_OR_GROUP = "comma or group"  # 1,234
    MOMENT = "moment"  # a date, a time, or both
    NO_MOMENT = "no moment"  # it looks like a date, and is none, or has a year of two digits
    BOOLEAN = "boolean"
    TEXT = "text"


NUMBERS = (Kind.WHOLE, Kind.POINT, Kind.COMMA, Kind.POINT_OR_GROUP, Kind.COMMA_OR_GROUP)


class MomentForm(NamedTuple):
    """A type of dates or times, and its format."""

    type: FieldType
    format: str


class Look(NamedTuple):
    """What a cell looks like.

    Attributes:
        number: its value, where its kind leaves one reading.
        unit, group: the percent sign or currency, and the group sign, that certainly are ones.
        forms: of a moment, every form that it can have; two where day and month could be exchanged.
        serial: whether it may be a day number of a spreadsheet.
    """

    kind: Kind
    number: float | None = None
    unit: str = ""
    group: str = ""
    forms: tuple[MomentForm, ...] = ()
    serial: bool = False


def look_of(cell: str) -> Look:  # noqa: PLR0911 - one line a kind
    """Return what a cell looks like."""
    text = cell.strip()
    if not text:
        return Look(Kind.MISSING)
    usual = _USUAL_NUMBER.fullmatch(text)
    if usual is not None:
        return _usual_number(text, usual[1], usual[2])
    if text in _PLACEHOLDERS:
        return Look(Kind.PLACEHOLDER)
    if len(text) > MAX_CHARACTERS:
        return Look(Kind.TEXT)
    if _LEADING_ZERO.fullmatch(text):
        return Look(Kind.ZERO_FIRST)
    if text.casefold() in {TRUE, FALSE}:
        return Look(Kind.BOOLEAN)
    return _moment(text) or _number(text) or Look(Kind.TEXT)


def _usual_number(text: str, whole: str, fraction: str | None) -> Look:
    """Return what `_number` would, several times as fast."""
    if fraction is None:
        return Look(Kind.WHOLE, float(text), serial=_SERIAL.fullmatch(text) is not None)
    if len(fraction) == 4 and len(whole) <= 3 and whole != "0":
        return Look(Kind.POINT_OR_GROUP)
    return Look(Kind.POINT, float(text), serial=_SERIAL.fullmatch(text) is not None)


def _number(text: str) -> Look | None:
    dressed = undressed(text)
    possible = readings(dressed.digits) if dressed is not None else ()
    if dressed is None or not possible:
        return None
    if len(possible) > 1:
        kind = Kind.COMMA_OR_GROUP if "," in dressed.digits else Kind.POINT_OR_GROUP
        return Look(kind, unit=dressed.unit)
    reading = possible[0]
    kind = {"": Kind.WHOLE, ".": Kind.POINT, ",": Kind.COMMA}[reading.decimal]
    if not reading.decimal and reading.group in {".", ","}:  # 1.234.567: the other sign is the decimal one
        kind = Kind.COMMA if reading.group == "." else Kind.POINT
    value = float(dressed.sign + reading.text)
    return Look(kind, value, dressed.unit, reading.group, serial=_SERIAL.fullmatch(text) is not None)


def _moment(text: str) -> Look | None:
    clock = _CLOCK.fullmatch(text)
    if clock is not None:
        return _look((MomentForm(FieldType.TIME, DEFAULT_FORMAT if clock["seconds"] else "%H:%M"),), text)
    match = _YEAR_FIRST.fullmatch(text)
    if match is not None:
        return _look((_form(match, "%Y{0}%m{0}%d"),), text)
    match = _YEAR_LAST.fullmatch(text)
    if match is None:
        return None
    if len(match["year"]) == 2:
        return Look(Kind.NO_MOMENT)
    return _look((_form(match, "%d{0}%m{0}%Y"), _form(match, "%m{0}%d{0}%Y")), text)


def _form(match: re.Match[str], order: str) -> MomentForm:
    """Return the form of a date, with its time if it has one."""
    time = match["time"] or ""
    kind = FieldType.DATETIME if time else FieldType.DATE
    pattern = order.format(match["sign"])
    if time:
        clock = "%H:%M:%S" if time.count(":") == 2 else "%H:%M"
        pattern += time[0] + clock + (".%f" if match["fraction"] else "")
    if pattern in {"%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f"}:
        pattern = DEFAULT_FORMAT
    elif match["zone"]:
        pattern += "%z"
    return MomentForm(kind, pattern)


def _look(forms: tuple[MomentForm, ...], text: str) -> Look:
    right = [form for form in forms if _reads(form)(text) is not None]
    return Look(Kind.MOMENT, forms=tuple(right)) if right else Look(Kind.NO_MOMENT)


@cache
def _reads(form: MomentForm) -> When:
    return reads(SchemaField(name="", type=form.type, format=form.format))
