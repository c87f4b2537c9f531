"""A small HTTP server with scripted answers, for faults that no real service produces on demand."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.local_server import QuietHandler, serving


@dataclass
class Reply:
    """One answer. `hang_up`: the request is read and the connection closed; `cut`: the body breaks off.

    `drip`: an answer without end, byte by byte, in its "head" or its "body".
    """

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    hang_up: bool = False
    cut: bool = False
    pause_s: float = 0
    drip: str = ""


@dataclass
class ReceivedRequest:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Scripted:
    """Gives the replies of a list in order, then repeats the last, and keeps every request."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.received: list[ReceivedRequest] = []
        self.base_url = ""
        self._lock = threading.Lock()

    def take(self, request: ReceivedRequest) -> Reply:
        """Record a request and return its reply."""
        with self._lock:
            self.received.append(request)
            return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


@contextlib.contextmanager
def scripted(*replies: Reply) -> Iterator[Scripted]:
    """Serve replies on a free port of 127.0.0.1 for the time of the `with`."""
    script = Scripted(*replies)
    done = threading.Event()

    class Handler(QuietHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            reply = script.take(ReceivedRequest(self.command, self.path, dict(self.headers), self.rfile.read(length)))
            done.wait(reply.pause_s)
            self.close_connection = reply.hang_up or reply.cut or bool(reply.drip)
            if reply.drip:
                self.drip(reply)
                return
            if reply.hang_up:
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body) + (10 if reply.cut else 0)))
            self.end_headers()
            with contextlib.suppress(OSError):  # a client that has read enough hangs up
                self.wfile.write(reply.body)

        def drip(self, reply: Reply) -> None:
            head = {"Content-Length": "1000000", **reply.headers}
            lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
            begin = "\r\n" if reply.drip == "body" else "X-Slow: "
            self.wfile.write(f"HTTP/1.1 {reply.status} Dripping\r\n{lines}{begin}".encode())
            with contextlib.suppress(OSError):  # the client has had enough
                while not done.wait(0.02):
                    self.wfile.write(b"x")
                    self.wfile.flush()

        do_GET = do_HEAD = do_POST = do_PATCH = do_PUT = do_DELETE = answer  # noqa: N815 - the base class's names

    with serving(Handler) as port:
        script.base_url = f"http://127.0.0.1:{port}"
        try:
            yield script
        finally:
            done.set()
