"""Transfers with hosts that misbehave stay within their size, time and addresses."""

import asyncio
import contextlib
import gc
import gzip
import logging
import re
import socket
import ssl
import threading
import time
import tracemalloc
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.api.protocol_errors import translate
from studio.api.request_threads import in_thread
from studio.errors import StorageError, StorageFault
from studio.storage.blobs import BlobStorage
from studio.storage.transfer import CHUNK_BYTES, Resolver, TransferLimits, resolve_host
from tests.studio.odd_hosts import CANARY, Behaviour, OddHost, answer, certificate, odd_host, part, saying

IMPATIENT = TransferLimits(total_timeout_s=1.0, interactive_timeout_s=1.0, retries=1, retry_wait_s=0)
PATIENT = TransferLimits(total_timeout_s=30.0, interactive_timeout_s=30.0, retries=1, retry_wait_s=0)
LIMIT = 100_000  # bytes


def failure(host: OddHost, limits: TransferLimits = PATIENT) -> StorageError:
    """Fetch a blob, which must fail; the text names blob and host and shows no signature."""
    with pytest.raises(StorageError) as caught:
        BlobStorage(limits).fetch(host.address(), LIMIT)
    text = str(caught.value)
    assert "c/x.csv" in text
    assert f"127.0.0.1:{host.port}" in text
    assert CANARY not in text + repr(caught.value)
    assert caught.value.__cause__ is None
    return caught.value


def test_a_sound_host_is_read() -> None:
    """The odd hosts of this module can also behave: then the content comes."""
    with odd_host(saying(part(b"a,b\n1,2\n"))) as host:
        assert BlobStorage(PATIENT).fetch(host.address(), LIMIT) == b"a,b\n1,2\n"
        assert b"Accept-Encoding: identity" in host.requests[0]


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
def test_no_redirect_is_followed(status: str) -> None:
    """The host that a redirect names sees no request, for reading and for writing; the error says so."""
    with odd_host(saying(part(b"stolen"))) as target:
        url = f"http://127.0.0.1:{target.port}/account/c/x.csv"
        with odd_host(saying(answer(b"", status, Location=url, Content_Length="0"))) as host:
            error = failure(host)
            assert "redirect" in str(error)
            assert error.fault is not StorageFault.UNAVAILABLE
            with pytest.raises(StorageError, match="redirect"):
                BlobStorage(PATIENT).write(host.address(), b"model", "text/plain")
        assert target.requests == []


def trickle(connection: socket.socket, text: bytes) -> None:
    """Send a byte every few hundredths of a second, until the client closes the connection."""
    connection.sendall(text)
    while True:
        time.sleep(0.05)
        connection.sendall(b"x")


@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nX: ",
        part(b"", 50_000, Content_Length="50000"),
        part(b"", 50_000, Content_Length="50000", Connection="close"),
        answer(b"", "503 Busy", Content_Length="50000"),
    ],
)
def test_a_trickle_ends(start: bytes) -> None:
    """A host that sends a byte now and then, in its headers or in its body, runs into the deadline."""
    with odd_host(lambda connection, _: trickle(connection, start)) as host:
        error = failure(host, IMPATIENT)
        assert "took longer than 1 seconds" in str(error)
        assert error.fault is StorageFault.UNAVAILABLE


def test_a_host_that_stops_reading_is_left() -> None:
    """Writing to a host that reads nothing ends at the deadline, too."""
    given_up = threading.Event()

    def deaf(*_: object) -> None:
        given_up.wait(20)

    with odd_host(deaf) as host:
        with pytest.raises(StorageError, match="took longer than 1 seconds"):
            BlobStorage(IMPATIENT).write(host.address(), bytes(CHUNK_BYTES), "text/plain")
        given_up.set()


