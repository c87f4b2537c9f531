"""Reads and writes blobs at allowed storage hosts: no redirects, sizes capped, credentials in no error or log."""

import contextlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from azure.core.credentials import AzureNamedKeyCredential
from azure.core.exceptions import AzureError, HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import (
    BlobClient,
    BlobSasPermissions,
    ContainerClient,
    ContainerSasPermissions,
    ContentSettings,
    generate_blob_sas,
    generate_container_sas,
)

from studio.errors import StorageError
from studio.locations import BlobAddress

CHUNK_BYTES = 4 * 2**20
CONNECT_TIMEOUT_S = 5
READ_TIMEOUT_S = 60
SAS_BACK = timedelta(minutes=5)
SAS_FORWARD = timedelta(hours=24)
_CLIENT_ERROR, _SERVER_ERROR = 400, 500


def _options(address: BlobAddress) -> dict[str, Any]:
    credential: Any = address.sas_token
    if address.account_name and address.account_key:
        credential = AzureNamedKeyCredential(address.account_name, address.account_key)
    return {
        "credential": credential,
        "permit_redirects": False,
        "retry_total": 2,
        "connection_timeout": CONNECT_TIMEOUT_S,
        "read_timeout": READ_TIMEOUT_S,
        "max_single_get_size": CHUNK_BYTES,
        "max_chunk_get_size": CHUNK_BYTES,
        # A proxy of the environment has no business with a storage emulator on this machine.
        "use_env_settings": urlsplit(address.account_url).hostname not in ("127.0.0.1", "localhost", "::1"),
    }


def _client(address: BlobAddress) -> BlobClient:
    return BlobClient(address.account_url, address.container, address.blob, **_options(address))


@contextmanager
def _explained(address: BlobAddress) -> Iterator[None]:
    """Turn the library's errors into ours. Without their cause: its text may hold the URL with its signature."""
    blob = f"{address.container}/{address.blob}"
    try:
        yield
    except ResourceNotFoundError:
        raise StorageError(
            "BlobNotFound",
            f"Unable to access the provided Azure blob - {blob}.  Azure error message: it does not exist.",
        ) from None
    except HttpResponseError as error:
        status = error.status_code or 0
        reason = f"Azure error message: {getattr(error, 'error_code', None) or 'unknown'} (HTTP status {status})."
        if _CLIENT_ERROR <= status < _SERVER_ERROR:
            raise StorageError(
                "InvalidBlob",
                f"Invalid blob specification for blob: {blob}. Verify that connection string / relative path"
                f" or SAS token specification is correct and try again. {reason}",
            ) from None
        raise StorageError("InvalidBlob", f"The storage of {blob} fails. {reason}", transient=True) from None
    except (AzureError, ValueError) as error:
        host = urlsplit(address.account_url).netloc
        text = f"The storage host {host} of {blob} cannot be reached ({type(error).__name__})."
        raise StorageError("InvalidBlob", text, transient=True) from None


def _chunks(address: BlobAddress, limit_bytes: int) -> Iterator[bytes]:
    with _explained(address), _client(address) as client:
        download = client.download_blob(max_concurrency=1)
        if download.size > limit_bytes:
            raise StorageError(
                "InvalidBlob", f"The blob {address.relative_location} is larger than {limit_bytes} bytes."
            )
        yield from download.chunks()


def fetch(address: BlobAddress, limit_bytes: int) -> bytes:
    """Return a blob's content, of at most `limit_bytes`.

    Raises:
        StorageError: it cannot be read, or is larger.
    """
    return b"".join(_chunks(address, limit_bytes))


@contextmanager
def fetched_file(address: BlobAddress, limit_bytes: int, folder: Path) -> Iterator[Path]:
    """Give a temporary file in `folder` with the blob's content; the content is never held in memory.

    Raises:
        StorageError: it cannot be read, or is larger than `limit_bytes`.
    """
    with tempfile.NamedTemporaryFile(dir=folder, prefix="input-", suffix=".csv") as file:
        for chunk in _chunks(address, limit_bytes):
            file.write(chunk)
        file.flush()
        yield Path(file.name)


def write(address: BlobAddress, data: bytes, content_type: str) -> None:
    """Write a blob; one that is there is replaced.

    Raises:
        StorageError: it cannot be written.
    """
    with _explained(address), _client(address) as client:
        client.upload_blob(data, overwrite=True, content_settings=ContentSettings(content_type=content_type))


def read_token(address: BlobAddress, now: datetime) -> str:
    """Return a new SAS token for reading the one blob: from 5 minutes ago for 24 hours on (protocol 1.6).

    An address given by a SAS has no key to sign with; the answer is then the token that was given.
    """
    if not address.account_key or not address.account_name:
        return f"?{address.sas_token}"
    token = generate_blob_sas(
        address.account_name,
        address.container,
        address.blob,
        account_key=address.account_key,
        permission=BlobSasPermissions(read=True),
        start=now.astimezone(UTC) - SAS_BACK,
        expiry=now.astimezone(UTC) + SAS_FORWARD,
    )
    return f"?{token}"


def make_container(address: BlobAddress) -> None:
    """Make the container of an address if it is not there.

    Raises:
        StorageError: it cannot be made.
    """
    with (
        _explained(address),
        ContainerClient(address.account_url, address.container, **_options(address)) as client,
        contextlib.suppress(ResourceExistsError),
    ):
        client.create_container()


def container_token(address: BlobAddress, now: datetime) -> str:
    """Return a new SAS token for reading and listing the address's container; it lives as long as `read_token`'s."""
    token = generate_container_sas(
        address.account_name or "",
        address.container,
        account_key=address.account_key or "",
        permission=ContainerSasPermissions(read=True, list=True),
        start=now.astimezone(UTC) - SAS_BACK,
        expiry=now.astimezone(UTC) + SAS_FORWARD,
    )
    return f"?{token}"
