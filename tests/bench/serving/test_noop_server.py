"""The server that does nothing serves on, whatever its clients do."""

import socket
import struct
import threading
from collections.abc import Iterator

import pytest

from bench.serving import noop_server
from bench.serving.load import send_once

REQUEST = b"GET / HTTP/1.1\r\n\r\n"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, threading.Thread]]:
    """Give the port of a server, and its thread: it is not alive once the server has ended by an error."""
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=noop_server.serve, args=(listener,), daemon=True)
        thread.start()
        yield listener.getsockname()[1], thread


def reset(connection: socket.socket) -> None:
    """Close a connection by a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@pytest.mark.parametrize("sent", [b"", REQUEST, REQUEST * 50])
def test_a_client_that_resets_ends_only_its_own_connection(server: tuple[int, threading.Thread], sent: bytes) -> None:
    """Before its request, with the answer on its way, or in the middle of many."""
    port, thread = server
    for _ in range(20):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.sendall(sent)
        reset(connection)

    assert send_once(port, REQUEST) == (True, b"{}")
    assert thread.is_alive()


def test_a_client_that_closes_ends_only_its_own_connection(server: tuple[int, threading.Thread]) -> None:
    """The usual end of a load."""
    port, thread = server
    socket.create_connection(("127.0.0.1", port)).close()

    assert send_once(port, REQUEST) == (True, b"{}")
    assert thread.is_alive()
