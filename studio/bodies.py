"""Takes the bodies of requests whole, within limits: of one, of the time it takes, and of all that are held at once.

A body is taken before the key of its request is looked at, so the limits stand between anybody and the memory.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.types import Receive

from studio.errors import ServiceError, bad_argument

BODY_LIMIT = 64 * 2**20  # bytes of a request
BODY_LIMIT_S = 60.0  # for a body to arrive
HELD_LIMIT = 256 * 2**20  # bytes of all bodies at one time


class Bodies:
    """The bodies that are held now."""

    def __init__(self) -> None:
        self._held = 0  # bytes

    @asynccontextmanager
    async def whole(self, receive: Receive) -> AsyncIterator[bytes | ServiceError]:
        """Give a request's body for the time of the `with`, or the error that answers it."""
        chunks: list[bytes] = []
        length, more = 0, True
        refusal = None
        try:
            try:
                async with asyncio.timeout(BODY_LIMIT_S):
                    while more and refusal is None:
                        message = await receive()
                        chunk = message.get("body", b"")
                        more = message["type"] == "http.request" and message.get("more_body", False)
                        chunks.append(chunk)
                        length += len(chunk)
                        self._held += len(chunk)
                        refusal = self._refusal(length)
            except TimeoutError:
                text = f"The body did not arrive within {BODY_LIMIT_S:g} seconds."
                refusal = ServiceError("RequestTimeout", "RequestBodyTimeout", text)
            yield refusal or b"".join(chunks)
        finally:
            self._held -= length

    def _refusal(self, length: int) -> ServiceError | None:
        if length > BODY_LIMIT:
            return bad_argument("RequestBodyInvalid", f"The body is longer than {BODY_LIMIT} bytes.")
        if self._held > HELD_LIMIT:
            text = "Too many bytes are being sent to the studio at this moment; try again later."
            return ServiceError("ServiceUnavailable", "RequestThrottled", text)
        return None
