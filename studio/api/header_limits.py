"""HTTP protocol class that limits how long and how large request headers may be (slowloris protection).

The library closes an idle connection between two requests. It waits for ever for a head that never begins or never
ends, and accepts a head of any size, so a stranger could use up all connections or the memory.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from studio.api.upgrade_offers import UpgradeIgnoringParser

HEAD_TIMEOUT_S = 20.0  # from the connection's start, or a head's first byte, to the head's last byte
MAX_HEAD_BYTES = 64 * 2**10  # of an incomplete head


class HeaderLimitProtocol(HttpToolsProtocol):
    """A connection that is closed if the head of a request does not arrive in time, or is too long."""

    _deadline: asyncio.TimerHandle | None = None
    _head_bytes = 0
    _in_head = False

    def connection_made(self, transport: Any) -> None:
        """Start the timer for the first request."""
        self.parser: Any = UpgradeIgnoringParser(self)
        super().connection_made(transport)
        self._start_timer()

    def data_received(self, data: bytes) -> None:
        """Take what arrived; the timer runs until the head is complete."""
        super().data_received(data)
        answering = self.cycle is not None and not self.cycle.response_complete
        if self.transport.is_closing() or (answering and not self._in_head):
            self._stop_timer()
            return
        self._start_timer()
        self._head_bytes += len(data)
        if self._head_bytes > MAX_HEAD_BYTES:
            self.send_400_response(f"The head of the request is longer than {MAX_HEAD_BYTES} bytes.")

    def on_message_begin(self) -> None:
        """Note that a head has begun, even while an earlier request is answered."""
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Note that the head is complete; a head with an upgrade offer is parsed again without it."""
        self._in_head = False
        if not self.parser.should_upgrade():
            super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Note that the request is complete; one with an upgrade offer has yet to be parsed."""
        if not self.parser.should_upgrade():
            super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timer."""
        self._stop_timer()
        super().connection_lost(exc)

    def _start_timer(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(HEAD_TIMEOUT_S, self.transport.close)

    def _stop_timer(self) -> None:
        self._head_bytes = 0
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
