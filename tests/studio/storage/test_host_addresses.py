"""A transfer connects only to addresses that the names of its host may lead to."""

import socket
from collections.abc import Sequence

import pytest

from studio.errors import StorageError, StorageFault
from studio.storage.blobs import BlobStorage
from studio.storage.transfer import Resolver, resolve_host
from tests.studio.odd_hosts import CANARY, odd_host, part, saying
from tests.studio.storage.transfers import LIMIT, PATIENT


def test_a_name_that_leads_inside_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    """All addresses of a host that only a wildcard allows must be public; the error says what to list."""
    with odd_host(saying(part(b"stolen"))) as host:
        address = host.address()
        for addresses in (["127.0.0.1"], ["20.60.1.1", "10.0.0.7"], ["169.254.169.254"], ["::1"], ["::ffff:127.0.0.1"]):
            storage = BlobStorage(PATIENT, lambda *_, addresses=addresses: addresses)
            with pytest.raises(
                StorageError, match=r"inside the studio's own network.*--allow-host 127\.0\.0\.1"
            ) as why:
                storage.fetch(host.unlisted(), LIMIT)
            assert why.value.fault is not StorageFault.UNAVAILABLE
            assert "10.0.0.7" not in str(why.value), "a caller learns nothing of the network"
            assert storage.fetch(address, LIMIT) == b"stolen" if addresses == ["127.0.0.1"] else True
    assert CANARY not in caplog.text


def test_a_name_is_looked_up_once_for_a_connection() -> None:
    """The connection goes to the checked address: the name is not resolved a second time."""
    lookups: list[str] = []

    def rebinding(host: str, _: int) -> Sequence[str]:
        lookups.append(host)
        return ["127.0.0.1"] if len(lookups) == 1 else ["127.0.0.2"]

    with odd_host(saying(part(b"a"))) as host:
        assert BlobStorage(PATIENT, rebinding).fetch(host.address(host="localhost"), LIMIT) == b"a"
        assert lookups == ["localhost"]
        assert f"Host: localhost:{host.port}".encode() in host.requests[0]


def test_a_retry_is_checked_again() -> None:
    """A name that resolves to an inside address at the second attempt is refused then."""
    answers = iter([["127.0.0.1"], ["10.0.0.7"]])
    with odd_host(saying(b"")) as host, pytest.MonkeyPatch.context() as patch:
        patch.setattr("studio.storage.transfer.is_public", lambda text: text == "127.0.0.1")
        with pytest.raises(StorageError, match="inside the studio's own network"):
            BlobStorage(PATIENT, lambda *_: next(answers)).fetch(host.unlisted(), LIMIT)
        assert len(host.requests) == 1


def test_a_name_without_addresses_is_an_error() -> None:
    """If a name cannot be resolved, the error says that the host cannot be reached."""

    def unknown(*_: object) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    with odd_host(saying(b"")) as host:
        resolvers: list[Resolver] = [unknown, lambda *_: [], lambda *_: resolve_host(f"{'x' * 64}.example.com", 443)]
        for resolver in resolvers:
            with pytest.raises(StorageError, match=r"cannot be reached\.") as why:
                BlobStorage(PATIENT, resolver).fetch(host.address(), LIMIT)
            assert why.value.fault is StorageFault.UNAVAILABLE
