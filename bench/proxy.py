"""A counting HTTP proxy: forwards every request to one server as it came, and reports each with its answer."""

import http.client
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

TABLE = "table"  # the service whose answers' rows are counted
UPSTREAM_TIMEOUT_S = 60
# They belong to one connection, not to the message (RFC 9110, 7.6.1); the length is set anew with the content.
_PER_CONNECTION = frozenset({"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding"})
_NO_CONTENT = frozenset({204, 304})

type Withheld = Callable[[str, str], bool]


@dataclass(frozen=True)
class Exchange:
    """One request and what came of it.

    Attributes:
        service: the proxy's name: what kind of server stands behind it.
        path: as sent, with its query.
        rows: how many rows an answer of the Table service holds.
        headers: of the request, their names in small letters; like path and body they may hold secrets.
        body: of the request.
    """

    service: str
    method: str
    path: str = field(repr=False)
    status: int
    rows: int
    headers: Mapping[str, str] = field(repr=False, default_factory=dict)
    body: bytes = field(repr=False, default=b"")


class CountingProxy:
    """A proxy on a free port of 127.0.0.1 for the time of a `with`.

    `report` is called with every exchange before the client gets its answer, so a client that has its answer was
    counted. What `withheld` (method, path) names is answered 204 and not forwarded, but counted all the same.
    """

    def __init__(
        self, service: str, upstream_port: int, report: Callable[[Exchange], None], withheld: Withheld | None = None
    ) -> None:
        self.service = service
        self.upstream_port = upstream_port
        self.report = report
        self.withheld: Withheld = withheld or (lambda _method, _path: False)
        self._server = _Server(("127.0.0.1", 0), partial(_Handler, self))
        self._thread = threading.Thread(target=self._server.serve_forever, name=f"proxy-{service}", daemon=True)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.server_address[1])

    def __enter__(self) -> Self:
        """Start to serve."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take no more connections."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that went away: the one that counts will have told so itself."""


class _Handler(BaseHTTPRequestHandler):
    """One connection of a client, kept for as many requests as it sends."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and content leave together

    def __init__(self, proxy: CountingProxy, *args: Any) -> None:
        self._proxy = proxy
        super().__init__(*args)

    def __getattr__(self, name: str) -> Any:
        """Forward every method alike: the base class looks for `do_GET` and so on."""
        if name.startswith("do_"):
            return self._forward
        raise AttributeError(name)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class calls it so
        """Write no log: the report is the log."""

    def _forward(self) -> None:
        if "Transfer-Encoding" in self.headers:
            self.send_error(411, "this proxy needs a Content-Length")
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self._proxy.withheld(self.command, self.path):
            status, reason, headers, content = 204, "No Content", [], b""
        else:
            status, reason, headers, content = self._ask(body)
        rows = rows_in(content) if self._proxy.service == TABLE and status == 200 else 0
        sent = {name.lower(): value for name, value in self.headers.items()}
        self._proxy.report(Exchange(self._proxy.service, self.command, self.path, status, rows, sent, body))
        self.send_response_only(status, reason)
        for name, value in headers:
            self.send_header(name, value)
        if self.command != "HEAD" and status not in _NO_CONTENT:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _ask(self, body: bytes) -> tuple[int, str, list[tuple[str, str]], bytes]:
        """Send the request on over a connection of its own: a kept one might be closed just then."""
        upstream = http.client.HTTPConnection("127.0.0.1", self._proxy.upstream_port, timeout=UPSTREAM_TIMEOUT_S)
        try:
            upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in _PER_CONNECTION:
                    upstream.putheader(name, value)
            upstream.endheaders(body)
            answer = upstream.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            return 502, "Bad Gateway", [], f"{self._proxy.service} gave no answer: {error}".encode()
        finally:
            upstream.close()
        # The answer to HEAD keeps the length that it tells of; every other one is sent with its own.
        own = _PER_CONNECTION if self.command == "HEAD" else _PER_CONNECTION | {"content-length"}
        return answer.status, answer.reason, [pair for pair in answer.getheaders() if pair[0].lower() not in own], content


def rows_in(content: bytes) -> int:
    """Count the rows in an answer of the Table service: a page of a query, or one row."""
    try:
        answer = json.loads(content)
    except ValueError:
        return 0
    if not isinstance(answer, dict):
        return 0
    return len(answer["value"]) if isinstance(answer.get("value"), list) else 1
