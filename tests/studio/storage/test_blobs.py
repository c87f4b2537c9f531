"""Blobs in real storage: every way to name one, and links that work."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from azure.storage.blob import BlobServiceClient, ContainerSasPermissions, generate_container_sas

from studio.errors import StorageError, StorageFault
from studio.storage.blob_locations import BlobReference, HostAllowList, resolve
from studio.storage.blobs import BlobStorage
from studio.storage.connection_strings import read_connection_string
from studio.storage.sas_links import read_token
from studio.storage.transfer import CHUNK_BYTES, TransferLimits
from tests.studio.caller import Storage, download
from tests.studio.odd_hosts import answer, odd_host

LIMIT = 100 * 2**20
LOCAL = HostAllowList(["127.0.0.1:*"])
BLOBS = BlobStorage(TransferLimits(total_timeout_s=60, retries=1, retry_wait_s=0))


def token(storage: Storage, permissions: str = "rw", ends_in: timedelta = timedelta(hours=1)) -> str:
    """Return a SAS of the test's container."""
    account = read_connection_string(storage.connection_string)
    assert account.name
    assert account.key
    return generate_container_sas(
        account.name,
        storage.container,
        account_key=account.key,
        permission=ContainerSasPermissions.from_string(permissions),
        expiry=datetime.now(UTC) + ends_in,
        protocol="https,http",
    )


def endpoint(storage: Storage) -> str:
    """Return the account's URL."""
    return read_connection_string(storage.connection_string).url


@pytest.mark.parametrize(
    "name",
    [
        *("plain.csv", "a b.csv", "a+b.csv", "a#b.csv", "a?b=c.csv", "100%.csv", "100%25.csv", "a%20b.csv"),
        *("é/ß 日本.csv", "a&b=c;d.csv", "~tilde.csv", "'quoted' \"twice\".csv", "{x}[y]|z^`.csv"),
        *("deep/er//and.csv", "@:,!$*().csv"),
    ],
)
def test_what_is_written_is_what_the_link_reads(storage: Storage, name: str) -> None:
    """For every legal name: by the joined link, by another SDK under the plain name, and when it is handed back."""
    by_key = resolve(BlobReference(f"{storage.container}/{name}", storage.connection_string), LOCAL)
    BLOBS.write(by_key, name.encode(), "text/csv")
    with BlobServiceClient.from_connection_string(storage.connection_string) as client:
        names = {blob.name for blob in client.get_container_client(storage.container).list_blobs()}
        assert names == {"in.csv", name}
    given = {
        "BaseLocation": by_key.base_location,
        "RelativeLocation": by_key.relative_location,
        "SasBlobToken": read_token(by_key, datetime.now(UTC)),
    }
    assert download(given) == name.encode()
    handed_back = BlobReference(given["RelativeLocation"], None, given["BaseLocation"], given["SasBlobToken"])
    assert BLOBS.fetch(resolve(handed_back, LOCAL), LIMIT) == name.encode()


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("way", ["key", "string with SAS", "location", "location with ?", "both"])
def test_every_way_of_naming_a_blob(storage: Storage, way: str, slash: str) -> None:
    """Each writes and reads the same blob, with and without slashes before and after."""
    relative, base, sas = f"{slash}{storage.container}/x.csv", endpoint(storage) + slash, token(storage)
    reference = {
        "key": BlobReference(relative, storage.connection_string.rstrip(";") + slash.replace("/", ";")),
        "string with SAS": BlobReference(relative, f"BlobEndpoint={base};SharedAccessSignature={sas};"),
        "location": BlobReference(relative, None, base, sas),
        "location with ?": BlobReference(relative, "", base, f"?{sas}"),
        "both": BlobReference(relative, storage.connection_string, base, sas),
    }[way]
    address = resolve(reference, LOCAL)
    BLOBS.write(address, b"a,b\n", "text/csv")
    assert BLOBS.fetch(address, LIMIT) == b"a,b\n"
    link = {"BaseLocation": address.base_location, "RelativeLocation": address.relative_location}
    assert download({**link, "SasBlobToken": read_token(address, datetime.now(UTC))}) == b"a,b\n"
    if "SAS" in way or "location" in way:
        assert read_token(address, datetime.now(UTC)) == f"?{sas}"


