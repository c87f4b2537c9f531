"""The load generator against a real server: right, wrong, failed and lost answers are counted."""

from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from itertools import count

import pytest

from bench.errors import BenchError
from bench.serving.load import Load, drive, put_load, send_once
from landfall.stack.ports import free_ports
from tests.local_server import QuietHandler, serving

LONG = b"x" * 2**19


class Answering(QuietHandler):
    """Answers a path with what it names; `/mixed` in turn with two bodies, `/closing` by closing the connection."""

    protocol_version = "HTTP/1.1"
    turns = count()

    def do_GET(self) -> None:  # noqa: N802 - http.server's name
        """Answer."""
        if self.path == "/closing":
            self.close_connection = True
            return
        bodies = {"/long": LONG, "/mixed": (b"one", b"two")[next(self.turns) % 2]}
        body = bodies.get(self.path, b"one")
        self.send_response(503 if self.path == "/busy" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    """Prints nothing about clients that leave in the middle, as the load does when its time is over."""

    def handle_error(self, request: object, client_address: object) -> None:
        """Stay silent."""


@pytest.fixture
def port() -> Iterator[int]:
    """Give the port of a server."""
    with serving(Answering, Server) as port:
        yield port


def load(port: int, path: str, *accepted: bytes) -> Load:
    """Return a short load."""
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    return Load(port, [request], [accepted], connections=3, warm_up_s=0.0, measured_s=0.2)


@pytest.mark.parametrize(("path", "body"), [("/", b"one"), ("/long", LONG)])
def test_right_answers_are_counted(port: int, path: str, body: bytes) -> None:
    """Short and long bodies are compared whole; every answer of the measured time has its latency."""
    outcome = put_load(load(port, path, body))
    assert (outcome.failed, outcome.wrong) == (0, 0)
    assert outcome.answers == outcome.accepted[0] > 0
    assert 0 < outcome.p50_s <= outcome.p99_s
    assert outcome.rate > 0


def test_other_bodies_are_wrong(port: int) -> None:
    """A body that is none of the accepted ones is wrong, each accepted one is counted by itself."""
    assert put_load(load(port, "/", b"two")).wrong > 0
    both = put_load(load(port, "/mixed", b"one", b"two"))
    assert (both.wrong, min(both.accepted) > 0) == (0, True)


@pytest.mark.parametrize("path", ["/busy", "/closing"])
def test_errors_and_lost_connections_fail(port: int, path: str) -> None:
    """A status other than 200 and a connection without an answer are failures, and the load goes on."""
    outcome = put_load(load(port, path, b"one"))
    assert outcome.failed > 1
    assert outcome.accepted == [0]


def test_it_runs_in_a_process_of_its_own(port: int) -> None:
    """The load and its outcome survive the way there and back; a closed port is an error."""
    outcome = drive(load(port, "/", b"one", bytes(range(256))))
    assert (outcome.failed, outcome.wrong, outcome.accepted[1]) == (0, 0, 0)
    assert outcome.accepted[0] > 0
    (closed,) = free_ports(1)
    with pytest.raises(BenchError, match="ended early"):
        drive(load(closed, "/", b"one"))


def test_a_single_request_can_be_sent(port: int) -> None:
    """The result is whether the status is 200, and the body."""
    (request,) = load(port, "/busy").requests
    assert send_once(port, request) == (False, b"one")
