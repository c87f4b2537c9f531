"""What the transport refuses or ends: answers without end, hosts of others, addresses inside; and which key it uses."""

import contextlib
import gzip
import logging
import socket
import ssl
import threading
from pathlib import Path

import pytest

from shared.adapters.http.http_client import SINGLE_SEND_TIMEOUT_S, HttpClient
from shared.adapters.http.service_call import Call, Key
from shared.adapters.http.ssrf_guard import checked_resolver
from shared.adapters.storage.sdk_transport import RETRIES, TOTAL_TIMEOUT_S, pooled_transport
from shared.errors import (
    BadAnswerError,
    HostNotAllowedError,
    KeyRefusedError,
    NoAnswerError,
    RejectedError,
    UnavailableError,
    UnusableAnswerError,
)
from shared.log_actions import LogAction
from shared.records.endpoint_record import PATCH_TIMEOUT_S
from shared.routes.host_allowlist import AllowedHosts
from tests.contract.scripted import Reply, scripted
from tests.log_lines import records_about
from tests.studio.odd_hosts import answer, certificate, odd_host, saying

FIRST, SECOND = Key("CANARY-1", "FIRST"), Key("CANARY-2", "SECOND")
INSIDE = [
    *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.0.1", "169.254.169.254", "168.63.129.16", "0.0.0.0", "::1", "::"),  # noqa: S104 - it is refused
    *("fe80::1%eth0", "fc00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "224.0.0.1", "100.64.0.1"),
]


def a_client(total_timeout_s: float = 20) -> HttpClient:
    """Return a transport with a limit for calls as a whole."""
    return HttpClient(
        AllowedHosts(["127.0.0.1:*"]),
        timeout_s=(3, 10),
        total_timeout_s=(total_timeout_s, total_timeout_s),
        backoff_s=0.001,
    )


def keyed(base: str, *, repeatable: bool = True) -> Call:
    """Return a call with two keys."""
    return Call("try it", "PATCH", f"{base}/x", (FIRST, SECOND), {}, repeatable=repeatable)


@pytest.mark.parametrize("drip", ["head", "body"])
@pytest.mark.parametrize("repeatable", [True, False])
def test_an_answer_without_end_is_ended(drip: str, *, repeatable: bool) -> None:
    """A byte now and then keeps no read from its time limit, but the call as a whole has one."""
    with scripted(Reply(200, drip=drip)) as server, pytest.raises(NoAnswerError):
        a_client(0.4).send(Call("try it", "GET", f"{server.base_url}/x", repeatable=repeatable))

    assert len(server.received) == 1  # there was no time for another try


@pytest.mark.parametrize("drip", ["head", "body"])
def test_storage_that_never_ends_its_answer_is_ended(drip: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Golden rows, holdouts and scored rows are read by the SDK, over a transport with the same limit."""
    from shared.adapters.storage.blob_files import BlobStorageFiles  # noqa: PLC0415 - as the app does

    monkeypatch.setattr("shared.adapters.storage.sdk_transport.TOTAL_TIMEOUT_S", 0.4)
    headers = {"ETag": '"1"', "Content-Length": "900", "Content-Range": "bytes 0-899/900"}
    with scripted(Reply(206, drip=drip, headers=headers)) as server:
        account = f"AccountName=a;AccountKey=YQ==;BlobEndpoint={server.base_url}/a"
        files = BlobStorageFiles.from_connection_string(account, retry_total=0, transport=pooled_transport())
        with pytest.raises(NoAnswerError):
            files.read_text("models/golden.csv", 1000)
        files.close()
    assert TOTAL_TIMEOUT_S * (RETRIES + 1) < 300  # a function that runs longer may be ended by its host


@pytest.mark.parametrize("status", [200, 400])
def test_a_small_answer_that_unpacks_to_a_huge_one_is_refused(status: int) -> None:
    """It is asked for as it is; what is packed all the same counts as what it unpacks to."""
    packed = gzip.compress(b"0" * 100_000_000)
    with scripted(Reply(status, packed, headers={"Content-Encoding": "gzip"})) as server:
        with pytest.raises((BadAnswerError, UnusableAnswerError)) as raised:
            a_client().send(Call("try it", "GET", f"{server.base_url}/x", limit_bytes=200_000))
        assert server.received[0].headers["Accept-Encoding"] == "identity"
    assert len(str(raised.value)) < 1000


def test_a_call_that_is_sent_once_is_over_when_the_records_count_on_it() -> None:
    """A PATCH whose answer was lost is held to be over after a certain time: the client's limits are within that."""
    assert SINGLE_SEND_TIMEOUT_S < PATCH_TIMEOUT_S


def test_a_connection_goes_on_after_a_call_that_used_up_its_time() -> None:
    """What is left of one call's time is not what the next one gets."""
    web = a_client(2)
    with scripted(Reply(200, b"a"), Reply(200, b"b", pause_s=1.5), Reply(200, b"c", pause_s=1)) as server:
        assert [web.send(Call("x", "GET", server.base_url)) for _ in range(3)] == ["a", "b", "c"]


@pytest.mark.parametrize("status", [401, 403])
def test_the_second_key_is_tried_and_remembered(status: int, caplog: pytest.LogCaptureFixture) -> None:
    """Also for what is sent once: a refused call had no effect. The warning names the settings, not the keys."""
    web = a_client()
    with scripted(Reply(status), Reply(200, b"1"), Reply(200, b"2")) as server:
        assert [web.send(keyed(server.base_url, repeatable=False)) for _ in range(2)] == ["1", "2"]
        web.send(keyed(server.base_url))

    assert [request.headers["Authorization"][-1] for request in server.received] == ["1", "2", "2", "2"]
    (warning,) = records_about(caplog, LogAction.SERVICE_KEY_REFUSED)
    assert warning.levelname == "WARNING"
    assert "setting FIRST was refused" in warning.getMessage()
    assert "CANARY" not in caplog.text


def test_the_first_key_is_tried_again_once_the_second_is_refused() -> None:
    """Keys are rotated to and fro without a restart."""
    web = a_client()
    refused = Reply(400, b'{"error": {"code": "BadArgument"}}')
    with scripted(Reply(401), Reply(200), Reply(401), refused, Reply(200)) as server:
        web.send(keyed(server.base_url))
        with pytest.raises(RejectedError):  # but it let the first key in
            web.send(keyed(server.base_url))
        web.send(keyed(server.base_url))

    assert [request.headers["Authorization"][-1] for request in server.received] == ["1", "2", "2", "1", "1"]


def test_two_refused_keys_are_both_named() -> None:
    """Somebody must correct a setting; each key was tried once."""
    with scripted(Reply(401)) as server, pytest.raises(KeyRefusedError, match="settings FIRST and SECOND"):
        a_client().send(keyed(server.base_url))

    assert len(server.received) == 2


def test_a_lost_answer_is_no_refusal() -> None:
    """The second key is for refusals alone: what may have taken effect is not sent again."""
    with scripted(Reply(hang_up=True)) as server, pytest.raises(NoAnswerError):
        a_client().send(keyed(server.base_url, repeatable=False))

    assert len(server.received) == 1


def test_an_answer_that_repeats_the_key_is_not_passed_on() -> None:
    """Whatever words it stands in: neither key nor signature gets into the error."""
    body = rb'{"error": {"code": "No", "message": "who is a CANARY\/KEY, with s%2FCANARY or s/CANARY?"}}'
    keys = (Key("CANARY/KEY", "THE_SETTING"),)
    with scripted(Reply(400, body)) as server, pytest.raises(RejectedError, match="who is a") as raised:
        a_client().send(Call("try it", "GET", f"{server.base_url}/x?sig=s%2FCANARY", keys))

    assert "CANARY" not in str(raised.value)


@pytest.mark.parametrize("strange", [b"HTTP/1.1 200 OK\r\nno colon\r\nX: y\r\n\r\n", answer(b"", "503 Busy"), b"\xff"])
def test_no_log_line_shows_a_signature(strange: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """Also not those that the libraries write of what they find strange, with the whole URL."""
    caplog.set_level(logging.DEBUG)
    with odd_host(saying(strange)) as host, contextlib.suppress(NoAnswerError, UnavailableError):
        a_client().send(Call("x", "GET", f"http://127.0.0.1:{host.port}/c/b?sig=CANARY"))

    assert "CANARY" not in caplog.text


def test_a_key_goes_to_its_own_hosts_only() -> None:
    """Also among those that are allowed for everything."""
    with scripted(Reply()) as server, pytest.raises(HostNotAllowedError, match="its own list"):
        a_client().send(Call("x", "GET", server.base_url, hosts=AllowedHosts(["127.0.0.1:1"], "its own list")))

    assert server.received == []


@pytest.mark.parametrize("address", INSIDE)
def test_a_name_that_leads_inside_gets_nothing(address: str) -> None:
    """One such address among others is enough; only a list that names the very host lets it pass."""

    def look_up(host: str, port: int) -> list[str]:
        assert (host, port) == ("api.example.com", 443)
        return ["8.8.8.8", address]

    with pytest.raises(HostNotAllowedError, match=r"api\.example\.com has an address in a private network"):
        HttpClient(AllowedHosts(["*.example.com"]), look_up=look_up).send(Call("x", "GET", "https://api.example.com/"))
    named = checked_resolver(AllowedHosts(["API.example.com", "*"]), look_up)
    assert list(named("api.example.com", 443)) == ["8.8.8.8", address]


def test_the_checked_address_is_the_one_that_is_connected_to() -> None:
    """A name is looked up once for a connection: another answer a moment later leads nowhere."""
    lookups: list[str] = []

    def look_up(host: str, port: int) -> list[str]:
        lookups.append(f"{host}:{port}")
        return ["127.0.0.1"] if len(lookups) == 1 else ["10.0.0.1"]

    with scripted(Reply(200, b"ok")) as server:
        port = server.base_url.rpartition(":")[2]
        web = HttpClient(AllowedHosts(["localhost:*"]), look_up=look_up)
        assert [web.send(Call("x", "GET", f"http://localhost:{port}/")) for _ in range(3)] == ["ok"] * 3

    assert lookups == [f"localhost:{port}"]  # one connection served all three


def tls_client(folder: Path, *, trusted: bool = True) -> tuple[HttpClient, ssl.SSLContext]:
    """Return a transport that finds any name on this machine, and how to serve `service.example` there."""
    path, key = certificate(folder, "service.example")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(path, key)
    allowed = AllowedHosts(["service.example:*", "other.example:*"])
    web = HttpClient(allowed, timeout_s=(3, 10), total_timeout_s=(5, 5), retries=0, look_up=lambda *_: ["127.0.0.1"])
    if trusted:
        web._repeating.verify = str(path)
    return web, context


def test_tls_verifies_the_name_and_not_the_address(tmp_path: Path) -> None:
    """At the address that was found for it: a certificate for another name, or of nobody, is refused."""
    web, context = tls_client(tmp_path)
    with odd_host(saying(answer(b"ok", Content_Length="2")), context) as host:
        assert web.send(Call("x", "GET", f"https://service.example:{host.port}/")) == "ok"
        with pytest.raises(NoAnswerError, match="certificate"):
            web.send(Call("x", "GET", f"https://other.example:{host.port}/"))
        with pytest.raises(NoAnswerError, match="certificate"):
            tls_client(tmp_path, trusted=False)[0].send(Call("x", "GET", f"https://service.example:{host.port}/"))

    assert len(host.requests) == 1


@pytest.mark.parametrize(
    "begin", [b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"]
)
def test_a_trickle_over_tls_ends(begin: bytes, tmp_path: Path) -> None:
    """Head or body: the limit of the call as a whole holds there as well."""
    over = threading.Event()

    def drip(connection: socket.socket, _: bytes) -> None:
        connection.sendall(begin)
        with contextlib.suppress(OSError):
            while not over.wait(0.02):
                connection.sendall(b"x")

    web, context = tls_client(tmp_path)
    web._total_timeout_s = (0.5, 0.5)
    with odd_host(drip, context) as host:
        with pytest.raises(NoAnswerError):
            web.send(Call("x", "GET", f"https://service.example:{host.port}/"))
        over.set()
