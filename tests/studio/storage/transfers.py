"""Transfers with hosts that misbehave, for the tests of what such a host can do."""

import socket
import time

import pytest

from studio.errors import StorageError
from studio.storage.blobs import BlobStorage
from studio.storage.transfer import TransferLimits
from tests.studio.odd_hosts import CANARY, OddHost

IMPATIENT = TransferLimits(total_timeout_s=1.0, interactive_timeout_s=1.0, retries=1, retry_wait_s=0)
PATIENT = TransferLimits(total_timeout_s=30.0, interactive_timeout_s=30.0, retries=1, retry_wait_s=0)
LIMIT = 100_000  # bytes
NOT_A_STORAGE = "does not answer as Azure Blob Storage does"


def failure(host: OddHost, limits: TransferLimits = PATIENT) -> StorageError:
    """Fetch a blob, which must fail; the text names blob and host and shows no signature."""
    with pytest.raises(StorageError) as caught:
        BlobStorage(limits).fetch(host.address(), LIMIT)
    text = str(caught.value)
    assert "c/x.csv" in text
    assert f"127.0.0.1:{host.port}" in text
    assert CANARY not in text + repr(caught.value)
    assert caught.value.__cause__ is None
    return caught.value


def trickle(connection: socket.socket, text: bytes) -> None:
    """Send a byte every few hundredths of a second, until the client closes the connection."""
    connection.sendall(text)
    while True:
        time.sleep(0.05)
        connection.sendall(b"x")
