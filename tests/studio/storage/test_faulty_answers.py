"""Faulty and hostile answers of a storage host are retried, or become an error in words."""

import contextlib
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.api.protocol_errors import translate
from studio.errors import StorageError, StorageFault
from studio.storage.blobs import BlobStorage
from tests.studio.odd_hosts import Behaviour, answer, odd_host, part, saying
from tests.studio.storage.transfers import LIMIT, NOT_A_STORAGE, PATIENT, failure


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
