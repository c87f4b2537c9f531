"""Blob files where only a real service tells: links, copies that take time or fail, refused keys, no service."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from uuid import uuid4

import pytest
import requests
from azure.storage.blob import BlobServiceClient

from landfall.stack.ports import free_ports
from shared.adapters.storage.blob_files import BlobStorageFiles
from shared.errors import ConfigError, KeyRefusedError, NoAnswerError
from shared.ports.blob_files import BlobVersion, CopyState
from tests.contract.access import Access
from tests.fakes.faulty_transport import NO_PAUSE, FaultyTransport

SECRET = "c2VjcmV0LWNhbmFyeS1rZXk="


@pytest.fixture
def transport() -> FaultyTransport:
    """Give the transport that the files under test are reached through."""
    return FaultyTransport()


@pytest.fixture
def files(access: Access, transport: FaultyTransport) -> Iterator[BlobStorageFiles]:
    """Give blob files whose answers can be lost or altered."""
    with closing(access.blobs(transport=transport, **NO_PAUSE)) as opened:
        yield opened


@pytest.fixture
def container(access: Access) -> Iterator[str]:
    """Give a container that holds `june 1.csv`."""
    name = f"c{uuid4().hex}"
    with (
        BlobServiceClient.from_connection_string(access.connection_string) as service,
        service.create_container(name) as client,
    ):
        client.upload_blob("june 1.csv", b"a,b\n")
        yield name


def _june(files: BlobStorageFiles, container: str) -> BlobVersion:
    version = files.version(container, "june 1.csv")
    assert version is not None
    return version


def test_a_link_reads_its_blob_and_no_more(files: BlobStorageFiles, container: str) -> None:
    """The three parts of a link, just concatenated, read the blob; they write nothing and open no other blob."""
    link = files.link(f"{container}/june 1.csv", 600)
    url = link.url

    assert requests.get(url, timeout=10).content == b"a,b\n"
    assert requests.put(url, data=b"x", headers={"x-ms-blob-type": "BlockBlob"}, timeout=10).status_code == 403
    assert requests.get(url.replace("june", "july"), timeout=10).status_code == 403


def test_a_link_expires(files: BlobStorageFiles, container: str) -> None:
    """After its time a link is refused."""
    link = files.link(f"{container}/june 1.csv", -1)

    assert requests.get(link.url, timeout=10).status_code == 403


def test_a_link_of_a_real_account_is_for_https_only() -> None:
    """In Azure the base is the account's blob endpoint, and the token is good for nothing over plain HTTP."""
    text = f"DefaultEndpointsProtocol=https;AccountName=landfall;AccountKey={SECRET};EndpointSuffix=core.windows.net"
    with closing(BlobStorageFiles.from_connection_string(text)) as files:
        link = files.link("models/census/0f.ilearner", 600)

    assert link.base == "https://landfall.blob.core.windows.net/"
    assert link.relative == "models/census/0f.ilearner"
    assert {"spr=https", "sp=r", "sr=b"} <= set(link.sas[1:].split("&"))


def test_a_link_needs_the_account_key() -> None:
    """A connection string without a key cannot sign; the message says what it lacks, and quotes nothing of it."""
    text = f"BlobEndpoint=https://landfall.blob.core.windows.net/;SharedAccessSignature=sv=2024&sig={SECRET}"
    with (
        closing(BlobStorageFiles.from_connection_string(text)) as files,
        pytest.raises(ConfigError, match="AccountKey") as caught,
    ):
        files.link("models/x.ilearner", 600)

    assert SECRET not in str(caught.value)


def test_a_copy_whose_answer_is_lost_is_done(
    files: BlobStorageFiles, container: str, transport: FaultyTransport
) -> None:
    """The SDK asks for the copy again and is told that it exists: that is the copy."""
    version = _june(files, container)
    transport.lose_answer("PUT")

    assert files.copy_version(version, container, "input.csv") is CopyState.DONE


def test_a_copy_that_takes_its_time_is_pending(
    files: BlobStorageFiles, container: str, transport: FaultyTransport
) -> None:
    """While the service is still copying, asking again says so; then it is done."""
    version = _june(files, container)
    transport.alter_header("PUT", "x-ms-copy-status", "pending")
    transport.alter_header("HEAD", "x-ms-copy-status", "pending")

    states = [files.copy_version(version, container, "input.csv") for _ in range(3)]

    assert states == [CopyState.PENDING, CopyState.PENDING, CopyState.DONE]


