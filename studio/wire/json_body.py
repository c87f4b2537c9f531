"""The JSON bodies that callers send, read as leniently as the original read them.

Property names are case-insensitive, as in the original's deserialiser. Names that the user chose (inputs, outputs,
parameters, columns) are case-sensitive (protocol 1.3).
"""

import json
from typing import Any, NoReturn

import orjson

from studio.json_values import Json, r_number
from studio.wire.errors import InvalidBodyError, unreadable_body


def read_object(body: bytes) -> Json:
    """Read a body that must be a JSON object; returns it with its property names in lower case.

    Raises:
        InvalidBodyError: the body or the value is no object.
    """
    return lowered(parse_json(body), "The body")


def parse_json(body: bytes) -> Any:
    """Read a body as JSON; a byte order mark and NaN are accepted, as the original accepted them.

    Raises:
        InvalidBodyError: the body is not JSON.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return _leniently(body)


def _leniently(body: bytes) -> Any:
    """Read JSON with a byte order mark, as .NET clients send one, or with NaN."""
    try:
        value = json.loads(body.decode("utf-8-sig"))
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        refuse_body("The body has half of a surrogate pair, which no answer could repeat")
    except (ValueError, RecursionError):
        refuse_body("The body is not JSON")
    return value


def refuse_body(text: str) -> NoReturn:
    """Refuse a body; `text` says why, without a period."""
    raise InvalidBodyError(unreadable_body(text))


def lowered(value: Any, what: str) -> Json:
    """Return an object with its property names in lower case; `what` names it in the error.

    Raises:
        InvalidBodyError: the value is no object, or has a property twice.
    """
    if not isinstance(value, dict):
        refuse_body(f"{what} must be an object")
    members = {name.lower(): member for name, member in value.items()}
    if len(members) < len(value):
        refuse_body(f"{what} has a property twice")
    return members


def read_named(value: Any, what: str) -> Json:
    """Return a map with names that the user chose; null is an empty map.

    Raises:
        InvalidBodyError: the body or the value is no object.
    """
    if value is None:
        return {}
    if not isinstance(value, dict):
        refuse_body(f"{what} must be an object")
    return value


def cell_text(value: Any) -> str:
    """Return a JSON scalar as the text of a cell: requests may send numbers unquoted (protocol 2).

    Raises:
        InvalidBodyError: for a list or an object.
    """
    match value:
        case None:
            return ""
        case bool():
            return str(value)
        case str() | int():
            return str(value)
        case float():
            return r_number(value)
    refuse_body("A value is a list or an object where a string or a number belongs")
