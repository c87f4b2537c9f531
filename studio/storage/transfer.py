"""One operation on a blob: how long it may take, which addresses it may go to, how much may come.

A host's name is looked up once for each connection, every address it leads to is checked, and the connection goes to
one of these: a name that leads elsewhere a moment later (DNS rebinding) gains nothing.
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

# Host and port to addresses, the best first.
type Resolver = Callable[[str, int], Sequence[str]]

CHUNK_BYTES = 4 * 2**20  # what one request asks for, so no answer is longer
_MEDIA_TYPE = re.compile(r"[a-z]{1,20}/[-+.a-z0-9]{1,60}")
_LENGTH_HEADERS = ("Content-Length", "Transfer-Encoding", "Connection")
_MAX_ADDRESSES = 4  # are tried: each may cost a connection's time-out


@dataclass(frozen=True)
class TransferLimits:
    """How long a transfer may take, and how often it is tried."""

    total_timeout_s: float = 1800.0  # from the first look-up to the last byte, with all retries
    interactive_timeout_s: float = 60.0  # the same, where a caller waits for the answer
    connect_timeout_s: float = 5.0
    read_timeout_s: float = 60.0  # between two pieces of an answer
    retries: int = 2  # of a request, where another try may help
    retry_wait_s: int = 2  # before each


def resolve_host(host: str, port: int) -> Sequence[str]:
    """Ask the system's resolver.

    Raises:
        OSError: it knows no address.
    """
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError:  # a label of it is empty or too long
        raise socket.gaierror(socket.EAI_NONAME, "no name of a host") from None
    return list(dict.fromkeys(str(address[0]) for *_, address in addresses))


class Transfer:
    """One operation on a blob: its deadline, and the sockets it uses."""

    def __init__(
        self, address: BlobAddress, within_s: float, limits: TransferLimits, resolver: Resolver, stop: Stop
    ) -> None:
        self._address = address
        self._stop = stop
        self._stack = ExitStack()
        self._within_s = within_s
        self._limits = limits
        self._resolver = resolver
        self._connections: list[HTTPConnection] = []
        self._sockets: list[socket.socket] = []
        self._answer: BaseHTTPResponse | None = None
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._timer = threading.Timer(within_s, self._expire)
        self._timer.daemon = True
        self._expired = False

    def __enter__(self) -> Self:
        self._stack.enter_context(self._stop.ending(self._end))
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()
        self._timer.cancel()
        if self._answer is not None:
            self._answer.close()  # one that was not read to its end would keep its connection
        for connection in self._connections:
            connection.close()
        with self._lock:
            for used in self._sockets:
                number = socket.socket.detach(used)
                if number >= 0:  # an answer that urllib3 could not read holds it, and is in no one's hands
                    os.close(number)

    def _expire(self) -> None:
        self._expired = True
        self._end()

    def _end(self) -> None:
        """End every wait for the network, wherever it is: in a header as well as in a body."""
        self._over.set()
        with self._lock:
            for used in self._sockets:
                with contextlib.suppress(OSError):
                    # The plain socket's way also under TLS: the TLS object is in use by the other thread.
                    socket.socket.shutdown(used, socket.SHUT_RDWR)

    def end_error(self) -> StudioError | None:
        """Return the error that says why it was ended; None if it was not."""
        if self._stop.stopped:
            return StoppedError()
        if not self._expired:
            return None
        text = f"The transfer of {self._address.path} was ended: {self._address.host} took longer than"
        return StorageError(StorageFault.UNAVAILABLE, f"{text} {self._within_s:g} seconds.")

    def check(self) -> None:
        """Go on only if there is time left.

        Raises:
            StorageError: there is not.
            StoppedError: nobody waits for it any more.
        """
        error = self.end_error()
        if error is not None:
            raise error

    def pause(self, duration_s: float) -> None:
        """Wait, but not beyond the deadline."""
        self._over.wait(duration_s)
        self.check()

    def watch(self, connection: HTTPConnection) -> None:
        """Shut a connection at the deadline; from here on it may be silent for as long as the limits say."""
        used = connection.sock
        used.settimeout(self._limits.read_timeout_s)  # or a long piece would have to be sent within the connecting time
        self._connections.append(connection)
        with self._lock:
            self._sockets.append(used)  # for good: a connection forgets its socket before the answer is read
        self.check()

    def open_socket(self, connection: HTTPConnection) -> socket.socket:
        """Connect to one of the checked addresses of the connection's host.

        Raises:
            StorageError: one of them is not allowed, or the time is over.
            StoppedError: nobody waits for it any more.
            OSError: none answers.
        """
        self.check()
        addresses = self._resolver(connection.host.strip("[]"), connection.port)
        if not self._address.listed_by_name and not all(map(is_public, addresses)):
            raise StorageError(
                StorageFault.INVALID,
                f"Invalid blob specification for blob: {self._address.path}. Its host {self._address.host} leads to an"
                " address inside the studio's own network. If it is meant to, the studio's owner must list it by its"
                f" name: `--allow-host {self._address.host}`; a pattern with a wildcard does not allow that.",
            )
        failure: OSError = OSError("the name leads to no address")
        for ip in addresses[:_MAX_ADDRESSES]:
            self.check()
            try:
                return create_connection(
                    (ip, connection.port), self._limits.connect_timeout_s, socket_options=connection.socket_options
                )
            except OSError as error:
                failure = error
        raise failure

    def begin(self, answer: BaseHTTPResponse) -> None:
        """Take the answer that is read next; the one before it is done with."""
        if self._answer is not None:
            self._answer.close()
        self._answer = answer

    def is_head_truncated(self) -> bool:
        """Tell whether the last answer's head says nothing of where its body ends, as one that was broken off does."""
        headers = self._answer.headers if self._answer is not None else None
        return headers is not None and not any(name in headers for name in _LENGTH_HEADERS)

    def describe_last_response(self) -> str:
        """Return what an error may tell of the last answer: its status, and its type if that is one."""
        if self._answer is None:
            return ""
        kind = self._answer.headers.get("Content-Type", "").partition(";")[0].strip()
        of_type = f" and the type {kind}" if _MEDIA_TYPE.fullmatch(kind) else ""
        return f": its last answer has the HTTP status {self._answer.status}{of_type}"

    def counted(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Pass on the pieces of an answer's body: what arrives counts, whatever its headers announce.

        Raises:
            StorageError: there are more than were asked for, or the time is over.
        """
        length = 0
        for chunk in chunks:
            self.check()
            length += len(chunk)
            if length > CHUNK_BYTES:
                text = f"{self._address.host} sends more of {self._address.path} than it was asked for."
                raise StorageError(StorageFault.INVALID, text)
            yield chunk