@pytest.mark.parametrize("status", ["failed", "aborted"])
def test_a_copy_that_failed_is_made_again(
    files: BlobStorageFiles, container: str, transport: FaultyTransport, status: str
) -> None:
    """What a failed copy left behind is removed, and the version is copied anew."""
    version = _june(files, container)
    files.copy_version(version, container, "input.csv")
    left_behind = files.version(container, "input.csv")
    transport.alter_header("HEAD", "x-ms-copy-status", status)

    state = files.copy_version(version, container, "input.csv")

    assert state is CopyState.DONE
    assert files.version(container, "input.csv") != left_behind
    assert files.read_text(f"{container}/input.csv", 100)[0] == "a,b\n"


def test_a_copy_costs_one_request(files: BlobStorageFiles, container: str, transport: FaultyTransport) -> None:
    """Pinning an input into a container that exists is one request."""
    version = _june(files, container)
    transport.sent.clear()

    files.copy_version(version, container, "input.csv")

    assert transport.sent == ["PUT"]


def test_a_refused_key_is_a_setting_to_correct(access: Access, container: str) -> None:
    """A wrong account key is reported with the setting's name, and not with the key."""
    parts = [part for part in access.connection_string.split(";") if not part.startswith("AccountKey=")]
    wrong = ";".join([f"AccountKey={SECRET}", *parts])
    with closing(BlobStorageFiles.from_connection_string(wrong)) as files:
        for use in (
            lambda: files.version(container, "june 1.csv"),
            lambda: list(files.versions(container)),
            lambda: files.copy(f"{container}/june 1.csv", f"{container}/x"),
            lambda: files.read_text(f"{container}/june 1.csv", 10),
        ):
            with pytest.raises(KeyRefusedError, match="AzureWebJobsStorage") as caught:
                use()
            assert SECRET not in str(caught.value)


@pytest.mark.parametrize("text", ["", "nonsense", f"AccountName=a;AccountKey{SECRET}"])
def test_a_malformed_connection_string_is_a_setting_to_correct(text: str) -> None:
    """What is no connection string is refused at once, naming the setting and quoting nothing of it."""
    with pytest.raises(ConfigError, match="AzureWebJobsStorage") as caught:
        BlobStorageFiles.from_connection_string(text)

    assert SECRET not in str(caught.value)


def test_a_service_that_is_not_there_may_come_back() -> None:
    """A connection that is refused is an error to be tried again; it names the place, but no token of it."""
    (port,) = free_ports(1)
    place = f"http://127.0.0.1:{port}/devstoreaccount1"
    text = f"BlobEndpoint={place};SharedAccessSignature=sv=2024-01-01&sig={SECRET}"
    with (
        closing(BlobStorageFiles.from_connection_string(text, retry_total=0)) as files,
        pytest.raises(NoAnswerError, match=f"{place}/incoming/june.csv") as caught,
    ):
        files.version("incoming", "june.csv")

    assert SECRET not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_hierarchical_account_is_told_apart(files: BlobStorageFiles, transport: FaultyTransport) -> None:
    """What the account says of itself is asked once."""
    transport.alter_header("GET", "x-ms-is-hns-enabled", "true")
    transport.alter_header("HEAD", "x-ms-is-hns-enabled", "true")
    transport.sent.clear()

    assert [files.hierarchical(), files.hierarchical()] == [True, True]
    assert len(transport.sent) == 1


# The SDK's own reading of an XML error tests an element's truth.
@pytest.mark.filterwarnings("ignore:Testing an element's truth value:DeprecationWarning")
def test_an_account_that_does_not_say_may_be_hierarchical(azurite: str) -> None:
    """Whoever may not ask waits for files to settle: a wait is harmless, half a file is not."""
    parts = [part for part in azurite.split(";") if not part.startswith("AccountKey=")]
    with closing(BlobStorageFiles.from_connection_string(";".join([f"AccountKey={SECRET}", *parts]))) as files:
        assert files.hierarchical() is True


def test_the_storage_sdk_is_imported_only_when_used() -> None:
    """Importing the adapter does not cost a cold start the blob SDK."""
    code = "import sys, shared.adapters.storage.blob_files; sys.exit('azure.storage.blob' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
