"""A frozen record -> the columns of a table row, and back: any record whose fields are of the kinds below.

Text and whole numbers are stored as they are, times as ISO 8601 text with microseconds (so that they sort as text and
come back exactly), enumerations by value, everything else (dicts, tuples) as JSON text. None is an absent column.
A text longer than a property may be goes on in further columns: `answers`, `answers__2`, `answers__3`.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import Field, fields
from datetime import UTC, datetime
from enum import Enum
from itertools import count
from typing import Any

from azure.data.tables import EdmType, EntityProperty

from shared.errors import UnreadableRowError

# A property holds 32 Ki UTF-16 units of text; a character takes at most two of them.
TEXT_LIMIT = 16_000  # characters

type Column = str | EntityProperty


def to_columns(record: Any) -> dict[str, Column]:
    """Return the columns of a dataclass record."""
    columns: dict[str, Column] = {}
    for field in fields(record):
        value = getattr(record, field.name)
        if value is None:
            continue
        if isinstance(value, int):
            columns[field.name] = EntityProperty(value, EdmType.INT64)  # a plain int would be 32 bits wide
            continue
        columns |= text_columns(field.name, _to_text(value))
    return columns


def text_columns(name: str, text: str) -> dict[str, str]:
    """Return the one or more columns that hold a text of any length."""
    columns = {name: text[:TEXT_LIMIT]}
    for number, start in enumerate(range(TEXT_LIMIT, len(text), TEXT_LIMIT), start=2):
        columns[f"{name}__{number}"] = text[start : start + TEXT_LIMIT]
    return columns


def from_columns[Record](kind: type[Record], row: Mapping[str, Any], **readers: Callable[[], object]) -> Record:
    """Return the record that a row holds; columns that the record does not know are ignored.

    A column that is absent is None: everything else is written. `readers` read fields of their own accord.

    Raises:
        UnreadableRowError: a column that the record needs is absent, or holds something else.
    """
    values: dict[str, Any] = {}
    try:
        for field in fields(kind):  # type: ignore[arg-type]
            name = field.name
            if name in readers:
                values[name] = readers[name]()
            elif name in row:
                values[name] = _from_column(field, row)
            elif field.type == datetime | None or field.default is None:
                values[name] = None
            else:
                raise ValueError("is missing")  # noqa: TRY301 - the row is named below, for every reason
        name = "as a whole"
        return kind(**values)
    except (ValueError, TypeError, KeyError) as error:
        raise unreadable(row, f"{name}: {error}") from error


def unreadable(row: Mapping[str, Any], reason: str) -> UnreadableRowError:
    """Return the error that names the row and what is wrong with it."""
    return UnreadableRowError(f"the row {row.get('RowKey')} of {row.get('PartitionKey')} is unreadable: {reason}")


def text_of(name: str, row: Mapping[str, Any]) -> str:
    """Return the text that `text_columns` spread over the columns of a row."""
    parts = [str(row[name])]
    for number in count(2):
        part = row.get(f"{name}__{number}")
        if part is None:
            break
        parts.append(str(part))
    return "".join(parts)


def to_json(value: Any) -> str:
    """Write JSON text in ASCII, with times as ISO 8601 text."""
    return json.dumps(value, separators=(",", ":"), default=_to_text)


def time_text(when: datetime) -> str:
    """Write an aware time as UTC with exactly six digits after the second."""
    return when.astimezone(UTC).isoformat(timespec="microseconds")


def _to_text(value: Any) -> str:
    match value:
        case Enum():
            return str(value.value)
        case str():
            return value
        case datetime():
            return time_text(value)
        case dict() | list() | tuple():
            return to_json(value)
    raise TypeError(f"a table row cannot hold a {type(value).__name__}")


def _from_column(field: Field[Any], columns: Mapping[str, Any]) -> Any:
    value = columns[field.name]
    if field.type is int:
        return int(value.value if isinstance(value, EntityProperty) else value)
    text = text_of(field.name, columns)
    if field.type is str:
        return text
    if field.type in {datetime, datetime | None}:
        return datetime.fromisoformat(text)
    if isinstance(field.type, type) and issubclass(field.type, Enum):
        return field.type(text)
    parsed = json.loads(text)
    return tuple(parsed) if isinstance(parsed, list) else parsed
