"""Takes the bodies of requests whole, within limits: of one, of the time it takes, and of all that are held at once.

A body is taken before the application looks at the key of its request, so the limits stand between anybody and the
memory. Who brings no key of this studio's gets far less: a longer body of theirs is read to its end and not kept.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from starlette.types import Receive

from studio.api.protocol_errors import BAD_ARGUMENT, REQUEST_TIMEOUT, SERVICE_UNAVAILABLE, ProtocolError, protocol_error

MAX_BODY_BYTES = 64 * 2**20  # bytes of a request
BODY_TIMEOUT_S = 60.0  # for a body to arrive
MAX_HELD_BYTES = 256 * 2**20  # bytes of all bodies at one time, of those who have a key
MAX_KEYLESS_BODY_BYTES = 256 * 2**10  # bytes of a body whose request was not looked at for its key, or has none
MAX_KEYLESS_HELD_BYTES = 16 * 2**20  # bytes of all such bodies at one time


@dataclass
class Body:
    """A body that has arrived, or is arriving."""

    content: bytes | bytearray = b""  # empty if it was not kept
    length: int = 0  # bytes as they were sent
    has_key: bool = False  # it counts among those of callers with a key
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
        """Keep nothing of it, also of what comes."""
        self.content, self.kept = b"", False


class Bodies:
    """The bodies that are held now."""

    def __init__(self) -> None:
        self._held = 0  # bytes, of those who have a key
        self._strangers = 0  # bytes of all others

    async def take(self, receive: Receive, has_key: Callable[[], bool]) -> Body | ProtocolError:
        """Return a request's body, which the caller must `give_back`, or the error that answers it.

        `has_key` tells whether the request brings a key of this studio's; it is asked where the body is long.
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
                self.give_back(body)
        return refusal or body

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
        """Look whether what has come may be held; what a stranger sends at length is dropped here."""
        is_long = len(body.content) > MAX_KEYLESS_BODY_BYTES
        if not body.has_key and (is_long or self._strangers > MAX_KEYLESS_HELD_BYTES) and has_key():
            self._count(body, -len(body.content))
            body.has_key = True
            self._count(body, len(body.content))
        if body.has_key:
            return self._held <= MAX_HELD_BYTES
        if is_long:
            self._count(body, -len(body.content))
            body.drop()
        return self._strangers <= MAX_KEYLESS_HELD_BYTES

    def _count(self, body: Body, length: int) -> None:
        if body.has_key:
            self._held += length
        else:
            self._strangers += length

    def give_back(self, body: Body | ProtocolError) -> None:
        """Let go of what `take` returned: nothing holds its content any more."""
        if isinstance(body, Body):
            self._count(body, -len(body.content))
            body.drop()
