"""A gateway before the studio: it forwards every request, or loses them and their answers while a test says so."""

import contextlib
import http.client
import socket
from collections.abc import Iterator
from enum import Enum

from tests.local_server import QuietHandler, serving

UNAVAILABLE = b'{"error": {"code": "ServiceUnavailable", "message": "Try later", "details": []}}'
_HOP_BY_HOP = frozenset({"connection", "transfer-encoding", "content-length"})


class Outage(Enum):
    """What happens to a request."""

    UNAVAILABLE = "503, and the request does not arrive"
    THROTTLED = "429, and the request does not arrive"
    ANSWER_LOST = "the request arrives, and the connection breaks before its answer"


class FaultyGateway:
    """Forwards requests to a port of 127.0.0.1; `outage` applies to all of them while it is set."""

    def __init__(self, port: int) -> None:
        self.outage: Outage | None = None
        self.base_url = ""
        self._upstream_port = port

    def forward(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, str, bytes]:
        """Send a request on; gives status, content type and body of the answer."""
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self._upstream_port, timeout=30)) as upstream:
            upstream.request(method, path, body, headers)
            answer = upstream.getresponse()
            return answer.status, answer.headers.get("Content-Type", ""), answer.read()


@contextlib.contextmanager
def faulty_gateway(port: int) -> Iterator[FaultyGateway]:
    """Run a gateway on a free port for the time of the `with`."""
    gateway = FaultyGateway(port)

    class Handler(QuietHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            match gateway.outage:
                case Outage.UNAVAILABLE:
                    self.reply(503, "application/json", UNAVAILABLE)
                case Outage.THROTTLED:
                    self.reply(429, "application/json", UNAVAILABLE)
                case outage:
                    sent = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
                    answer = gateway.forward(self.command, self.path, sent, body)
                    if outage is None:
                        self.reply(*answer)
                    else:
                        self.close_connection = True
                        self.connection.shutdown(socket.SHUT_RDWR)

        def reply(self, status: int, content_type: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            if status != http.client.NO_CONTENT:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815 - the base class's names

    with serving(Handler) as own_port:
        gateway.base_url = f"http://127.0.0.1:{own_port}"
        yield gateway
