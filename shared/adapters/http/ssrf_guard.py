"""Connections below `requests` that end in time and lead only where they may: of the services, and of the storage.

A host's name is looked up once for a connection, each of its addresses is checked, and one of these is connected to:
a name that leads elsewhere a moment later (DNS rebinding) gains nothing.
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

# What it warns of, before it sends again or of strange headers, quotes whole URLs, and with them the token of a link.
logging.getLogger("urllib3").setLevel(logging.ERROR)

# Host and port to the addresses that may be connected to, the best first; raises what the caller shall see.
type Resolver = Callable[[str, int], Sequence[str]]

_MOST_ADDRESSES = 4  # are tried: each may cost a connection's time-out


class _Sending(threading.local):
    """When the request that this thread is sending must be over, by the monotonic clock."""

    ends_at = float("inf")


_sending = _Sending()


class EndingAdapter(HTTPAdapter):
    """Ends a request, with its retries and the reading of its answer, after `whole_s` seconds.

    None: `end_within` says it before each request. A time limit of `requests` is for each piece of an answer only: a
    server that sends a byte now and then could hold a function for ever.
    """

    def __init__(
        self, whole_s: float | None, *, connections: int, retries: Retry | int = 0, resolver: Resolver | None = None
    ) -> None:
        self._whole_s = whole_s
        self._resolver = resolver
        super().__init__(pool_connections=connections, pool_maxsize=connections, max_retries=retries)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **options: Any) -> None:
        """Make the pools, whose connections know about time and addresses."""
        super().init_poolmanager(connections, maxsize, block, **options)
        self.poolmanager.pool_classes_by_scheme = _pools(self._resolver)

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        """Send a request; what follows in this thread is a part of it until the next one."""
        if self._whole_s is not None:
            end_within(self._whole_s)
        return super().send(request, *args, **options)


def end_within(whole_s: float) -> None:
    """Give what this thread sends from now on so many seconds."""
    _sending.ends_at = time.monotonic() + whole_s


def checked(allowed: AllowedHosts, look_up: Resolver | None = None) -> Resolver:
    """Return a resolver that gives public addresses only, unless the list names the very host."""

    def resolve(host: str, port: int) -> Sequence[str]:
        found = (look_up or _look_up)(host, port)
        if not allowed.names(host) and not all(map(is_public, found)):
            said = f"{host} leads to an address inside a private network, so nothing was sent; if it is meant to, name"
            how = "the very host in allow_hosts of routes.toml: a pattern with a wildcard does not allow that"
            raise HostNotAllowedError([f"{said} {how}"])
        return found

    return resolve


def _look_up(host: str, port: int) -> Sequence[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class _Reader(io.RawIOBase):
    """Reads a socket until the deadline, with no pause in it longer than the socket's own time-out."""

    def __init__(self, sock: socket.socket, ends_at: float) -> None:
        self._raw = sock.makefile("rb", buffering=0)
        self._sock = sock
        self._usual_s = sock.gettimeout()
        self._ends_at = ends_at

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left_s = self._ends_at - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("the answer took too long as a whole")
        if self._usual_s is not None and left_s >= self._usual_s:
            return self._raw.readinto(buffer)
        self._sock.settimeout(left_s)
        try:
            return self._raw.readinto(buffer)
        finally:
            with suppress(OSError):  # closed by the other side meanwhile
                self._sock.settimeout(self._usual_s)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Answer(http.client.HTTPResponse):
    """An answer whose head and body are over by the deadline."""

    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp.close()
        self.fp = io.BufferedReader(_Reader(sock, _sending.ends_at))


def _connect(connection: HTTPConnection, resolver: Resolver) -> socket.socket:
    """Connect to one of the addresses that the resolver gives, with the errors that urllib3 knows."""
    host = connection.host.strip("[]")
    try:
        found = resolver(host, connection.port)[:_MOST_ADDRESSES]
    except socket.gaierror as error:
        raise NameResolutionError(host, connection, error) from error
    failure: OSError = OSError("the name leads to no address")
    for address in found:
        _check_time(connection)
        try:
            limit: Any = connection.timeout
            return create_connection((address, connection.port), limit, socket_options=connection.socket_options)
        except OSError as error:
            failure = error
    if isinstance(failure, TimeoutError):
        raise ConnectTimeoutError(connection, "no connection in time") from failure
    raise NewConnectionError(connection, "no connection") from failure


def _check_time(connection: HTTPConnection) -> None:
    if time.monotonic() >= _sending.ends_at:
        raise ConnectTimeoutError(connection, "no time is left for another try")


def _pools(resolver: Resolver | None) -> dict[str, type[HTTPConnectionPool]]:
    """Return the kinds of pools whose connections use a resolver; None: the usual one, unchecked."""

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
