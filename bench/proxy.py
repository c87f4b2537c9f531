"""A counting HTTP proxy: forwards every request unchanged to one server and reports it with its answer."""

import http.client
import json
import sys
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

TABLE = "table"  # the service whose answers' rows are counted
UPSTREAM_TIMEOUT_S = 60
STOP_POLL_S = 0.05  # how often a proxy looks whether it shall end
# Hop-by-hop headers (RFC 9110, 7.6.1).
_PER_CONNECTION = frozenset({"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding"})


@dataclass(frozen=True)
class Exchange:
    """One request and its outcome. Fields that may hold a secret are left out of its repr."""

    service: str  # the proxy's name: the kind of server behind it
    method: str
    path: str = field(repr=False)  # as sent, with its query
    status: int
    rows: int = 0  # in an answer of the Table service
    headers: Mapping[str, str] = field(repr=False, default_factory=dict)  # as sent, names in lower case
    body: bytes = field(repr=False, default=b"")  # as sent


@dataclass(frozen=True)
class Answer:
    """The server's answer without its hop-by-hop headers."""

    status: int
    reason: str
    headers: Sequence[tuple[str, str]] = ()
    content: bytes = b""


class CountingProxy:
    """A proxy on a free port of 127.0.0.1 for the time of a `with`.

    `report` is called with every exchange before the client gets its answer: an answered request was counted.
    A request for which `withheld(method, path)` is true is counted and answered 204, but not forwarded.
    """

    def __init__(
        self,
        service: str,
        upstream_port: int,
        report: Callable[[Exchange], None],
        is_withheld: Callable[[str, str], bool] = lambda _method, _path: False,
    ) -> None:
        self.service = service
        self.upstream_port = upstream_port
        self.report = report
        self.is_withheld = is_withheld
        self._server = _Server(("127.0.0.1", 0), partial(_Handler, self))
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(STOP_POLL_S,), name=f"proxy-{service}", daemon=True
        )

    def __enter__(self) -> Self:
        """Start serving."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print nothing about a client that closed its connection; the client reports what matters."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """One keep-alive connection of a client."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # buffered: head and content leave together

    def __init__(self, proxy: CountingProxy, *args: Any) -> None:
        self._proxy = proxy
        super().__init__(*args)

    def __getattr__(self, name: str) -> Any:
        """Forward every method alike: the base class looks up `do_GET` and so on."""
        if name.startswith("do_"):
            return self._forward
        raise AttributeError(name)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class calls it so
        """Write no log; every request is reported."""

    def _forward(self) -> None:
        if "Transfer-Encoding" in self.headers:
            self.send_error(411, "this proxy needs a Content-Length")
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        is_withheld = self._proxy.is_withheld(self.command, self.path)
        answer = Answer(204, "No Content") if is_withheld else self._ask(body)
        rows = rows_in(answer.content) if self._proxy.service == TABLE and answer.status == 200 else 0
        sent = {name.lower(): value for name, value in self.headers.items()}
        self._proxy.report(Exchange(self._proxy.service, self.command, self.path, answer.status, rows, sent, body))
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.headers:
            self.send_header(name, value)
        if self.command != "HEAD" and answer.status not in {204, 304}:
            self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    def _ask(self, body: bytes) -> Answer:
        """Forward the request over a new connection: a kept one might be closed at that moment."""
        upstream = http.client.HTTPConnection("127.0.0.1", self._proxy.upstream_port, timeout=UPSTREAM_TIMEOUT_S)
        try:
            upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in _to_forward(self.headers.items()):
                upstream.putheader(name, value)
            upstream.endheaders(body)
            answer = upstream.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            return Answer(502, "Bad Gateway", content=f"{self._proxy.service} gave no answer: {error}".encode())
        finally:
            upstream.close()
        # The answer to HEAD keeps its Content-Length; every other answer gets a new one.
        length = frozenset[str]() if self.command == "HEAD" else frozenset({"content-length"})
        return Answer(answer.status, answer.reason, _to_forward(answer.getheaders(), length), content)


def _to_forward(headers: Iterable[tuple[str, str]], dropped: frozenset[str] = frozenset()) -> list[tuple[str, str]]:
    return [(name, value) for name, value in headers if name.lower() not in _PER_CONNECTION | dropped]


def rows_in(content: bytes) -> int:
    """Count the rows in an answer of the Table service: a page of a query, or one row."""
    answer = json.loads(content) if content.startswith(b"{") else {}
    return len(answer["value"]) if isinstance(answer.get("value"), list) else int(bool(answer))
