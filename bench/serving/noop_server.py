"""A server that does nothing, `python -m bench.serving.noop_server PORT`: the load generator's ceiling."""

import selectors
import socket
import sys
from typing import Any

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
REQUEST_BYTES = 2**16  # each request comes in one piece


def serve(listener: socket.socket) -> None:
    """Answer every request, for ever. A connection that its client closes or resets ends by itself."""
    with selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                ready: Any = key.fileobj
                if ready is listener:
                    connection, _ = listener.accept()
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    selector.register(connection, selectors.EVENT_READ)
                elif not _answered(ready):
                    selector.unregister(ready)
                    ready.close()


def _answered(connection: socket.socket) -> bool:
    """Answer a connection's request; return False if the connection is closed."""
    try:
        if not connection.recv(REQUEST_BYTES):
            return False
        connection.sendall(ANSWER)
    except OSError:  # the client has reset the connection
        return False
    return True


if __name__ == "__main__":
    with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listener:
        serve(listener)
