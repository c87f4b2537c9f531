"""Typed records to JSON values and back: one codec, for the rows of the tables and for what other tools read (pure).

A record is a named tuple or a dataclass. Its fields are texts, numbers, booleans, times, enumerations, tuples,
dictionaries by text, and records. The JSON for other tools leaves out a field that equals its default. A row holds
every field; a row that lacks one is refused, since no value is made up.
"""

from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, NamedTuple, TypeAliasType, Union, get_args, get_origin, get_type_hints

# Fields with another name in the JSON that other tools read.
JSON_NAMES = {"own_metrics": "own", "archived_model": "kept", "times": "count"}

type Json = dict[str, Any]  # an object, by the names of its members
type Reader = Callable[[Any], Any]
type TimeWriter = Callable[[datetime], str]


def time_text(when: datetime) -> str:
    """Write an aware time as UTC with six digits after the second: it is read back exactly."""
    return when.astimezone(UTC).isoformat(timespec="microseconds")


def to_json_value(value: object, write_time: TimeWriter = time_text, *, with_defaults: bool = False) -> Any:
    """Return a value for `json.dumps`; `with_defaults` also writes fields that equal their default.

    Raises:
        TypeError: a value of a kind that no record may hold.
    """
    match value:
        case None | bool() | int() | float():
            plain: Any = value
        case Enum():
            plain = value.value
        case str():
            plain = value
        case datetime():
            plain = write_time(value)
        case dict():
            plain = {
                str(name): to_json_value(inner, write_time, with_defaults=with_defaults)
                for name, inner in value.items()
            }
        case list() | tuple() if not hasattr(value, "_fields"):
            plain = [to_json_value(inner, write_time, with_defaults=with_defaults) for inner in value]
        case _:
            plain = {
                field.json_name: to_json_value(inner, write_time, with_defaults=with_defaults)
                for field in record_fields(type(value))
                if (inner := getattr(value, field.name)) != field.default or field.is_required or with_defaults
            }
    return plain


class RecordField(NamedTuple):
    """One field of a record, its name in JSON, and its default if it has one."""

    name: str
    json_name: str
    hint: Any
    is_required: bool
    default: object


def record_fields(kind: type) -> tuple[RecordField, ...]:
    """Return the fields of a named tuple or a dataclass.

    Raises:
        TypeError: the kind is neither.
    """
    return _record_fields(kind)


@cache
def _record_fields(kind: Any) -> tuple[RecordField, ...]:
    hints = get_type_hints(kind)
    if is_dataclass(kind):
        defaults = {field.name: field.default for field in fields(kind) if field.default is not MISSING}
        names = [field.name for field in fields(kind)]
    elif hasattr(kind, "_field_defaults"):
        defaults, names = kind._field_defaults, list(kind._fields)  # a named tuple
    else:
        raise TypeError(f"a record cannot hold a {kind.__name__}")
    return tuple(
        RecordField(name, JSON_NAMES.get(name, name), hints[name], name not in defaults, defaults.get(name))
        for name in names
    )


@cache
def reader_of(hint: Any) -> Reader:  # noqa: PLR0911 - one line a kind
    """Return the function that reads a JSON value of a kind.

    Raises:
        TypeError: no record may hold such a kind.
    """
    if isinstance(hint, TypeAliasType):
        return reader_of(hint.__value__)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in {Union, UnionType}:
        return _optional(hint, arguments)
    if hint is Any:
        return lambda value: value
    if origin is dict:
        return _dictionary(reader_of(arguments[1]))
    if origin is tuple:
        return _tuple(arguments)
    if hint is datetime:
        return datetime.fromisoformat
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint
    if hint in {str, int, float, bool}:
        return _plain(hint)
    return _record(hint)


def _plain(kind: type) -> Reader:
    kinds = (int, float) if kind is float else (kind,)

    def read(value: Any) -> Any:
        if not isinstance(value, kinds) or (isinstance(value, bool) and kind is not bool):
            raise ValueError(f"{value!r} is no {kind.__name__}")
        return value

    return read


def _optional(hint: Any, arguments: tuple[Any, ...]) -> Reader:
    kinds = [kind for kind in arguments if kind is not type(None)]
    if len(kinds) != 1:
        raise TypeError(f"a record cannot hold {hint}")
    read = reader_of(kinds[0])
    return lambda value: None if value is None else read(value)


def _dictionary(read: Reader) -> Reader:
    def read_all(value: Any) -> Any:
        if not isinstance(value, dict):
            raise ValueError(f"{value!r} is no object")  # noqa: TRY004 - a wrong row, not a wrong call
        return {name: read(inner) for name, inner in value.items()}

    return read_all


def _tuple(arguments: tuple[Any, ...]) -> Reader:
    """Return the reader of `tuple[X, ...]`, or of a tuple of a fixed length."""
    repeated = len(arguments) == 2 and arguments[1] is Ellipsis
    readers = [reader_of(argument) for argument in arguments if argument is not Ellipsis]

    def read_all(value: Any) -> Any:
        if not isinstance(value, list) or not (repeated or len(value) == len(readers)):
            raise ValueError(f"{value!r} is no list of that kind")
        if repeated:
            return tuple(readers[0](inner) for inner in value)
        return tuple(read(inner) for read, inner in zip(readers, value, strict=True))

    return read_all


def _record(kind: type) -> Reader:
    fields = [(field, reader_of(field.hint)) for field in record_fields(kind)]

    def read_all(value: Any) -> Any:
        if not isinstance(value, dict):
            raise ValueError(f"{value!r} is no object")  # noqa: TRY004 - a wrong row, not a wrong call
        values: dict[str, Any] = {}
        for field, read in fields:
            if field.json_name in value:
                values[field.name] = read(value[field.json_name])
            else:
                raise ValueError(f"{field.json_name} is missing")
        return kind(**values)

    return read_all
