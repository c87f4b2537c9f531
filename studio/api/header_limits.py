"""The protocol of a connection, with patience for the head of a request that is used up at some time and size.

The library closes a connection that is silent between two requests, but waits for ever for a head that has begun or
never begins, and takes one of any size: whoever opens connections and says nothing, or never ends, would use them, or
the memory, all up.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from studio.api.upgrade_offers import PlainParser

HEAD_TIMEOUT_S = 20.0  # from the connection, or a head's first byte, to its last
MAX_HEAD_BYTES = 64 * 2**10  # of what has arrived of a head that is not whole


class HeaderLimitProtocol(HttpToolsProtocol):
    """A connection that is closed if the head of its request does not arrive in time, or is too long."""

    _deadline: asyncio.TimerHandle | None = None
    _head_bytes = 0
    _in_head = False

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for the first request."""
        self.parser: Any = PlainParser(self)
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Take what arrived; wait on if it is not yet a whole head."""
        super().data_received(data)
        answering = self.cycle is not None and not self.cycle.response_complete
        if self.transport.is_closing() or (answering and not self._in_head):
            self._wait_no_more()
            return
        self._wait()
        self._head_bytes += len(data)
        if self._head_bytes > MAX_HEAD_BYTES:
            self.send_400_response(f"The head of the request is longer than {MAX_HEAD_BYTES} bytes.")

    def on_message_begin(self) -> None:
        """Note that a head has begun: the parser's word, also while an earlier request is answered."""
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Note that the head is whole; one with an offer to upgrade comes again, without it."""
        self._in_head = False
        if not self.parser.should_upgrade():
            super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Note that the request is whole; one with an offer to upgrade has not begun yet."""
        if not self.parser.should_upgrade():
            super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._wait_no_more()
        super().connection_lost(exc)

    def _wait(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(HEAD_TIMEOUT_S, self.transport.close)

    def _wait_no_more(self) -> None:
        self._head_bytes = 0
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