def test_no_more_is_read_than_the_limit() -> None:
    """A blob with too large a length is not read; one with a false length is not kept."""
    with odd_host(saying(part(b"x" * 10, LIMIT + 1))) as host:
        assert f"larger than {LIMIT} bytes" in str(failure(host))
    sent = threading.Event()

    def endless(connection: socket.socket, _: bytes) -> None:
        connection.sendall(
            answer(b"", "206 Partial Content", Content_Range="bytes 0-9/10", Transfer_Encoding="chunked")
        )
        block = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        for _number in range(10 * CHUNK_BYTES // 0x10000):
            connection.sendall(block)
        sent.set()

    with odd_host(endless) as host:
        assert "sends more" in str(failure(host))
    assert not sent.is_set(), "it was read to its end"


@pytest.mark.parametrize(
    ("behave", "words"),
    [
        (saying(part(b"short", 5, Content_Length="50")), "broke off its response"),
        (saying(part(b"short", 50)), "announced 50 bytes of c/x.csv and sent"),
        (saying(b""), "broke off its response"),
        (saying(b"HTTP/1.1 206 Partial Content\r\nServer: x"), "broke off its response"),
        (saying(b"HTTP/1.1 206 Partial Content\r\nContent-Range: byt"), "broke off its response"),
        (lambda connection, _: connection.close(), "broke off its response"),
        (saying(answer(b"oops", "500 Oops", Content_Length="4")), "failed, also after retries"),
    ],
)
def test_a_fault_that_may_pass_is_an_error_in_words(behave: Behaviour, words: str) -> None:
    """An early end of the response, or an error of the storage's own, is transient: the caller may retry."""
    with odd_host(behave) as host:
        error = failure(host)
        assert words in str(error)
        assert translate(error).status == 500


NOT_A_STORAGE = "does not answer as Azure Blob Storage does"


@pytest.mark.parametrize(
    ("behave", "words"),
    [
        (saying(part(b"too long for it", 5)), "announced 5 bytes of c/x.csv and sent 15"),
        (saying(answer(b"<?xml version='1.0'?><Error><", "400 Bad", Content_Length="29")), "HTTP status 400"),
        (saying(answer(b"", "416 Range", Content_Length="0")), "HTTP status 416"),
        (saying(part(b"x", "many")), NOT_A_STORAGE),
        (saying(part(b"x", Last_Modified="yesterday")), NOT_A_STORAGE),
        (saying(part(b"x", Content_Length="-1")), NOT_A_STORAGE),
        (saying(part(b"x", Content_Length="1, 2")), NOT_A_STORAGE),
        (saying(part(b"x", Content_Length="9" * 5000)), NOT_A_STORAGE),
        (saying(part(b"x", x_ms_blob_type="Heap")), NOT_A_STORAGE),
        (
            saying(answer(b"x", Content_Length="1", Content_Type="text/html; charset=utf-8")),
            "200 and the type text/html",
        ),
        (saying(answer(b"x", Content_Length="1", Content_Type="sig=canary")), "the HTTP status 200."),
        (saying(b"\x00\xff garbage\r\n\r\n" * 20), NOT_A_STORAGE),
        (saying(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 2000 + b"\r\n"), NOT_A_STORAGE),
        (saying(b"HTTP/1.1 200 " + b"y" * 200_000 + b"\r\n\r\n"), NOT_A_STORAGE),
    ],
)
def test_nonsense_is_an_error_in_words(behave: Behaviour, words: str) -> None:
    """Lengths that lie and garbage fail the fetch, with the protocol's word for a blob that is none."""
    with odd_host(behave) as host:
        error = failure(host)
        assert words in str(error)
        assert not {"ValueError", "DeserializationError", "ServiceResponseError"} & set(re.findall(r"\w+", str(error)))
        body = translate(error).body()["error"]
        assert (body["code"], body["details"][0]["code"]) in {
            ("BadArgument", "InvalidBlob"),
            ("InternalError", "ResourceDownload"),
        }
        # Only a storage's own refusal is a verdict; a page of somebody in between, or half an answer, says nothing.
        assert (error.fault is StorageFault.UNAVAILABLE) == (words not in {"HTTP status 400", "HTTP status 416"})


@pytest.mark.parametrize(
    "text", [answer(b"<html>", Content_Length="6"), part(b"x", "many"), b"hello\r\n\r\n", part(b"x", Last_Modified="?")]
)
def test_nonsense_instead_of_the_answer_to_a_write_is_told_alike(text: bytes) -> None:
    """The error names a host that is no storage, for reading and for writing."""
    with odd_host(saying(text)) as host:
        message = rf"127\.0\.0\.1:{host.port} .*{NOT_A_STORAGE}"
        with pytest.raises(StorageError, match=message):
            BlobStorage(PATIENT).write(host.address(), b"model", "text/plain")
        with pytest.raises(StorageError, match=message):
            BlobStorage(PATIENT).make_container(host.address())


@settings(max_examples=25, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 206 OK\r\nContent-Range: "]))
def test_any_bytes_are_an_error_or_a_blob(text: bytes, start: bytes) -> None:
    """Whatever a host answers: an error of storage, or the content that it announced."""
    with odd_host(saying(start + text)) as host, contextlib.suppress(StorageError):
        BlobStorage(replace(PATIENT, retries=0)).fetch(host.address(), LIMIT)


def test_nothing_is_unpacked() -> None:
    """A small body that would inflate to a huge one is not decompressed."""
    packed = gzip.compress(bytes(50 * 2**20))
    assert len(packed) < LIMIT
    with odd_host(saying(part(packed, Content_Encoding="gzip"))) as host:
        assert BlobStorage(PATIENT).fetch(host.address(), LIMIT) == packed


def in_turn(*texts: bytes) -> Behaviour:
    """Answer each request by the next text."""
    left = iter(texts)
    return lambda connection, _: connection.sendall(next(left))


def test_a_fault_that_passes_is_not_noticed() -> None:
    """A 503, a broken connection, half a body, or a page instead of the blob is retried."""
    page = answer(b"<html>", Content_Length="6")
    for first in (answer(b"", "503 Busy", Content_Length="0"), b"", part(b"a,", 8, Content_Length="8"), page):
        with odd_host(in_turn(first, part(b"a,b\n1,2\n"))) as host:
            assert BlobStorage(PATIENT).fetch(host.address(), LIMIT) == b"a,b\n1,2\n"
            assert len(host.requests) == 2


def test_a_name_that_leads_inside_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    """All addresses of a host that only a wildcard allows must be public; the error says what to list."""
    with odd_host(saying(part(b"stolen"))) as host:
        address = host.address()
        for addresses in (["127.0.0.1"], ["20.60.1.1", "10.0.0.7"], ["169.254.169.254"], ["::1"], ["::ffff:127.0.0.1"]):
            storage = BlobStorage(PATIENT, lambda *_, addresses=addresses: addresses)
            with pytest.raises(
                StorageError, match=r"inside the studio's own network.*--allow-host 127\.0\.0\.1"
            ) as why:
                storage.fetch(host.unlisted(), LIMIT)
            assert why.value.fault is not StorageFault.UNAVAILABLE
            assert "10.0.0.7" not in str(why.value), "a caller learns nothing of the network"
            assert storage.fetch(address, LIMIT) == b"stolen" if addresses == ["127.0.0.1"] else True
    assert CANARY not in caplog.text


def test_a_name_is_looked_up_once_for_a_connection() -> None:
    """The connection goes to the checked address: the name is not resolved a second time."""
    lookups: list[str] = []

    def rebinding(host: str, _: int) -> Sequence[str]:
        lookups.append(host)
        return ["127.0.0.1"] if len(lookups) == 1 else ["127.0.0.2"]

    with odd_host(saying(part(b"a"))) as host:
        assert BlobStorage(PATIENT, rebinding).fetch(host.address(host="localhost"), LIMIT) == b"a"
        assert lookups == ["localhost"]
        assert f"Host: localhost:{host.port}".encode() in host.requests[0]


def test_a_retry_is_checked_again() -> None:
    """A name that resolves to an inside address at the second attempt is refused then."""
    answers = iter([["127.0.0.1"], ["10.0.0.7"]])
    with odd_host(saying(b"")) as host, pytest.MonkeyPatch.context() as patch:
        patch.setattr("studio.storage.transfer.is_public", lambda text: text == "127.0.0.1")
        with pytest.raises(StorageError, match="inside the studio's own network"):
            BlobStorage(PATIENT, lambda *_: next(answers)).fetch(host.unlisted(), LIMIT)
        assert len(host.requests) == 1


def test_a_name_without_addresses_is_an_error() -> None:
    """If a name cannot be resolved, the error says that the host cannot be reached."""

    def unknown(*_: object) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    with odd_host(saying(b"")) as host:
        resolvers: list[Resolver] = [unknown, lambda *_: [], lambda *_: resolve_host(f"{'x' * 64}.example.com", 443)]
        for resolver in resolvers:
            with pytest.raises(StorageError, match=r"cannot be reached\.") as why:
                BlobStorage(PATIENT, resolver).fetch(host.address(), LIMIT)
            assert why.value.fault is StorageFault.UNAVAILABLE


def test_tls_verifies_the_name_of_the_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A certificate for the name is accepted at the address found for it; one for another name, or of nobody, not."""
    path, key = certificate(tmp_path, "store.example")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(path, key)
    storage = BlobStorage(PATIENT, lambda *_: ["127.0.0.1"])
    with odd_host(saying(part(b"a,b")), context) as host:
        right, wrong = (host.address(host=name, scheme="https") for name in ("store.example", "other.example"))
        with pytest.raises(StorageError, match="cannot be reached"):
            storage.fetch(right, LIMIT)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(path))
        assert storage.fetch(right, LIMIT) == b"a,b"
        with pytest.raises(StorageError, match="cannot be reached"):
            storage.fetch(wrong, LIMIT)


@pytest.mark.parametrize("kept_open", [True, False])
def test_a_trickle_over_tls_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept_open: bool) -> None:
    """The deadline holds under TLS as well."""
    path, key = certificate(tmp_path, "store.example")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(path, key)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(path))
    start = part(b"", 50_000, Content_Length="50000", Connection="keep-alive" if kept_open else "close")
    storage = BlobStorage(IMPATIENT, lambda *_: ["127.0.0.1"])
    with odd_host(lambda connection, _: trickle(connection, start), context) as host:
        address = host.address(host="store.example", scheme="https")
        with pytest.raises(StorageError, match="took longer than 1 seconds"):
            storage.fetch(address, LIMIT)


def test_no_proxy_and_no_password_file_of_the_environment_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy would resolve names itself; a .netrc would send its passwords to hosts that callers name."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password canary\n", encoding="ascii")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with odd_host(saying(part(b"of the proxy"))) as proxy, odd_host(saying(part(b"of the host"))) as host:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert BlobStorage(PATIENT).fetch(host.address(), LIMIT) == b"of the host"
        assert proxy.requests == []
        assert b"Authorization" not in host.requests[0]


def test_no_log_line_shows_a_signature(caplog: pytest.LogCaptureFixture) -> None:
    """Also not those that the libraries write about strange headers, and at the finest level."""
    caplog.set_level(logging.DEBUG)
    for strange in (b"HTTP/1.1 206 OK\r\nno colon\r\nX: y\r\n\r\n", part(b"a", 5), answer(b"", "503 Busy"), b"\xff"):
        with odd_host(saying(strange)) as host:
            failure(host)
    assert CANARY not in caplog.text


def fails_in_the_second_piece(connection: socket.socket, head: bytes) -> None:
    """Give the first piece of a blob of two."""
    if b"bytes=0-" in head:
        connection.sendall(part(bytes(CHUNK_BYTES), 2 * CHUNK_BYTES))


@pytest.mark.parametrize(
    "behave",
    [
        pytest.param(fails_in_the_second_piece, id="half a blob"),
        pytest.param(saying(answer(bytes(CHUNK_BYTES), "404 Not Found", Content_Length=str(CHUNK_BYTES))), id="404"),
    ],
)
def test_a_failed_transfer_leaves_nothing_in_memory(behave: Behaviour) -> None:
    """After the request no memory of the transfer is held, without waiting for the garbage collector."""

    async def fail(host: OddHost) -> None:
        with pytest.raises(StorageError):
            await in_thread(lambda: BlobStorage(PATIENT).fetch(host.address(), 10 * CHUNK_BYTES))

    gc.disable()
    tracemalloc.start()
    try:
        with odd_host(behave) as host:
            asyncio.run(fail(host))  # what is made once
            before, _ = tracemalloc.get_traced_memory()
            for _ in range(4):
                asyncio.run(fail(host))
            after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        gc.enable()
    assert after - before < CHUNK_BYTES
