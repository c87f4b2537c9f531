"""Transfers with hosts that send slowly, endlessly or half stay within their time, size and memory."""

import asyncio
import gc
import socket
import threading
import tracemalloc

import pytest

from studio.api.request_threads import in_thread
from studio.errors import StorageError, StorageFault
from studio.storage.blobs import BlobStorage
from studio.storage.transfer import CHUNK_BYTES
from tests.studio.odd_hosts import Behaviour, OddHost, answer, odd_host, part, saying
from tests.studio.storage.transfers import IMPATIENT, LIMIT, PATIENT, failure, trickle


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
