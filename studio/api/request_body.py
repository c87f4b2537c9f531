"""Reads the bodies of requests, within limits for the size of one, its time, and the memory of all at once.

A body is read before the application checks the request's key, so the limits protect the memory from strangers. A
request without a key of this studio gets far less: its longer body is read to the end and not kept.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from starlette.types import Receive

from studio.api.protocol_errors import BAD_ARGUMENT, REQUEST_TIMEOUT, SERVICE_UNAVAILABLE, ProtocolError, protocol_error

MAX_BODY_BYTES = 64 * 2**20  # of a request
BODY_TIMEOUT_S = 60.0  # for a whole body
MAX_HELD_BYTES = 256 * 2**20  # of all bodies at one time whose requests have a key
MAX_KEYLESS_BODY_BYTES = 256 * 2**10  # of a body whose request has no key, or was not checked for one
MAX_KEYLESS_HELD_BYTES = 16 * 2**20  # of all such bodies at one time


@dataclass
class Body:
    """A body that has arrived, or is arriving."""

    content: bytes | bytearray = b""  # empty if it was not kept
    length: int = 0  # bytes as they were sent
    has_key: bool = False  # its request has a key of this studio
    kept: bool = True

    def add(self, chunk: bytes) -> None:
        """Take the next piece."""
        self.length += len(chunk)
        if not self.kept:
            return
        if not self.content:
            self.content = chunk
        else:
            if isinstance(self.content, bytes):
                self.content = bytearray(self.content)
            self.content += chunk  # piece by piece: joined at the end, a long body would be held twice

    def drop(self) -> None:
        """Keep nothing of it, neither what arrived nor what follows."""
        self.content, self.kept = b"", False


class BodyBuffer:
    """The bodies that are held now."""

    def __init__(self) -> None:
        self._held = 0  # bytes, of requests with a key
        self._keyless = 0  # bytes, of all others

    async def take(self, receive: Receive, has_key: Callable[[], bool]) -> Body | ProtocolError:
        """Return a request's body, which the caller must `release`, or the error that answers it.

        `has_key` tells whether the request has a key of this studio; it is called only if the body is long.
        """
        body = Body()
        refusal: ProtocolError | None = None
        taken = False
        try:
            async with asyncio.timeout(BODY_TIMEOUT_S):
                refusal = await self._collect(receive, body, has_key)
            taken = refusal is None
        except TimeoutError:
            text = f"The body did not arrive within {BODY_TIMEOUT_S:g} seconds."
            refusal = protocol_error(REQUEST_TIMEOUT, "RequestBodyTimeout", text)
        finally:
            if not taken:
                self.release(body)
        return body if refusal is None else refusal

    async def _collect(self, receive: Receive, body: Body, has_key: Callable[[], bool]) -> ProtocolError | None:
        more = True
        while more:
            message = await receive()
            chunk = message.get("body", b"")
            more = message["type"] == "http.request" and message.get("more_body", False)
            body.add(chunk)
            if body.kept:
                self._count(body, len(chunk))
            if body.length > MAX_BODY_BYTES:
                return protocol_error(
                    BAD_ARGUMENT, "RequestBodyInvalid", f"The body is longer than {MAX_BODY_BYTES} bytes."
                )
            if body.kept and not self._has_room(body, has_key):
                text = "Too many bytes are being sent to the studio at this moment; try again later."
                return protocol_error(SERVICE_UNAVAILABLE, "RequestThrottled", text)
        return None

    def _has_room(self, body: Body, has_key: Callable[[], bool]) -> bool:
        """Tell whether what has arrived may be held; a long body without a key is dropped here."""
        is_long = len(body.content) > MAX_KEYLESS_BODY_BYTES
        if not body.has_key and (is_long or self._keyless > MAX_KEYLESS_HELD_BYTES) and has_key():
            self._count(body, -len(body.content))
            body.has_key = True
            self._count(body, len(body.content))
        if body.has_key:
            return self._held <= MAX_HELD_BYTES
        if is_long:
            self._count(body, -len(body.content))
            body.drop()
        return self._keyless <= MAX_KEYLESS_HELD_BYTES

    def _count(self, body: Body, length: int) -> None:
        if body.has_key:
            self._held += length
        else:
            self._keyless += length

    def release(self, body: Body | ProtocolError) -> None:
        """Release what `take` returned; its content counts no more."""
        if isinstance(body, Body):
            self._count(body, -len(body.content))
            body.drop()
