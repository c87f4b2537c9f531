"""A proxy between the app and one service: forwards every HTTP request, with a fault if one is injected."""

import contextlib
import http.client
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

from landfall.stack.ports import free_ports

HOST = "127.0.0.1"
UPSTREAM_TIMEOUT_S = 90
MAX_IDLE_S = 2.0  # the service may close an upstream connection that was idle for longer
REOPEN_TIMEOUT_S = 30.0  # how long to wait for a port that another program took while the proxy refused connections
_HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "expect", "proxy-connection", "te"})
_BODILESS = frozenset({204, 304})

type Headers = list[tuple[str, str]]


@dataclass(frozen=True)
class Request:
    """A request as it arrived; `target` is path and query."""

    method: str
    target: str
    headers: Headers
    body: bytes

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]


@dataclass(frozen=True)
class Answer:
    """An answer as it is sent on."""

    status: int
    headers: Headers
    body: bytes = b""


class Fault(StrEnum):
    """What can happen to a request."""

    NONE = "none"
    HANG = "hang"  # nothing is forwarded; after `hang_s` the connection is dropped
    ANSWER_500 = "answer-500"  # forwarded, so it takes effect; the caller reads 500
    ANSWER_NOTHING = "answer-nothing"  # forwarded, so it takes effect; the connection is dropped


@dataclass(frozen=True)
class Treatment:
    """What happens to one request: a delay, then a fault. A hang of 0 s drops the connection at once."""

    fault: Fault = Fault.NONE
    delay_s: float = 0.0
    hang_s: float = 0.0


# Is called with each request first. If it returns an answer, the request is not forwarded.
type Interceptor = Callable[[Request], Answer | None]
# Is called with each forwarded request and the service's own answer, whatever the caller gets.
type Witness = Callable[[Request, Answer], None]


class Proxy:
    """Listens on a port of 127.0.0.1 and forwards to another one."""

    def __init__(
        self,
        upstream_port: int,
        treat: Callable[[Request], Treatment] = lambda _: Treatment(),
        *,
        intercept: Interceptor = lambda _: None,
        witness: Witness = lambda _, __: None,
    ) -> None:
        self.port = free_ports(1)[0]
        self.upstream_port = upstream_port
        self.treat = treat
        self.intercept = intercept
        self.witness = witness
        self.closing = threading.Event()
        self.refusing = threading.Event()
        self._server: _Server | None = None
        self._lock = threading.Lock()
        self.open()

    def open(self) -> None:
        """Accept connections.

        Raises:
            OSError: another program took the port meanwhile.
        """
        deadline = time.monotonic() + REOPEN_TIMEOUT_S
        with self._lock:
            while self._server is None and not self.closing.is_set():
                try:
                    self._server = _Server(self)
                except OSError:
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.05)
                else:
                    self.refusing.clear()
                    serve = self._server.serve_forever
                    threading.Thread(target=serve, args=(0.05,), name=f"proxy {self.port}", daemon=True).start()

    def refuse(self) -> None:
        """Refuse connections until `open`; established connections are dropped at their next request."""
        with self._lock:
            self.refusing.set()
            server, self._server = self._server, None
            if server is not None:
                server.shutdown()
                server.server_close()

    def close(self) -> None:
        """Close the proxy for good; requests that hang are dropped."""
        self.closing.set()
        self.refuse()


class _Server(ThreadingHTTPServer):
    """The listening socket of a proxy."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, proxy: Proxy) -> None:
        self.proxy = proxy
        super().__init__((HOST, proxy.port), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore callers that were killed in the middle of a request: the chaos run kills them."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """One connection of a caller, with one to the service beside it."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # with it the body, a second write, would wait for the ACK of the header
    timeout = 600

    def setup(self) -> None:
        """Start without a connection to the service."""
        super().setup()
        self._upstream: http.client.HTTPConnection | None = None
        self._used_at = 0.0

    def finish(self) -> None:
        """Close both connections."""
        self._close_upstream()
        with contextlib.suppress(OSError):
            super().finish()

    def log_message(self, *_: Any) -> None:
        """Log nothing: the services log their requests themselves."""

    def relay(self) -> None:
        """Forward one request, or treat it as the fault injector decides."""
        proxy = cast("_Server", self.server).proxy
        request = Request(self.command, self.path, self.headers.items(), self._body())
        treatment = proxy.treat(request)
        self._wait(treatment.delay_s)
        if proxy.refusing.is_set():
            self._drop()
            return
        answer = proxy.intercept(request)
        if answer is not None:
            self._answer(answer)
            return
        if treatment.fault is Fault.HANG:
            self._wait(treatment.hang_s)
            self._drop()
            return
        answer = self._forward(request)
        if answer is None:  # the service did not answer; neither does the proxy
            self._drop()
            return
        proxy.witness(request, answer)
        match treatment.fault:
            case Fault.ANSWER_500:
                self._answer(Answer(500, [("Content-Length", "0")]))
            case Fault.ANSWER_NOTHING:
                self._drop()
            case _:
                self._answer(answer)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_MERGE = do_OPTIONS = relay  # noqa: N815 - the library's names

    def _wait(self, seconds: float) -> None:
        if seconds:
            cast("_Server", self.server).proxy.closing.wait(seconds)

    def _drop(self) -> None:
        self.close_connection = True

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            chunks = []
            while size := int(self.rfile.readline().partition(b";")[0], 16):
                chunks.append(self.rfile.read(size))
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass  # trailers
            return b"".join(chunks)
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _forward(self, request: Request) -> Answer | None:
        """Send a request to the service, once; None if it did not answer."""
        if self._upstream is not None and time.monotonic() - self._used_at > MAX_IDLE_S:
            self._close_upstream()
        port = cast("_Server", self.server).proxy.upstream_port
        if self._upstream is None:
            self._upstream = http.client.HTTPConnection(HOST, port, timeout=UPSTREAM_TIMEOUT_S)
        upstream = self._upstream
        try:
            upstream.putrequest(request.method, request.target, skip_host=True, skip_accept_encoding=True)
            for name, value in request.headers:
                if name.lower() not in _HOP_BY_HOP | {"content-length"}:
                    upstream.putheader(name, value)
            if request.body or request.method in {"POST", "PUT", "PATCH", "MERGE"}:
                upstream.putheader("Content-Length", str(len(request.body)))
            upstream.endheaders(request.body or None)
            response = upstream.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException):
            self._close_upstream()
            return None
        self._used_at = time.monotonic()
        if response.will_close:
            self._close_upstream()
        headers = [(name, value) for name, value in response.getheaders() if name.lower() not in _HOP_BY_HOP]
        if request.method != "HEAD" and response.status not in _BODILESS:
            headers = [(name, value) for name, value in headers if name.lower() != "content-length"]
            headers.append(("Content-Length", str(len(body))))
        return Answer(response.status, headers, body)

    def _answer(self, answer: Answer) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    def _close_upstream(self) -> None:
        upstream, self._upstream = self._upstream, None
        if upstream is not None:
            upstream.close()
