"""A server that does nothing, `python -m bench.serving.nothing PORT`: what the load generator reaches at most."""

import selectors
import socket
import sys
from typing import Any

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
REQUEST_BYTES = 2**16  # each request comes in one piece


def serve(port: int) -> None:
    """Answer whatever comes, for ever."""
    with socket.create_server(("127.0.0.1", port)) as listener, selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                found: Any = key.fileobj
                if found is listener:
                    connection, _ = listener.accept()
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    selector.register(connection, selectors.EVENT_READ)
                elif found.recv(REQUEST_BYTES):
                    found.sendall(ANSWER)
                else:
                    selector.unregister(found)
                    found.close()


if __name__ == "__main__":
    serve(int(sys.argv[1]))
