"""Callers that send nothing, slowly, or too much: each is turned away, and others are answered meanwhile."""

import asyncio
import socket
from typing import Any

import pytest
import uvicorn

from studio.api import header_limits, request_body
from studio.api.protocol_errors import ProtocolError
from studio.api.request_body import Body, BodyBuffer


def exchanged(*sent: bytes) -> bytes:
    """Send to a server whose answer is always 204, and return what it says until it closes the connection."""

    async def app(_: Any, __: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    async def talk() -> bytes:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            config = uvicorn.Config(app, http=header_limits.HeaderLimitProtocol, lifespan="off", log_level="critical")
            server = uvicorn.Server(config)
            serving = asyncio.create_task(server.serve([listener]))
            reader, writer = await asyncio.open_connection(*listener.getsockname())
            answers = b""
            for part_of_it in sent:
                writer.write(part_of_it)
                await writer.drain()
                if part_of_it.endswith(b"\r\n\r\n"):  # a whole request: its answer comes before the next
                    answers += await reader.readuntil(b"\r\n\r\n")
            answers += await reader.read()  # until it is closed from the other side
            writer.close()
            server.should_exit = True
            await serving
            return answers

    return asyncio.run(talk())


@pytest.mark.parametrize("sent", [b"", b"GET /health HT", b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP"])
def test_a_head_that_never_ends_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    """A connection without a whole head of a request is closed; also where an earlier request was answered."""
    monkeypatch.setattr(header_limits, "HEAD_TIMEOUT_S", 0.05)
    assert exchanged(sent).count(b"204") == sent.count(b"\r\n\r\n")


@pytest.mark.parametrize("before", [b"", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"])
def test_a_head_without_end_is_refused(before: bytes) -> None:
    """More than the limit is answered by 400 and the connection closed, long before the time is over."""
    # The last byte is one too many: what came after the end of the connection would take the answer along.
    start = b"GET / HTTP/1.1\r\na: "
    answers = exchanged(before, start, b"b" * (header_limits.MAX_HEAD_BYTES - len(start)), b"b")
    assert answers.count(b" 204 ") == before.count(b"HTTP")
    assert b"HTTP/1.1 400 " in answers
    assert b"longer than 65536 bytes" in answers


def part(data: bytes, *, more: bool) -> Any:
    """Return a `receive` that gives one part of a body, and then nothing for ever."""
    parts = [{"type": "http.request", "body": data, "more_body": more}]

    async def receive() -> Any:
        if not parts:
            await asyncio.Event().wait()
        return parts.pop()

    return receive


async def taken(held: BodyBuffer, *, data: bytes = b"x" * 10, more: bool = False) -> bytes | ProtocolError:
    """Return what becomes of a body that is let go of at once, of a caller with a key."""
    body = await held.take(part(data, more=more), lambda: True)
    content = bytes(body.content) if isinstance(body, Body) else body
    held.release(body)
    return content


def test_a_body_that_never_ends_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that stops half-way is answered by 408, in the documented shape; what came of it is dropped."""
    monkeypatch.setattr(request_body, "BODY_TIMEOUT_S", 0.05)
    body = asyncio.run(taken(BodyBuffer(), more=True))
    assert isinstance(body, ProtocolError)
    assert (body.status, body.code) == (408, "RequestTimeout")


def test_all_bodies_together_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """While others hold all there is, a body is answered by 503; afterwards, or after a failure, it is taken again."""
    monkeypatch.setattr(request_body, "MAX_HELD_BYTES", 25)
    monkeypatch.setattr(request_body, "MAX_KEYLESS_HELD_BYTES", 0)

    async def play() -> None:
        held = BodyBuffer()
        others = [await held.take(part(b"y" * 10, more=False), lambda: True) for _ in range(2)]
        assert [body.content for body in others if isinstance(body, Body)] == [b"y" * 10] * 2
        for _ in range(3):  # a refused body holds nothing either
            refused = await taken(held)
            assert isinstance(refused, ProtocolError)
            assert (refused.status, refused.code) == (503, "ServiceUnavailable")
        for body in others:
            held.release(body)
        for _ in range(3):  # each is given up half-way, and so holds nothing afterwards
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(taken(held, more=True), 0.01)
        assert await taken(held) == b"x" * 10

    asyncio.run(play())


def test_who_has_no_key_has_a_room_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Strangers together hold no more than their limit, and whatever they hold, who has a key is served."""
    monkeypatch.setattr(request_body, "MAX_KEYLESS_HELD_BYTES", 25)

    async def take(held: BodyBuffer, *, has_key: bool) -> Body | ProtocolError:
        return await held.take(part(b"y" * 10, more=False), lambda: has_key)

    async def play() -> None:
        held = BodyBuffer()
        strangers = [await take(held, has_key=False) for _ in range(2)]
        refused = await take(held, has_key=False)
        assert isinstance(refused, ProtocolError)
        assert refused.status == 503
        assert isinstance(await take(held, has_key=True), Body)
        for body in strangers:
            held.release(body)
        assert isinstance(await take(held, has_key=False), Body)

    asyncio.run(play())


@pytest.mark.parametrize(("has_key", "kept"), [(True, 30), (False, 0)])
def test_a_long_body_of_a_stranger_is_read_and_not_kept(
    monkeypatch: pytest.MonkeyPatch, *, has_key: bool, kept: int
) -> None:
    """Its length is known afterwards; one of a caller with a key is whole."""
    monkeypatch.setattr(request_body, "MAX_KEYLESS_BODY_BYTES", 15)
    pieces = [b"3" * 10, b"2" * 10, b"1" * 10]

    async def receive() -> Any:
        return {"type": "http.request", "body": pieces.pop(), "more_body": bool(pieces)}

    body = asyncio.run(BodyBuffer().take(receive, lambda: has_key))

    assert isinstance(body, Body)
    assert (len(body.content), body.length) == (kept, 30)
    assert bytes(body.content) in {b"", b"1" * 10 + b"2" * 10 + b"3" * 10}
