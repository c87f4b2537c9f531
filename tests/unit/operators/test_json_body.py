"""The body of a request: an object of JSON or nothing, and any other body is the caller's mistake."""

import pytest

from shared.errors import BadRequestError
from shared.operators.json_body import read_object


@pytest.mark.parametrize(
    ("body", "members"), [(b"", {}), (b"{}", {}), ('{"a": [1], "ü": null}'.encode(), {"a": [1], "ü": None})]
)
def test_an_object_is_read_and_nothing_is_an_empty_one(body: bytes, members: dict[str, object]) -> None:
    """A caller without arguments need not send a body."""
    assert read_object(body) == members


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 100_000, b" "])
def test_what_is_not_json_is_refused(body: bytes) -> None:
    """Whatever its encoding, and however deep."""
    with pytest.raises(BadRequestError, match="the body is not JSON"):
        read_object(body)


@pytest.mark.parametrize("body", [b"[]", b'"a"', b"null", b"1"])
def test_what_is_no_object_is_refused(body: bytes) -> None:
    """A list or a text has no members."""
    with pytest.raises(BadRequestError, match="the body must be a JSON object"):
        read_object(body)
