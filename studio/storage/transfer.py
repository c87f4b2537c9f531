"""One operation on a blob, with its deadline, the addresses it may connect to, and the bytes it may receive.

A host's name is resolved once for each connection. All its addresses are checked, and the connection goes to one of
them. So a name that resolves to another address a moment later (DNS rebinding) gains nothing.
"""

import contextlib
import os
import re
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Self

from urllib3 import BaseHTTPResponse
from urllib3.connection import HTTPConnection
from urllib3.util.connection import create_connection

from studio.errors import StorageError, StorageFault, StudioError
from studio.storage.blob_locations import BlobAddress
from studio.storage.public_addresses import is_public
from studio.storage.stopping import Stop, StoppedError

# From host and port to addresses, the best first.
type Resolver = Callable[[str, int], Sequence[str]]

CHUNK_BYTES = 4 * 2**20  # of one request; a longer response is refused
_MEDIA_TYPE = re.compile(r"[a-z]{1,20}/[-+.a-z0-9]{1,60}")
_LENGTH_HEADERS = ("Content-Length", "Transfer-Encoding", "Connection")
_MAX_ADDRESSES = 4  # to try; each may take a connection's time-out


@dataclass(frozen=True)
class TransferLimits:
    """The time-outs and retries of a transfer."""

    total_timeout_s: float = 1800.0  # from the name look-up to the last byte, with all retries
    interactive_timeout_s: float = 60.0  # the same, where a caller waits
    connect_timeout_s: float = 5.0
    read_timeout_s: float = 60.0  # between two pieces of a response
    retries: int = 2  # of a request that may succeed later
    retry_wait_s: int = 2  # before each


def resolve_host(host: str, port: int) -> Sequence[str]:
    """Resolve a name by the system's resolver.

    Raises:
        OSError: the name has no address.
    """
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError:  # a label of the name is empty or too long
        raise socket.gaierror(socket.EAI_NONAME, "not a host name") from None
    return list(dict.fromkeys(str(address[0]) for *_, address in addresses))


class Transfer:
    """One operation on a blob: its deadline and its sockets."""

    def __init__(
        self, address: BlobAddress, timeout_s: float, limits: TransferLimits, resolver: Resolver, stop: Stop
    ) -> None:
        self._address = address
        self._stop = stop
        self._stack = ExitStack()
        self._timeout_s = timeout_s
        self._limits = limits
        self._resolver = resolver
        self._connections: list[HTTPConnection] = []
        self._sockets: list[socket.socket] = []
        self._response: BaseHTTPResponse | None = None
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._timer = threading.Timer(timeout_s, self._expire)
        self._timer.daemon = True
        self._expired = False

    def __enter__(self) -> Self:
        self._stack.enter_context(self._stop.ending(self._end))
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()
        self._timer.cancel()
        if self._response is not None:
            self._response.close()  # else a response that was not read to its end would keep its connection
        for connection in self._connections:
            connection.close()
        with self._lock:
            for opened in self._sockets:
                number = socket.socket.detach(opened)
                if number >= 0:  # held by a response that urllib3 could not parse
                    os.close(number)

    def _expire(self) -> None:
        self._expired = True
        self._end()

    def _end(self) -> None:
        """End every wait for the network, in a header as well as in a body."""
        self._over.set()
        with self._lock:
            for opened in self._sockets:
                with contextlib.suppress(OSError):
                    # The plain socket's method also under TLS: the other thread is using the TLS object.
                    socket.socket.shutdown(opened, socket.SHUT_RDWR)

    def end_error(self) -> StudioError | None:
        """Return the error of a transfer that was stopped or timed out; else None."""
        if self._stop.stopped:
            return StoppedError()
        if not self._expired:
            return None
        text = f"The transfer of {self._address.path} timed out: {self._address.host} took longer than"
        return StorageError(StorageFault.UNAVAILABLE, f"{text} {self._timeout_s:g} seconds.")

    def check(self) -> None:
        """Return if there is time left.

        Raises:
            StorageError: the transfer timed out.
            StoppedError: the transfer was stopped.
        """
        error = self.end_error()
        if error is not None:
            raise error

    def pause(self, duration_s: float) -> None:
        """Wait, at most until the deadline."""
        self._over.wait(duration_s)
        self.check()

    def watch(self, connection: HTTPConnection) -> None:
        """Close a connection at the deadline; from now on its read time-out applies."""
        opened = connection.sock
        opened.settimeout(self._limits.read_timeout_s)  # else sending a piece would have the time-out of connecting
        self._connections.append(connection)
        with self._lock:
            self._sockets.append(opened)  # kept: a connection forgets its socket before the response is read
        self.check()

    def open_socket(self, connection: HTTPConnection) -> socket.socket:
        """Connect to one of the allowed addresses of the connection's host.

        Raises:
            StorageError: an address is not allowed, or the transfer timed out.
            StoppedError: the transfer was stopped.
            OSError: no address accepts the connection.
        """
        self.check()
        addresses = self._resolver(connection.host.strip("[]"), connection.port)
        if not self._address.listed_by_name and not all(map(is_public, addresses)):
            raise StorageError(
                StorageFault.INVALID,
                f"Invalid blob specification for blob: {self._address.path}. Its host {self._address.host} has an"
                " address inside the studio's own network. If that is intended, the studio's owner must list the host"
                f" by name: `--allow-host {self._address.host}`. A pattern with a wildcard does not allow it.",
            )
        failure: OSError = OSError("the name has no address")
        for ip in addresses[:_MAX_ADDRESSES]:
            self.check()
            try:
                return create_connection(
                    (ip, connection.port), self._limits.connect_timeout_s, socket_options=connection.socket_options
                )
            except OSError as error:
                failure = error
        raise failure

    def begin_response(self, response: BaseHTTPResponse) -> None:
        """Take the response that is read next, and close the one before it."""
        if self._response is not None:
            self._response.close()
        self._response = response

    def is_head_truncated(self) -> bool:
        """Tell whether the last response has no header about its length, as a head that was cut off."""
        headers = self._response.headers if self._response is not None else None
        return headers is not None and not any(name in headers for name in _LENGTH_HEADERS)

    def describe_last_response(self) -> str:
        """Return the status and media type of the last response, for an error."""
        if self._response is None:
            return ""
        kind = self._response.headers.get("Content-Type", "").partition(";")[0].strip()
        of_type = f" and the type {kind}" if _MEDIA_TYPE.fullmatch(kind) else ""
        return f": its last response has the HTTP status {self._response.status}{of_type}"

    def limited(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Pass on the pieces of a response's body; the bytes that arrive count, not the length in the header.

        Raises:
            StorageError: there are more bytes than requested, or the transfer timed out.
        """
        length = 0
        for chunk in chunks:
            self.check()
            length += len(chunk)
            if length > CHUNK_BYTES:
                text = f"{self._address.host} sends more of {self._address.path} than was requested."
                raise StorageError(StorageFault.INVALID, text)
            yield chunk
