"""The transport: what is sent, what is sent again, and which error every kind of trouble becomes."""

import inspect
import logging
import re

import pytest
import requests

from landfall.stack.ports import free_ports
from shared.adapters.http.http_client import HttpClient
from shared.adapters.http.http_errors import kind_of
from shared.adapters.http.service_call import Call, Key
from shared.errors import (
    BadAnswerError,
    HostNotAllowedError,
    KeyRefusedError,
    LandfallError,
    NoAnswerError,
    NotFoundError,
    RejectedError,
    ThrottledError,
    UnavailableError,
)
from shared.routes.host_allowlist import AllowedHosts
from tests.contract.scripted import Reply, scripted

KEY = "CANARY-KEY"
BUSY = Reply(503, b'{"error": {"code": "ServiceUnavailable", "details": [{"code": "RequestThrottled"}]}}')


def a_client(*, read_s: float = 10, allowed: str = "127.0.0.1:*") -> HttpClient:
    """Return a transport that does not wait long."""
    return HttpClient(AllowedHosts([allowed]), timeout_s=(3, read_s), backoff_s=0.001)


def call(base: str, *, repeatable: bool = True, path: str = "/x?sig=CANARY", limit: int = 1000) -> Call:
    """Return a POST with a key."""
    keys = (Key(KEY, "THE_SETTING"),)
    return Call("try it", "POST", base + path, keys, {"ü": 1}, repeatable=repeatable, limit_bytes=limit)


def test_what_is_sent() -> None:
    """The key as a bearer token, JSON in UTF-8, the URL with its query."""
    with scripted(Reply(200, b'"ok"')) as server:
        assert a_client().send(call(server.base_url)) == '"ok"'

    (request,) = server.received
    assert (request.method, request.path) == ("POST", "/x?sig=CANARY")
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert request.body == '{"ü": 1}'.encode()


def test_without_a_key_none_is_sent() -> None:
    """A link carries its own token: no Authorization header goes with it."""
    with scripted(Reply(200, b"x")) as server:
        a_client().send(Call("read output", "GET", server.base_url + "/c/b?sig=x"))

    assert "Authorization" not in server.received[0].headers


@pytest.mark.parametrize("first", [BUSY, Reply(500), Reply(504), Reply(408), Reply(hang_up=True)])
def test_a_repeatable_call_is_sent_again(first: Reply, caplog: pytest.LogCaptureFixture) -> None:
    """Busy, broken or lost: the next try counts, and no log line quotes the link's token."""
    caplog.set_level(logging.INFO)
    with scripted(first, Reply(200, b"ok")) as server:
        assert a_client().send(call(server.base_url)) == "ok"

    assert len(server.received) == 2
    assert "CANARY" not in caplog.text


@pytest.mark.parametrize("reply", [BUSY, Reply(500), Reply(hang_up=True)])
def test_a_call_that_must_not_be_repeated_is_sent_once(reply: Reply) -> None:
    """A submit may have taken effect, whatever came back."""
    with scripted(reply) as server, pytest.raises((UnavailableError, NoAnswerError)):
        a_client().send(call(server.base_url, repeatable=False))

    assert len(server.received) == 1


@pytest.mark.parametrize(
    ("reply", "error", "message"),
    [
        (BUSY, ThrottledError, "RequestThrottled"),
        (Reply(500, b"oops"), UnavailableError, "oops"),
        (Reply(429), ThrottledError, "429"),
        (
            Reply(401, b'{"error": {"code": "Unauthorized"}}'),
            KeyRefusedError,
            "^the key is refused, check the setting THE_S",
        ),
        (Reply(403), KeyRefusedError, "403"),
        (Reply(404), BadAnswerError, "^the answer is not in the protocol's form"),
        (Reply(404, b'{"error": {"code": "NotFound"}}'), NotFoundError, "404 NotFound"),
        (Reply(400, b'{"error": {"code": "BadArgument", "message": "m"}}'), RejectedError, "^m; try it answered 400 B"),
        (Reply(409, b"<html><h1>Conflict</h1></html>"), BadAnswerError, "^Conflict; the answer is not in"),
        (
            Reply(302, headers={"Location": "http://127.0.0.1:1/x?sig=CANARY"}),
            BadAnswerError,
            "redirects are not followed",
        ),
        (Reply(200, b"x" * 1001), BadAnswerError, "larger than 1000 bytes"),
        (Reply(200, b"\xff\xfe"), BadAnswerError, "not UTF-8"),
        (Reply(200, b"half", cut=True), NoAnswerError, "broke off"),
        (Reply(hang_up=True), NoAnswerError, "connection"),
        (Reply(503, b"x" * 5_000_000), UnavailableError, "503"),
    ],
)
def test_every_answer_is_an_error_of_its_kind(reply: Reply, error: type[LandfallError], message: str) -> None:
    """Each begins with the reason, names the operation and ends with the place; it holds neither key nor token."""
    with scripted(reply) as server, pytest.raises(error, match=message) as raised:
        a_client().send(call(server.base_url))

    text = f"{raised.value} {raised.value!r} {call(server.base_url)!r}"
    assert re.search(r"try it( answered [^;]*)? at http://127\.0\.0\.1:\d+/\S+$", str(raised.value))
    assert "CANARY" not in text
    assert raised.value.__cause__ is None


def test_silence_is_no_answer() -> None:
    """A service that does not answer in time: the outcome is unknown."""
    with scripted(Reply(200, b"x", pause_s=20)) as server, pytest.raises(NoAnswerError, match="no answer in time"):
        a_client(read_s=0.2).send(call(server.base_url, repeatable=False))


def test_nobody_there_is_no_answer() -> None:
    """A service that is down."""
    (port,) = free_ports(1)
    with pytest.raises(NoAnswerError, match="connection refused or lost"):
        a_client().send(call(f"http://127.0.0.1:{port}"))


def test_a_host_that_is_not_allowed_gets_nothing() -> None:
    """The list is asked before a connection is made."""
    with scripted(Reply()) as server, pytest.raises(HostNotAllowedError):
        a_client(allowed="127.0.0.1:1").send(call(server.base_url))

    assert server.received == []


def test_the_environment_sets_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy in the environment would see the keys."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with scripted(Reply(200, b"ok")) as server:
        assert a_client().send(call(server.base_url)) == "ok"


def test_every_transport_error_is_mapped() -> None:
    """Whatever `requests` can raise while sending is one of those that `send` turns into NoAnswerError."""
    errors = [kind for _, kind in inspect.getmembers(requests.exceptions, inspect.isclass) if issubclass(kind, OSError)]
    assert len(errors) > 15
    for error in errors:
        assert issubclass(error, requests.RequestException | OSError)
    assert kind_of(requests.exceptions.ReadTimeout("http://x/?sig=CANARY")) == "no answer in time"
    assert "CANARY" not in kind_of(requests.exceptions.InvalidURL("http://x/?sig=CANARY"))
