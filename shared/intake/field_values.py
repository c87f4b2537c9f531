"""The value that a clean cell holds, so that cells can be compared with constraints (pure)."""

import math
import re
from datetime import datetime
from decimal import Decimal

from shared.intake.date_patterns import reads
from shared.intake.table_schema import FieldType, SchemaField

type Value = str | bool | Decimal | datetime

# What every job reads as the same number; the digits are ASCII, and there is no group sign.
NUMBER = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?"
_NUMBER = re.compile(NUMBER)
_INTEGER = re.compile(r"[+-]?[0-9]+")


def value_of(field: SchemaField, text: str) -> Value | None:
    """Return the value of a clean cell, numbers with a decimal point; None: it is none of the field's type."""
    match field.type:
        case FieldType.NUMBER:
            return number_of(text) if _NUMBER.fullmatch(text) else None
        case FieldType.INTEGER:
            return Decimal(text) if _INTEGER.fullmatch(text) else None
        case FieldType.BOOLEAN:
            return True if text in field.true_values else False if text in field.false_values else None
        case FieldType.STRING | FieldType.ANY:
            return text
        case _:
            return reads(field)(text)


def number_of(text: str) -> Decimal | None:
    """Return the value of a number as `NUMBER` spells it; None if no floating-point number is so large."""
    value = Decimal(text)
    return value if math.isfinite(float(value)) else None
