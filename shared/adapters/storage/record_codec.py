"""A frozen record -> the columns of a table row, and back.

Texts and whole numbers are stored as they are, times as ISO 8601 text with microseconds (so that they sort as text and
come back exactly), enumerations by value, everything else as JSON text by `shared.records.json_codec`. None is an
absent column. A text longer than a property may be goes on in further columns: `answers`, `answers__2`, `answers__3`.
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import Enum
from itertools import count
from types import UnionType
from typing import Any, Union, get_args, get_origin

from azure.data.tables import EdmType, EntityProperty

from shared.errors import UnreadableRowError
from shared.records.json_codec import reader_of, record_fields, time_text, to_json_value

# A property holds 32 Ki UTF-16 units of text; a character takes at most two of them.
TEXT_LIMIT = 16_000  # characters

type Column = str | EntityProperty


def to_columns(record: object, clean: Callable[[str], str] = str) -> dict[str, Column]:
    """Return the columns of a record; `clean` is applied to every text before it is spread over columns."""
    columns: dict[str, Column] = {}
    for field in record_fields(type(record)):
        value = getattr(record, field.name)
        if value is None:
            continue
        if isinstance(value, int):
            columns[field.name] = EntityProperty(value, EdmType.INT64)  # a plain int would be 32 bits wide
            continue
        columns |= text_columns(field.name, clean(_to_text(value)))
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
    name = "as a whole"
    try:
        for field in record_fields(kind):
            name = field.name
            if name in readers:
                values[name] = readers[name]()
            elif name in row:
                values[name] = _from_column(name, field.hint, row)
            elif type(None) in get_args(field.hint):
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


def _to_text(value: object) -> str:
    match value:
        case Enum():
            return str(value.value)
        case str():
            return value
        case datetime():
            return time_text(value)
    return json.dumps(to_json_value(value, with_defaults=True), separators=(",", ":"))


def _from_column(name: str, hint: Any, row: Mapping[str, Any]) -> Any:
    if _kind_of(hint) is int:
        value = row[name]
        return int(value.value if isinstance(value, EntityProperty) else value)
    text = text_of(name, row)
    read = reader_of(hint)
    return read(text) if _is_plain_text(hint) else read(json.loads(text))


def _is_plain_text(hint: Any) -> bool:
    """Tell whether a field of this kind stands in its column as text: a text, a time, an enumeration."""
    kind = _kind_of(hint)
    return isinstance(kind, type) and issubclass(kind, str | datetime | Enum)


def _kind_of(hint: Any) -> Any:
    """Return the kind of a field that has a value."""
    if get_origin(hint) in {Union, UnionType}:
        return next(argument for argument in get_args(hint) if argument is not type(None))
    return hint
