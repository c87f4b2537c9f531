"""Ignores offers of another protocol (`Upgrade: h2c`), as HTTP allows a server to do.

The library's parser takes what follows the head of such a request for the other protocol, so the body would be lost.
Java's HttpClient makes the offer with every first request, even with one that has a body.
"""

from typing import Protocol

import httptools


class OfferingProtocol(Protocol):
    """The callbacks of the parser that are needed here."""

    url: bytes
    headers: list[tuple[bytes, bytes]]


class UpgradeIgnoringParser:
    """The parser of a connection's requests. A head with an offer is parsed again without it."""

    def __init__(self, protocol: OfferingProtocol) -> None:
        self._protocol = protocol
        self._parser = self._new()

    def _new(self) -> httptools.HttpRequestParser:
        parser = httptools.HttpRequestParser(self._protocol)
        parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as the library sets it, for pipelined requests
        return parser

    def feed_data(self, data: bytes) -> None:
        """Parse what has arrived.

        Raises:
            httptools.HttpParserError: it is not HTTP, or asks for a tunnel.
        """
        while True:
            try:
                self._parser.feed_data(data)
            except httptools.HttpParserUpgrade as offer:
                data = self._head() + data[offer.args[0] :]
                self._parser = self._new()
            else:
                return

    def _head(self) -> bytes:
        """Return the last head without its offer."""
        method, version = self._parser.get_method(), self._parser.get_http_version()
        if method == b"CONNECT":
            raise httptools.HttpParserError("a tunnel is not served")
        lines = [method + b" " + self._protocol.url + b" HTTP/" + version.encode()]
        lines += [name + b": " + value for name, value in self._protocol.headers if name != b"upgrade"]
        return b"\r\n".join([*lines, b"", b""])

    def should_upgrade(self) -> bool:
        """Tell whether the last head makes an offer."""
        return self._parser.should_upgrade()

    def should_keep_alive(self) -> bool:
        """Tell whether the connection stays open after the request."""
        return self._parser.should_keep_alive()

    def get_method(self) -> bytes:
        """Return the method of the request."""
        return self._parser.get_method()

    def get_http_version(self) -> str:
        """Return the version of the request."""
        return self._parser.get_http_version()
