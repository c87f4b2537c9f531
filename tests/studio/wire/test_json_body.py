"""The JSON bodies of callers: read leniently where the original was lenient, else refused with the reason."""

from typing import Any

import pytest

from studio.wire.errors import InvalidBodyError
from studio.wire.json_body import cell_text, parse_json, read_named, read_object


def test_property_names_are_case_insensitive() -> None:
    """They are returned in lower case; the names within a map of the user's keep theirs."""
    assert read_object(b'{"Inputs": {"Input1": 1}}') == {"inputs": {"Input1": 1}}


@pytest.mark.parametrize("body", [b'\xef\xbb\xbf{"a": 1}', b'{"a": 1}'])
def test_a_byte_order_mark_is_accepted(body: bytes) -> None:
    """.NET clients send one."""
    assert read_object(body) == {"a": 1}


def test_nan_is_accepted() -> None:
    """It is not JSON, but clients send it."""
    assert parse_json(b'{"a": NaN}')["a"] != parse_json(b'{"a": 1}')["a"]
    assert cell_text(parse_json(b"[NaN]")[0]) == "NaN"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "The body is not JSON"),
        (b"[1, 2", "The body is not JSON"),
        (b"[" * 100_000, "The body is not JSON"),
        (b'{"a": "\\ud800"}', "half of a surrogate pair"),
        (b"[1]", "The body must be an object"),
        (b'{"a": 1, "A": 2}', "The body has a property twice"),
    ],
)
def test_other_bodies_are_refused(body: bytes, reason: str) -> None:
    """The error names the reason."""
    with pytest.raises(InvalidBodyError, match=reason):
        read_object(body)


def test_a_map_of_names_may_be_null() -> None:
    """Null is an empty map; other values than objects are refused by their name."""
    assert read_named(None, "Inputs") == {}
    with pytest.raises(InvalidBodyError, match="Inputs must be an object"):
        read_named([1], "Inputs")


@pytest.mark.parametrize(
    ("value", "text"), [(None, ""), (True, "True"), ("a", "a"), (5, "5"), (0.1, "0.1"), (1e20, "1E+20")]
)
def test_scalars_become_cells(value: Any, text: str) -> None:
    """Numbers may be unquoted; a list or an object is no cell."""
    assert cell_text(value) == text
    with pytest.raises(InvalidBodyError):
        cell_text([value])
