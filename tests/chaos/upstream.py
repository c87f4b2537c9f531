"""A service behind a proxy: it answers as set, and records its requests."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.local_server import QuietHandler, serving


@dataclass
class Upstream:
    """The service; it answers with `status` and `body`."""

    port: int = 0
    status: int = 200
    body: bytes = b"done"
    received: list[tuple[str, str, bytes]] = field(default_factory=list)
    arrived: threading.Condition = field(default_factory=threading.Condition)

    def await_requests(self, count: int) -> list[tuple[str, str, bytes]]:
        """Return the requests once there are `count`."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.received) >= count, 30)
            return list(self.received)


@contextmanager
def upstream_service() -> Iterator[Upstream]:
    """Run a service."""
    upstream = Upstream()

    class Handler(QuietHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            with upstream.arrived:
                upstream.received.append((self.command, self.path, body))
                upstream.arrived.notify_all()
            self.send_response(upstream.status)
            self.send_header("X-Seen", self.headers.get("X-Mark", ""))
            self.send_header("Content-Type", "application/xml")
            self.send_header("Content-Length", str(len(upstream.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(upstream.body)

        do_GET = do_HEAD = do_POST = do_PUT = do_MERGE = answer  # noqa: N815 - the library's names

    with serving(Handler) as upstream.port:
        yield upstream
