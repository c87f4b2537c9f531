"""Requests that offer another protocol, over a real socket to the real server: nothing of them is lost."""

import json
import socket

import pytest

from tests.studio.caller import NAMES, ROW
from tests.studio.running import RunningStudio

H2C = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n"
WEBSOCKET = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eA==\r\n"
BODY = json.dumps({"Inputs": {"input1": {"ColumnNames": NAMES, "Values": [ROW]}}}).encode()


def request(studio: RunningStudio, offer: str, *, chunked: bool = False) -> tuple[bytes, bytes]:
    """Return head and body of a scoring request."""
    endpoint = studio.endpoint("production")
    host, _, path = endpoint["execute_url"].removeprefix("http://").partition("/")
    length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(BODY)}"
    head = (
        f"POST /{path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {endpoint['api_key']}\r\n"
        f"Content-Type: application/json\r\n{length}\r\n{offer}\r\n"
    )
    body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY) if chunked else BODY
    return head.encode(), body


def talk(studio: RunningStudio, *sent: bytes, answers: int) -> bytes:
    """Send parts one after the other on one connection; returns what came when so many answers are there."""
    host, _, port = studio.base_url.removeprefix("http://").partition(":")
    received = b""
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for part in sent:
            connection.sendall(part)
        while received.count(b"HTTP/1.1 ") < answers or not received.endswith(b"}"):
            part = connection.recv(2**16)
            if not part:
                break
            received += part
    return received


@pytest.mark.parametrize("offer", [H2C, WEBSOCKET, ""])
@pytest.mark.parametrize("chunked", [False, True])
def test_the_body_of_an_offering_request_is_read(studio: RunningStudio, offer: str, *, chunked: bool) -> None:
    """In one part, in parts, and a second request behind it: each is scored, as without the offer."""
    head, body = request(studio, offer, chunked=chunked)
    cut = len(body) // 2
    plain = b"".join(request(studio, ""))
    for parts in ([head + body], [head, body], [head + body[:cut], body[cut:]], [head[:40], head[40:] + body]):
        received = talk(studio, *parts, answers=1)
        assert received.startswith(b"HTTP/1.1 200 "), received
        assert b"Scored Probabilities" in received
    received = talk(studio, head + body + head + body + plain, answers=3)
    assert received.count(b"HTTP/1.1 200 ") == 3, received
    assert b"HTTP/1.1 4" not in received


def test_an_offer_without_a_body_is_answered(studio: RunningStudio) -> None:
    """A GET that offers is a GET."""
    received = talk(studio, f"GET /health HTTP/1.1\r\nHost: a\r\n{H2C}\r\n".encode(), answers=1)
    assert received.startswith(b"HTTP/1.1 200 ")
    assert received.endswith(b'{"state":"Running"}')


def test_a_tunnel_is_refused(studio: RunningStudio) -> None:
    """CONNECT asks for another protocol whatever its headers are."""
    received = talk(studio, b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", answers=2)
    assert received.startswith(b"HTTP/1.1 400 ")
