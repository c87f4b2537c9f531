"""The proxy over real sockets: what it forwards, and each fault."""

import http.client
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from landfall.chaos.proxy import Answer, Fault, Proxy, Request, Treatment
from tests.chaos.upstream import Upstream, upstream_service


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """Give a service."""
    with upstream_service() as running:
        yield running


@pytest.fixture
def proxy(upstream: Upstream) -> Iterator[Proxy]:
    """Give a proxy before it."""
    running = Proxy(upstream.port)
    yield running
    running.close()


def call(
    proxy: Proxy, method: str = "POST", path: str = "/a?b=c%20d", body: bytes = b"x=1"
) -> tuple[int, dict[str, str], bytes]:
    """Send one request."""
    with closing(http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=30)) as connection:
        connection.request(method, path, body, {"X-Mark": "kept"})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "MERGE"])
def test_requests_and_answers_pass_unchanged(proxy: Proxy, upstream: Upstream, method: str) -> None:
    """Method, target, header, body and status, also of methods that only tables have."""
    upstream.status = 207
    status, headers, body = call(proxy, method)

    assert (status, headers["X-Seen"], body) == (207, "kept", b"done")
    assert upstream.received == [(method, "/a?b=c%20d", b"x=1")]


def test_an_answer_to_head_keeps_its_length(proxy: Proxy) -> None:
    """Storage clients read a blob's size from it."""
    status, headers, body = call(proxy, "HEAD", body=b"")

    assert (status, headers["Content-Length"], body) == (200, "4", b"")


def test_a_chunked_body_arrives_whole(proxy: Proxy, upstream: Upstream) -> None:
    """Many requests share one connection."""
    with closing(http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=30)) as connection:
        for _ in range(3):
            connection.request("PUT", "/", iter([b"one ", b"two"]), encode_chunked=True)
            assert connection.getresponse().read() == b"done"

    assert [body for *_, body in upstream.received] == [b"one two"] * 3


def test_refused_and_open_again(proxy: Proxy, upstream: Upstream) -> None:
    """No connection is accepted, an established one is dropped; afterwards the same port works again."""
    with closing(http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=30)) as connection:
        connection.request("GET", "/")
        connection.getresponse().read()
        proxy.refuse()
        with pytest.raises(ConnectionRefusedError):
            call(proxy)
        connection.request("GET", "/")
        with pytest.raises(http.client.RemoteDisconnected):
            connection.getresponse()
    assert len(upstream.received) == 1

    proxy.open()
    assert call(proxy)[0] == 200


def test_a_hanging_request_never_arrives(proxy: Proxy, upstream: Upstream) -> None:
    """The connection is dropped after its time, and the service gets no request."""
    proxy.treat = lambda _: Treatment(Fault.HANG, hang_s=0.05)
    with pytest.raises(http.client.RemoteDisconnected):
        call(proxy)

    assert upstream.received == []


def test_closing_drops_hanging_requests(proxy: Proxy) -> None:
    """Closing the proxy does not wait for hanging requests."""
    reached = threading.Event()

    def treat(_: Request) -> Treatment:
        reached.set()
        return Treatment(Fault.HANG, hang_s=3600)

    proxy.treat = treat
    failed = threading.Event()

    def wait() -> None:
        with pytest.raises(http.client.RemoteDisconnected):
            call(proxy)
        failed.set()

    threading.Thread(target=wait, daemon=True).start()
    assert reached.wait(30)
    proxy.close()
    assert failed.wait(30)


def test_it_takes_effect_and_the_caller_reads_500(proxy: Proxy, upstream: Upstream) -> None:
    """The service handles the request once; the witness sees the service's own answer."""
    witnessed: list[tuple[Request, Answer]] = []
    proxy.treat = lambda _: Treatment(Fault.ANSWER_500)
    proxy.witness = lambda request, answer: witnessed.append((request, answer))
    status, _, body = call(proxy)

    assert (status, body) == (500, b"")
    assert upstream.received == [("POST", "/a?b=c%20d", b"x=1")]
    ((request, answer),) = witnessed
    assert (request.path, request.body, answer.status, answer.body) == ("/a", b"x=1", 200, b"done")


def test_it_takes_effect_and_the_caller_reads_nothing(proxy: Proxy, upstream: Upstream) -> None:
    """The answer is lost with its connection; the request is not sent twice."""
    proxy.treat = lambda _: Treatment(Fault.ANSWER_NOTHING)
    with pytest.raises(http.client.RemoteDisconnected):
        call(proxy)

    assert len(upstream.received) == 1


def test_a_dead_service_looks_like_a_lost_connection(upstream: Upstream) -> None:
    """The caller gets no invented answer."""
    with upstream_service() as stopped:
        port = stopped.port
    proxy = Proxy(port)
    try:
        with pytest.raises(http.client.RemoteDisconnected):
            call(proxy)
        proxy.upstream_port = upstream.port
        assert call(proxy)[0] == 200
    finally:
        proxy.close()


def test_an_intercepted_request_is_answered_here(proxy: Proxy, upstream: Upstream) -> None:
    """The service never sees it."""
    proxy.intercept = lambda request: Answer(201, [("Content-Length", "2")], b"ok") if request.body else None

    assert call(proxy)[::2] == (201, b"ok")
    assert call(proxy, "GET", body=b"")[0] == 200
    assert [method for method, *_ in upstream.received] == ["GET"]
