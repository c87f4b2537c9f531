"""Numbers as people and spreadsheets write them: every usual reading of a cell (pure).

A cell with one reading is cleaned; a cell with two (`1,234`) is refused unless the schema settles it.
"""

import re
from typing import NamedTuple

SPACES = "\u00a0\u202f\u2009"  # no-break, narrow no-break and thin: digits are grouped by them
_GROUP_ALWAYS = "'\u2019" + SPACES + " "  # never a decimal mark
_CURRENCIES = "€$£¥₹₽₩₺₴₪฿" + "¢"
_CODES = "EUR|USD|GBP|CHF|JPY|CNY|INR|CAD|AUD|SEK|NOK|DKK|PLN|CZK|HUF"
_UNIT = rf"[{_CURRENCIES}]|(?:{_CODES})|%"
_DRESSED = re.compile(
    rf"(?P<sign>[+\-\u2212]?)\s*(?P<before>{_UNIT})?\s*(?P<sign2>[+\-\u2212]?)"
    rf"(?P<digits>[0-9.,'\u2019{SPACES} ]*[0-9][0-9.,]*(?:[eE][+-]?[0-9]{{1,3}})?)"
    rf"\s*(?P<behind>-)?\s*(?P<after>{_UNIT})?"
)
MAX_CHARACTERS = 64  # no number of a table has more; and longer texts would take long to match
_EXPONENT = re.compile(r"[eE][+-]?[0-9]{1,3}$")


class Reading(NamedTuple):
    """One reading of a cell.

    Attributes:
        text: the number with a decimal point and without group signs.
        decimal: the decimal mark that it uses; "" if it has none.
        group: the group sign that it uses; "" if it has none.
    """

    text: str
    decimal: str
    group: str


class Dressed(NamedTuple):
    """A cell without what stands around its digits.

    Attributes:
        sign: "-" or "".
        digits: with their marks.
        unit: percent sign or currency; "" if there is none.
    """

    sign: str
    digits: str
    unit: str


def undressed(cell: str) -> Dressed | None:
    """Return the digits of a trimmed cell, its sign and its unit; None if it is no number at all."""
    match = _DRESSED.fullmatch(cell) if len(cell) <= MAX_CHARACTERS else None
    if match is None:
        return None
    signs = [sign for sign in (match["sign"], match["sign2"], match["behind"]) if sign]
    units = [unit for unit in (match["before"], match["after"]) if unit]
    if len(signs) > 1 or len(units) > 1 or match["before"] == "%":
        return None
    return Dressed("-" if signs and signs[0] != "+" else "", match["digits"], units[0] if units else "")


def readings(digits: str) -> tuple[Reading, ...]:
    """Return every usual reading of digits with marks, each once."""
    exponent = _EXPONENT.search(digits)
    tail = exponent[0] if exponent else ""
    body = digits[: len(digits) - len(tail)]
    possible: dict[str, Reading] = {}
    for decimal in (".", ","):
        for group in ("", ",", ".", *_GROUP_ALWAYS):
            if group == decimal or (tail and group):
                continue
            text = as_number(body, decimal, group)
            if text is not None:
                used = decimal if decimal in body else ""
                possible.setdefault(text, Reading(text + tail, used, group if group and group in body else ""))
    return tuple(possible.values())


def as_number(body: str, decimal: str, group: str) -> str | None:
    """Return digits as a number with a decimal point; None if they are none under these two marks."""
    whole, mark, fraction = body.partition(decimal)
    if group and group in whole:
        parts = whole.split(group)
        if not 1 <= len(parts[0]) <= 3 or any(len(part) != 3 for part in parts[1:]) or parts[0] == "0":
            return None
        whole = "".join(parts)
    digits = whole + fraction
    if not digits.isascii() or not digits.isdigit():
        return None
    return f"{whole}.{fraction}" if mark else whole
