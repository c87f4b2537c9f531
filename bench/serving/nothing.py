"""A server that does nothing, `python -m bench.serving.nothing PORT`: what the load generator reaches at most."""

import selectors
import socket
import sys
from typing import Any

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
REQUEST_BYTES = 2**16  # each request comes in one piece


def serve(listener: socket.socket) -> None:
    """Answer whatever comes, for ever; a connection that its client ends, in whichever way, ends alone."""
    with selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                found: Any = key.fileobj
                if found is listener:
                    connection, _ = listener.accept()
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    selector.register(connection, selectors.EVENT_READ)
                elif not _answered(found):
                    selector.unregister(found)
                    found.close()


def _answered(connection: socket.socket) -> bool:
    """Answer what a connection has for us; False if it is over."""
    try:
        if not connection.recv(REQUEST_BYTES):
            return False
        connection.sendall(ANSWER)
    except OSError:  # the client has reset it
        return False
    return True


if __name__ == "__main__":
    with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listener:
        serve(listener)