def test_the_emulators_published_key_is_right(storage: Storage) -> None:
    """The account that `UseDevelopmentStorage=true` stands for, at the place where this emulator runs."""
    shorthand = resolve(BlobReference(f"{storage.container}/x.csv", "UseDevelopmentStorage=true"), LOCAL)
    BLOBS.write(replace(shorthand, account_url=endpoint(storage)), b"x", "text/csv")
    assert storage.exists("x.csv")


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES + 7])
def test_content_of_any_size(storage: Storage, size: int) -> None:
    """Read and written in one piece or in several; one byte more than allowed is refused."""
    data = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    address = resolve(BlobReference(f"{storage.container}/x.csv", storage.connection_string), LOCAL)
    BLOBS.write(address, data, "text/csv")
    assert BLOBS.fetch(address, size) == data
    if size:
        with pytest.raises(StorageError, match=f"larger than {size - 1} bytes"):
            BLOBS.fetch(address, size - 1)


@pytest.mark.parametrize(
    ("permissions", "ends_in", "doing", "words"),
    [
        ("r", timedelta(hours=1), "write", "allows sp=r, but writing needs the permission 'w'"),
        ("w", timedelta(hours=1), "fetch", "allows sp=w, but reading needs the permission 'r'"),
        ("rw", timedelta(hours=-1), "write", "Its SAS token expired at 2"),
        ("rw", timedelta(hours=-1), "fetch", "Its SAS token expired at 2"),
    ],
)
def test_a_token_that_is_not_enough(
    storage: Storage, permissions: str, ends_in: timedelta, doing: str, words: str
) -> None:
    """The error says what the token lacks, and does not show it."""
    storage.put("x.csv", "old")
    sas = token(storage, permissions, ends_in)
    address = resolve(BlobReference(f"{storage.container}/x.csv", None, endpoint(storage), sas), LOCAL)
    arguments: tuple[Any, ...] = (address, b"new", "text/csv") if doing == "write" else (address, LIMIT)
    with pytest.raises(StorageError, match="HTTP status 403") as caught:
        getattr(BLOBS, doing)(*arguments)
    assert words in str(caught.value)
    assert sas.rpartition("sig=")[2][:12] not in str(caught.value)
    assert caught.value.fault is not StorageFault.UNAVAILABLE


def test_what_is_missing_is_named(storage: Storage) -> None:
    """A blob to read, or a container to write to."""
    missing = resolve(BlobReference(f"{storage.container}/no.csv", storage.connection_string), LOCAL)
    with pytest.raises(StorageError, match=r"/no\.csv\..*it does not exist"):
        BLOBS.fetch(missing, LIMIT)
    elsewhere = resolve(BlobReference("nowhere/no.csv", storage.connection_string), LOCAL)
    with pytest.raises(StorageError, match="the container 'nowhere' does not exist"):
        BLOBS.write(elsewhere, b"", "text/csv")


def test_a_write_is_tried_again() -> None:
    """A request is retried after one 503; a host that stays busy is an error."""
    answers = [answer(b"", "503 Busy", Content_Length="0"), answer(b"", "201 Created", Content_Length="0", ETag='"1"')]
    left = iter(answers)
    with odd_host(lambda connection, _: connection.sendall(next(left))) as host:
        BLOBS.write(host.address(), b"x", "text/csv")
        assert len(host.requests) == 2
    with odd_host(lambda connection, _: connection.sendall(answers[0])) as host:
        with pytest.raises(StorageError, match=r"failed, also after retries.*HTTP status 503") as caught:
            BLOBS.write(host.address(), b"x", "text/csv")
        assert caught.value.fault is StorageFault.UNAVAILABLE
        assert len(host.requests) == 2


def test_the_content_type_is_kept(storage: Storage) -> None:
    """A blob has its content type."""
    address = resolve(BlobReference(f"{storage.container}/x.tsv", storage.connection_string), LOCAL)
    BLOBS.write(address, b"a\tb\n", "text/tab-separated-values")
    link = address.base_location + address.relative_location + read_token(address, datetime.now(UTC))
    assert requests.get(link, timeout=30).headers["Content-Type"] == "text/tab-separated-values"
