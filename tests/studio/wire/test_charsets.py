"""Bodies in other charsets than UTF-8."""

import json

import pytest
import requests

from studio.wire.charsets import to_utf8
from studio.wire.errors import InvalidBodyError
from tests.studio.caller import NAMES, TIMEOUT_S, bearer
from tests.studio.running import RunningStudio


@pytest.mark.parametrize(
    ("content_type", "charset"),
    [
        ("", "utf-8"),
        ("application/json", "utf-8"),
        ("application/json; charset=UTF-8", "utf-8"),
        ('text/json;charset="utf-8"; q=1', "utf-8"),
        ("application/json; charset=utf-16", "utf-16"),
        ("application/json; Charset=ISO-8859-1", "latin-1"),
        ("application/json; charset=windows-1252", "cp1252"),
    ],
)
def test_a_body_is_read_in_its_charset(content_type: str, charset: str) -> None:
    """The Content-Type names it, in any case, with or without quotes; UTF-8 otherwise."""
    headers = [(b"accept", b"*/*"), (b"content-type", content_type.encode())]
    assert to_utf8('{"é": 1}'.encode(charset), headers) == '{"é": 1}'.encode()


@pytest.mark.parametrize("charset", ["rot13", "unicode_escape", "zlib", "klingon", "\xff"])
def test_an_unknown_charset_is_refused(charset: str) -> None:
    """The error names the charset, and the supported ones."""
    with pytest.raises(InvalidBodyError) as refused:
        to_utf8(b"{}", [(b"content-type", f"application/json; charset={charset}".encode("latin-1"))])
    assert "utf-8, utf-16" in str(refused.value)


def test_a_body_that_is_not_in_its_charset_is_refused() -> None:
    """An odd number of bytes is no UTF-16."""
    with pytest.raises(InvalidBodyError, match="not in the charset 'utf-16'"):
        to_utf8(b"{}x", [(b"content-type", b"application/json; charset=utf-16")])


def test_a_request_in_latin_1_is_scored(studio: RunningStudio) -> None:
    """Its text comes back as it was."""
    endpoint = studio.endpoint("production")
    body = json.dumps(
        {"Inputs": {"input1": {"ColumnNames": NAMES, "Values": [["39", "60", "Müller", "north"]]}}}, ensure_ascii=False
    )
    headers = bearer(endpoint["api_key"]) | {"Content-Type": "application/json; charset=iso-8859-1"}
    answer = requests.post(endpoint["execute_url"], data=body.encode("latin-1"), headers=headers, timeout=TIMEOUT_S)
    assert answer.json()["Results"]["output1"]["value"]["Values"][0][2] == "Müller"
