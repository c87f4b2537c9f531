"""Answers some requests with an error, for testing clients: the periodic quirks."""

import itertools
import re

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from studio.api.protocol_errors import SERVICE_UNAVAILABLE, protocol_error
from studio.responses import JsonResponse
from studio.wire.quirks import PLAIN_500, THROTTLED_503

_PROTOCOL_PATH = re.compile(r"/(workspaces|subscriptions|management)/")


class FaultInjector:
    """ASGI middleware: answers every so many-th request of the protocol by an error instead of passing it on."""

    def __init__(self, app: ASGIApp, every: dict[str, int]) -> None:
        """Take how often, by quirk."""
        self._app = app
        self._every = every
        self._numbers = itertools.count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection event of the server."""
        if scope["type"] != "http" or not _PROTOCOL_PATH.match(scope["path"]):
            await self._app(scope, receive, send)
            return
        number = next(self._numbers)

        def due(quirk: str) -> bool:
            return number % self._every.get(quirk, number + 1) == 0

        if due(PLAIN_500):
            await PlainTextResponse("Internal Server Error", status_code=500)(scope, receive, send)
        elif due(THROTTLED_503):
            text = "Request was throttled: this studio was told to answer some requests so."
            error = protocol_error(SERVICE_UNAVAILABLE, "RequestThrottled", text)
            await JsonResponse(error.body(), status_code=error.status)(scope, receive, send)
        else:
            await self._app(scope, receive, send)
