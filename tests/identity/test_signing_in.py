"""Signing in: tokens and delegation keys are used while valid, renewed in time, and never stored or shown."""

import logging
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

import pytest
import requests
from azure.storage.blob import BlobServiceClient

from shared.adapters.storage.blob_files import BlobStorageFiles
from shared.adapters.storage.credentials import credential_of
from shared.adapters.storage.sas_links import MAX_IDENTITY_LINK_LIFE_S, READ, SasLinks
from shared.adapters.storage.table_runs import TableRunStore
from shared.errors import ConfigError, KeyRefusedError
from shared.records.heartbeats import Heartbeats
from shared.storage_settings import read_storage_account
from tests.fakes.fake_clock import FakeClock
from tests.fakes.faulty_transport import NO_PAUSE, FaultyTransport
from tests.identity.endpoint import SECRET, identity_endpoint
from tests.identity.storage import IdentityStorage
from tests.identity.tokens import SIGNATURE, IssuingCredential


@pytest.fixture
def blob(identity_storage: IdentityStorage) -> str:
    """Give the path of a blob."""
    container = f"c{uuid4().hex}"
    with BlobServiceClient.from_connection_string(identity_storage.connection_string) as service:
        service.create_container(container).upload_blob("m.ilearner", b"model")
    return f"{container}/m.ilearner"


def opened(storage: IdentityStorage, credential: IssuingCredential, **options: Any) -> BlobStorageFiles:
    """Open the account's blobs by a credential."""
    return BlobStorageFiles.with_identity(storage.url("Blob"), credential, **options)


def test_a_token_serves_until_shortly_before_its_end(identity_storage: IdentityStorage, blob: str) -> None:
    """A worker requests a new token when its token is about to expire, not for each request."""
    credential = IssuingCredential(100, 3600)  # the first ends too soon to be kept
    with closing(opened(identity_storage, credential)) as files:
        for _ in range(4):
            assert files.read_text(blob, 100)[0] == "model"

    assert len(credential.given) == 2


def test_an_identity_that_is_refused_is_a_setting_to_correct(identity_storage: IdentityStorage, blob: str) -> None:
    """A token for another resource opens nothing; the error names the settings and shows no token."""
    credential = IssuingCredential(3600, audience="https://vault.azure.net")
    with closing(opened(identity_storage, credential)) as files, pytest.raises(KeyRefusedError) as caught:
        files.read_text(blob, 100)

    assert "AzureWebJobsStorage__" in str(caught.value)
    assert credential.given[0].token not in str(caught.value)


def test_links_share_a_lent_key(identity_storage: IdentityStorage, blob: str) -> None:
    """Sixteen threads that sign at once ask for one key, and every further link costs no request."""
    transport = FaultyTransport()
    with closing(opened(identity_storage, IssuingCredential(), transport=transport)) as files:
        with ThreadPoolExecutor(16) as pool:
            links = list(pool.map(lambda _: files.link(blob, 600), range(32)))

        assert transport.sent == ["POST"]
        assert {requests.get(link.url, timeout=10).content for link in links} == {b"model"}


def test_a_lent_key_is_renewed_before_a_link_outlives_it(identity_storage: IdentityStorage, blob: str) -> None:
    """Days later a short link is signed with the first key; one that would outlive it gets another. Both open."""
    real = datetime.now(UTC)
    clock = FakeClock(real - timedelta(days=6))
    transport = FaultyTransport()
    with BlobServiceClient(identity_storage.url("Blob"), IssuingCredential(), transport=transport) as service:
        links = SasLinks(service, clock.now)
        links.make(blob, READ, 600)
        clock.advance(timedelta(days=6).total_seconds())
        short = links.make(blob, READ, 600)
        assert transport.sent == ["POST"]
        long = links.make(blob, READ, 2 * 86400)
        assert transport.sent == ["POST", "POST"]

    for link in (short, long):
        assert requests.get(link.url, timeout=10).content == b"model"


def test_no_link_begins_before_its_key(identity_storage: IdentityStorage, blob: str) -> None:
    """After this machine's clock was set back, a link begins with the key that signs it, and still opens."""
    clock = FakeClock(datetime.now(UTC) + timedelta(minutes=5))
    with BlobServiceClient(identity_storage.url("Blob"), IssuingCredential()) as service:
        links = SasLinks(service, clock.now)
        first = links.make(blob, READ, 600)
        clock.advance(-300)
        second = links.make(blob, READ, 600)

    assert parse_qs(second.sas[1:])["st"] == parse_qs(first.sas[1:])["st"] == parse_qs(first.sas[1:])["skt"]
    assert requests.get(second.url, timeout=10).content == b"model"


def test_a_link_is_for_https_and_seven_days_at_most(identity_storage: IdentityStorage, blob: str) -> None:
    """A link that the service would refuse is refused before it is signed."""
    with closing(opened(identity_storage, IssuingCredential())) as files:
        longest = parse_qs(files.link(blob, MAX_IDENTITY_LINK_LIFE_S).sas[1:])
        with pytest.raises(ConfigError, match="deadlines_s"):
            files.link(blob, MAX_IDENTITY_LINK_LIFE_S + 1)

    assert longest["spr"] == ["https"]
    assert longest["se"] <= longest["ske"]


def test_a_managed_identity_gets_its_tokens_where_azure_gives_them(
    identity_storage: IdentityStorage,
    blob: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """By the settings of the host alone: one token, for the identity that they choose, opens blobs and tables.

    Neither the token nor a lent key or a signature shows in a log, however much is logged.
    """
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, "urllib3")  # the app silences it, once it has called a service
    account = read_storage_account(identity_storage.settings())
    with identity_endpoint() as endpoint:
        for name, value in endpoint.environ.items():
            monkeypatch.setenv(name, value)
        credential = credential_of(account)
        with (
            closing(BlobStorageFiles.with_identity(account.blob_url, credential)) as files,
            closing(TableRunStore.with_identity(account.table_url, credential)) as runs,
        ):
            assert files.read_text(blob, 100)[0] == "model"
            assert runs.heartbeats() == Heartbeats()
            link = files.link(blob, 600)

    assert endpoint.client_ids == [account.client_id]
    assert "msi/token" in caplog.text
    for secret in (SECRET, SIGNATURE, parse_qs(link.sas[1:])["sig"][0]):
        assert secret not in caplog.text


def test_without_its_identity_an_app_says_so(
    identity_storage: IdentityStorage, blob: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where Azure gives no token the error names the settings and shows no secret."""
    account = read_storage_account(identity_storage.settings())
    with identity_endpoint() as endpoint:
        for name, value in endpoint.environ.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("IDENTITY_HEADER", f"{SECRET}-that-is-wrong")
        files = BlobStorageFiles.with_identity(account.blob_url, credential_of(account), **NO_PAUSE)
        with closing(files), pytest.raises(KeyRefusedError, match="AzureWebJobsStorage__") as caught:
            files.read_text(blob, 100)

    assert SECRET not in str(caught.value)
