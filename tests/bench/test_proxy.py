"""The counting proxy against a real server: nothing is changed on the way, everything is counted."""

import http.client
import json
from collections.abc import Iterator
from typing import Any

import pytest

from bench.proxy import CountingProxy, Exchange
from landfall.stack.ports import free_ports
from tests.local_server import QuietHandler, serving


class Echo(QuietHandler):
    """Answers with what it was sent; a path `/status/N` sets the status, `/rows/N` answers as the Table service."""

    protocol_version = "HTTP/1.1"

    def __getattr__(self, name: str) -> Any:
        """Answer every method."""
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def answer(self) -> None:
        """Answer in chunks, as the storage emulator does."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode("latin-1")
        kind, _, number = self.path.removeprefix("/").partition("/")
        answer: Any = {"method": self.command, "path": self.path, "headers": self.headers.items(), "body": body}
        if kind == "rows":
            answer = {"odata.metadata": "…", "value": [{"RowKey": str(row)} for row in range(int(number))]}
        status = int(number) if kind == "status" else 200
        self.send_response(status, "As You Like It")
        self.send_header("x-two", "1")
        self.send_header("x-two", "2")
        if self.command == "HEAD":
            self.send_header("Content-Length", "77")
        elif status != 204:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if self.command != "HEAD" and status != 204:
            content = json.dumps(answer).encode()
            self.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(content), content))


@pytest.fixture
def server() -> Iterator[int]:
    """Give the port of an echo server."""
    with serving(Echo) as port:
        yield port


@pytest.fixture
def exchanges() -> list[Exchange]:
    """Give the list that the proxy reports to."""
    return []


@pytest.fixture
def client(server: int, exchanges: list[Exchange]) -> Iterator[http.client.HTTPConnection]:
    """Give one connection to a proxy before the echo server."""
    with CountingProxy("table", server, exchanges.append) as proxy:
        connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=30)
        yield connection
        connection.close()


def ask(
    client: http.client.HTTPConnection, method: str, path: str, body: bytes | None = None, **headers: str
) -> tuple[http.client.HTTPResponse, bytes]:
    """Send one request and read the whole answer."""
    client.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    answer = client.getresponse()
    return answer, answer.read()


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "MERGE", "DELETE"])
def test_a_request_arrives_as_it_was_sent(client: http.client.HTTPConnection, method: str) -> None:
    """Method, path, query, headers and body reach the server unchanged."""
    path = "/a%20b/run%3B1?$filter=RowKey%20ge%20%27active%3B%27&x=%2F"
    body = bytes(range(256)) if method in {"POST", "PUT", "PATCH", "MERGE"} else None

    _, content = ask(client, method, path, body, Authorization="SharedKey a:b", x_ms_version="2019")

    request = json.loads(content)
    assert (request["method"], request["path"], request["body"]) == (method, path, (body or b"").decode("latin-1"))
    headers = {name.lower(): value for name, value in request["headers"]}
    assert (headers["authorization"], headers["x-ms-version"]) == ("SharedKey a:b", "2019")
    assert headers["host"] == f"127.0.0.1:{client.port}"


def test_an_answer_comes_back_as_it_was_given(client: http.client.HTTPConnection) -> None:
    """Status, reason, repeated headers and content reach the client unchanged, with one length."""
    answer, content = ask(client, "GET", "/status/404")

    assert (answer.status, answer.reason) == (404, "As You Like It")
    assert answer.headers.get_all("x-two") == ["1", "2"]
    assert answer.headers.get_all("Content-Length") == [str(len(content))]
    assert json.loads(content)["path"] == "/status/404"


def test_answers_without_content_stay_without(client: http.client.HTTPConnection) -> None:
    """HEAD keeps the length that it tells of and 204 has none; the connection goes on after both."""
    head, nothing = ask(client, "HEAD", "/x")
    assert (head.headers.get_all("Content-Length"), nothing) == (["77"], b"")
    empty, nothing = ask(client, "DELETE", "/status/204")
    assert (empty.status, empty.headers.get_all("Content-Length"), nothing) == (204, None, b"")
    assert ask(client, "GET", "/x")[0].status == 200


def test_every_request_of_a_connection_is_counted(
    client: http.client.HTTPConnection, exchanges: list[Exchange]
) -> None:
    """A kept connection is used again, and each of its requests is reported before its answer is there."""
    sockets = set()
    for number, (method, path) in enumerate([("GET", "/a?b=c"), ("POST", "/status/412"), ("HEAD", "/d")], start=1):
        ask(client, method, path)
        sockets.add(client.sock)
        assert len(exchanges) == number
    assert len(sockets) == 1
    assert [(exchange.service, exchange.method, exchange.path, exchange.status) for exchange in exchanges] == [
        ("table", "GET", "/a?b=c", 200),
        ("table", "POST", "/status/412", 412),
        ("table", "HEAD", "/d", 200),
    ]


def test_the_rows_of_table_answers_are_counted(
    client: http.client.HTTPConnection, server: int, exchanges: list[Exchange]
) -> None:
    """A page counts its rows, an entity is one row, an error none; other services have no rows."""
    for path in ("/rows/0", "/rows/7", "/an-entity", "/status/404"):
        ask(client, "GET", path)
    with CountingProxy("blob", server, exchanges.append) as proxy:
        to_blobs = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=30)
        ask(to_blobs, "GET", "/rows/7")
        to_blobs.close()

    assert [exchange.rows for exchange in exchanges] == [0, 7, 1, 0, 0]


def test_what_is_withheld_is_counted_and_does_not_arrive(exchanges: list[Exchange]) -> None:
    """The client is told it was done; no server is needed for that."""
    (closed,) = free_ports(1)
    with CountingProxy(
        "studio", closed, exchanges.append, lambda method, path: (method, path) == ("POST", "/start")
    ) as proxy:
        client = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=30)
        start, _ = ask(client, "POST", "/start")
        forwarded, text = ask(client, "GET", "/start")
        client.close()

    assert (start.status, forwarded.status) == (204, 502)
    assert b"studio gave no answer" in text
    assert [exchange.status for exchange in exchanges] == [204, 502]


def test_a_body_of_unknown_length_is_refused(client: http.client.HTTPConnection, exchanges: list[Exchange]) -> None:
    """The proxy says that it cannot forward it, instead of forwarding a part."""
    client.putrequest("PUT", "/x")
    client.putheader("Transfer-Encoding", "chunked")
    client.endheaders()  # no body: it would not be read, and to send one on a connection that was closed is an error

    assert client.getresponse().status == 411
    assert exchanges == []


def test_an_exchange_shows_no_secret(client: http.client.HTTPConnection, exchanges: list[Exchange]) -> None:
    """Tokens in the query, keys in headers and connection strings in the body stay out of its text."""
    ask(client, "POST", "/x?sig=TOKEN", b"AccountKey=TOKEN", Authorization="Bearer TOKEN")

    assert "TOKEN" not in repr(exchanges)
    assert exchanges[0].body == b"AccountKey=TOKEN"
