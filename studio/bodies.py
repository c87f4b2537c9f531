"""Takes the bodies of requests whole, within limits: of one, of the time it takes, and of all that are held at once.

A body is taken before the key of its request is looked at, so the limits stand between anybody and the memory.
"""

import asyncio

from starlette.types import Receive

from studio.errors import ServiceError, bad_argument

BODY_LIMIT = 64 * 2**20  # bytes of a request
BODY_LIMIT_S = 60.0  # for a body to arrive
HELD_LIMIT = 256 * 2**20  # bytes of all bodies at one time


class Bodies:
    """The bodies that are held now."""

    def __init__(self) -> None:
        self._held = 0  # bytes

    async def take(self, receive: Receive) -> bytes | ServiceError:
        """Return a request's body, which the caller must `give_back`, or the error that answers it."""
        chunks: list[bytes] = []
        taken = False
        try:
            async with asyncio.timeout(BODY_LIMIT_S):
                refusal = await self._collect(receive, chunks)
            taken = refusal is None
        except TimeoutError:
            text = f"The body did not arrive within {BODY_LIMIT_S:g} seconds."
            refusal = ServiceError("RequestTimeout", "RequestBodyTimeout", text)
        finally:
            if not taken:
                self._held -= sum(map(len, chunks))
        return refusal or (chunks[0] if len(chunks) == 1 else b"".join(chunks))

    async def _collect(self, receive: Receive, chunks: list[bytes]) -> ServiceError | None:
        length, more = 0, True
        while more:
            message = await receive()
            chunk = message.get("body", b"")
            more = message["type"] == "http.request" and message.get("more_body", False)
            chunks.append(chunk)
            length += len(chunk)
            self._held += len(chunk)
            if length > BODY_LIMIT:
                return bad_argument("RequestBodyInvalid", f"The body is longer than {BODY_LIMIT} bytes.")
            if self._held > HELD_LIMIT:
                text = "Too many bytes are being sent to the studio at this moment; try again later."
                return ServiceError("ServiceUnavailable", "RequestThrottled", text)
        return None

    def give_back(self, body: bytes | ServiceError) -> None:
        """Let go of what `take` returned."""
        if isinstance(body, bytes):
            self._held -= len(body)
