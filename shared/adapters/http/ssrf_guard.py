"""Guards the connections of `requests` against server-side request forgery (SSRF) and endless answers.

A host name is resolved once for a connection, each of its addresses is checked, and the connection goes to one of
them: a name that resolves to another address a moment later (DNS rebinding) gains nothing.
"""

import http.client
import io
import logging
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util import Retry
from urllib3.util.connection import create_connection

from shared.adapters.http.public_addresses import is_public
from shared.errors import HostNotAllowedError
from shared.routes.host_allowlist import AllowedHosts

# Its warnings about retries and odd headers quote whole URLs, and with them the SAS token of a link.
logging.getLogger("urllib3").setLevel(logging.ERROR)

# From host and port to the addresses that may be connected to, the best first; its errors reach the caller.
type Resolver = Callable[[str, int], Sequence[str]]

MAX_ADDRESSES = 4  # tried for a host: each may cost a connection's time-out


class _Deadline(threading.local):
    """When the request of this thread must be over, by the monotonic clock."""

    ends_at = float("inf")


_deadline = _Deadline()


class DeadlineAdapter(HTTPAdapter):
    """Ends a request, with its retries and the reading of its answer, after `total_timeout_s` seconds.

    With None the caller sets the limit of each request by `set_time_limit`. The time-outs of `requests` count anew for
    each piece of an answer, so a server that sends a byte now and then could hold a function for ever.
    """

    def __init__(
        self,
        total_timeout_s: float | None,
        *,
        connections: int,
        retries: Retry | int = 0,
        resolver: Resolver | None = None,
    ) -> None:
        self._total_timeout_s = total_timeout_s
        self._resolver = resolver
        super().__init__(pool_connections=connections, pool_maxsize=connections, max_retries=retries)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **options: Any) -> None:
        """Create the pools, whose connections obey the deadline and the resolver."""
        super().init_poolmanager(connections, maxsize, block, **options)
        self.poolmanager.pool_classes_by_scheme = _pools(self._resolver)

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        """Send a request; until the next one, reads in this thread belong to it."""
        if self._total_timeout_s is not None:
            set_time_limit(self._total_timeout_s)
        return super().send(request, *args, **options)


def set_time_limit(total_timeout_s: float) -> None:
    """Let the next request of this thread end `total_timeout_s` seconds from now."""
    _deadline.ends_at = time.monotonic() + total_timeout_s


def checked_resolver(allowed: AllowedHosts, look_up: Resolver | None = None) -> Resolver:
    """Return a resolver that gives public addresses only, except of a host that the list names without a wildcard."""

    def resolve(host: str, port: int) -> Sequence[str]:
        addresses = (look_up or _look_up)(host, port)
        if not allowed.names(host) and not all(map(is_public, addresses)):
            problem = f"{host} has an address in a private network, so nothing was sent."
            remedy = "If that is right, name the host in allow_hosts of routes.toml without a wildcard."
            raise HostNotAllowedError([f"{problem} {remedy}"])
        return addresses

    return resolve


def _look_up(host: str, port: int) -> Sequence[str]:
    entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in entries))


class _Reader(io.RawIOBase):
    """Reads a socket until the deadline; a pause may last as long as the socket's own time-out."""

    def __init__(self, sock: socket.socket, ends_at: float) -> None:
        self._raw = sock.makefile("rb", buffering=0)
        self._sock = sock
        self._read_timeout_s = sock.gettimeout()
        self._ends_at = ends_at

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left_s = self._ends_at - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("the whole answer took too long")
        if self._read_timeout_s is not None and left_s >= self._read_timeout_s:
            return self._raw.readinto(buffer)
        self._sock.settimeout(left_s)
        try:
            return self._raw.readinto(buffer)
        finally:
            with suppress(OSError):  # the other side has closed it
                self._sock.settimeout(self._read_timeout_s)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Answer(http.client.HTTPResponse):
    """An answer whose headers and body end by the deadline."""

    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp.close()
        self.fp = io.BufferedReader(_Reader(sock, _deadline.ends_at))


def _connect(connection: HTTPConnection, resolver: Resolver) -> socket.socket:
    """Connect to one of the addresses that the resolver gives; raises the errors that urllib3 expects."""
    host = connection.host.strip("[]")
    try:
        addresses = resolver(host, connection.port)[:MAX_ADDRESSES]
    except socket.gaierror as error:
        raise NameResolutionError(host, connection, error) from error
    failure: OSError = OSError("the name has no address")
    for address in addresses:
        _check_time(connection)
        try:
            limit = connection.timeout
            return create_connection((address, connection.port), limit, socket_options=connection.socket_options)
        except OSError as error:
            failure = error
    if isinstance(failure, TimeoutError):
        raise ConnectTimeoutError(connection, "no connection in time") from failure
    raise NewConnectionError(connection, "no connection") from failure


def _check_time(connection: HTTPConnection) -> None:
    if time.monotonic() >= _deadline.ends_at:
        raise ConnectTimeoutError(connection, "no time is left for another attempt")


def _pools(resolver: Resolver | None) -> dict[str, type[HTTPConnectionPool]]:
    """Return the pool classes whose connections use a resolver; with None the system's, unchecked."""

    class Plain(HTTPConnection):
        response_class = _Answer

        def _new_conn(self) -> socket.socket:
            _check_time(self)
            return super()._new_conn() if resolver is None else _connect(self, resolver)

    class Tls(HTTPSConnection):
        response_class = _Answer

        def _new_conn(self) -> socket.socket:
            _check_time(self)
            return super()._new_conn() if resolver is None else _connect(self, resolver)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class TlsPool(HTTPSConnectionPool):
        ConnectionCls = Tls

    return {"http": PlainPool, "https": TlsPool}
