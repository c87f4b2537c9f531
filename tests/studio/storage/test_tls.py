"""Under TLS the name of a host is verified, and the deadline holds."""

import ssl
from pathlib import Path
from typing import NamedTuple

import pytest

from studio.errors import StorageError
from studio.storage.blobs import BlobStorage
from tests.studio.odd_hosts import certificate, odd_host, part, saying
from tests.studio.storage.transfers import IMPATIENT, LIMIT, PATIENT, trickle


class Server(NamedTuple):
    """What a host of the name `store.example` needs for TLS, and its certificate, which nobody trusts yet."""

    context: ssl.SSLContext
    certificate: Path


@pytest.fixture
def server(tmp_path: Path) -> Server:
    """Give a server with a new certificate."""
    path, key = certificate(tmp_path, "store.example")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(path, key)
    return Server(context, path)


def test_tls_verifies_the_name_of_the_host(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A certificate for the name is accepted at the address found for it; one for another name, or of nobody, not."""
    storage = BlobStorage(PATIENT, lambda *_: ["127.0.0.1"])
    with odd_host(saying(part(b"a,b")), server.context) as host:
        right, wrong = (host.address(host=name, scheme="https") for name in ("store.example", "other.example"))
        with pytest.raises(StorageError, match="cannot be reached"):
            storage.fetch(right, LIMIT)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(server.certificate))
        assert storage.fetch(right, LIMIT) == b"a,b"
        with pytest.raises(StorageError, match="cannot be reached"):
            storage.fetch(wrong, LIMIT)


@pytest.mark.parametrize("kept_open", [True, False])
def test_a_trickle_over_tls_ends(server: Server, monkeypatch: pytest.MonkeyPatch, kept_open: bool) -> None:
    """The deadline holds under TLS as well."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(server.certificate))
    start = part(b"", 50_000, Content_Length="50000", Connection="keep-alive" if kept_open else "close")
    storage = BlobStorage(IMPATIENT, lambda *_: ["127.0.0.1"])
    with odd_host(lambda connection, _: trickle(connection, start), server.context) as host:
        address = host.address(host="store.example", scheme="https")
        with pytest.raises(StorageError, match="took longer than 1 seconds"):
            storage.fetch(address, LIMIT)
