"""The HTTP transport below azure-storage-blob: it sends the requests of one transfer, within its limits.

TLS verifies the host's name as usual. Redirects are not followed, bodies are not decompressed, proxies are not used.
"""

import logging
import os
import socket
from collections.abc import Iterator
from typing import Any

import requests
from azure.core.pipeline.transport import RequestsTransport
from requests.adapters import HTTPAdapter
from urllib3 import BaseHTTPResponse, HTTPConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from studio.storage.transfer import Transfer, TransferLimits

_BLOCK_BYTES = 256 * 2**10

# urllib3 logs whole URLs, with their signatures, as warnings and debug lines.
logging.getLogger("urllib3").setLevel(logging.CRITICAL + 1)


def _open(connection: HTTPConnection, transfer: Transfer) -> socket.socket:
    """Open a connection's socket, with the errors that urllib3 expects."""
    try:
        return transfer.open_socket(connection)
    except TimeoutError as error:
        raise ConnectTimeoutError(connection, "no answer in time") from error
    except OSError as error:
        raise NewConnectionError(connection, "no connection") from error


class _Connection(HTTPConnection):
    """A connection that a transfer opens and watches."""

    transfer: Transfer

    def _new_conn(self) -> socket.socket:
        return _open(self, self.transfer)

    def connect(self) -> None:
        super().connect()
        self.transfer.watch(self)


class _TlsConnection(_Connection, HTTPSConnection):
    """The same over TLS: `super().connect()` of the base is that of urllib3's TLS connection here."""


class _Pools(PoolManager):
    """Makes the connections of a transfer."""

    transfer: Transfer

    def _new_pool(self, scheme: str, host: str, port: int, request_context: Any = None) -> HTTPConnectionPool:
        pool = super()._new_pool(scheme, host, port, request_context)
        kind = _TlsConnection if scheme == "https" else _Connection
        pool.ConnectionCls = type(kind.__name__, (kind,), {"transfer": self.transfer})
        return pool


class _Body:
    """A response of urllib3 whose body is counted and not decompressed: a small body may inflate to a huge one."""

    def __init__(self, raw: BaseHTTPResponse, transfer: Transfer) -> None:
        self._raw = raw
        self._transfer = transfer

    def stream(self, amount: int, decode_content: bool | None = None) -> Iterator[bytes]:  # noqa: ARG002 (never decoded)
        return self._transfer.limited(self._raw.stream(amount, decode_content=False))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)


class _Adapter(HTTPAdapter):
    def __init__(self, transfer: Transfer) -> None:
        self._transfer = transfer
        super().__init__(max_retries=0)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **options: Any) -> None:
        self.poolmanager = _Pools(connections, maxsize=maxsize, block=block, **options)
        self.poolmanager.transfer = self._transfer

    def build_response(self, req: requests.PreparedRequest, resp: BaseHTTPResponse) -> requests.Response:
        response = super().build_response(req, resp)
        self._transfer.begin_response(resp)
        response.raw = _Body(resp, self._transfer)
        return response


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002 (none is followed)
        return None


class GuardedTransport(RequestsTransport):  # type: ignore[misc]  # the package imports it lazily
    """Sends the requests of one transfer."""

    def __init__(self, transfer: Transfer, limits: TransferLimits) -> None:
        session = _Session()
        session.trust_env = False  # no proxy, which would resolve names itself; no .netrc
        session.headers["Accept-Encoding"] = "identity"
        for scheme in ("http://", "https://"):
            session.mount(scheme, _Adapter(transfer))
        super().__init__(
            session=session,
            connection_timeout=limits.connect_timeout_s,
            read_timeout=limits.read_timeout_s,
            connection_verify=os.environ.get("REQUESTS_CA_BUNDLE") or True,
            connection_data_block_size=_BLOCK_BYTES,
        )
        self._transfer = transfer

    def sleep(self, duration: float) -> None:
        """Wait between two attempts."""
        self._transfer.pause(duration)
