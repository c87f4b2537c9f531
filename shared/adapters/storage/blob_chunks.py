"""One version of a blob in pieces: each piece is a request of its own, conditional on the version."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from azure.core.exceptions import HttpResponseError, ResourceModifiedError, ResourceNotFoundError

from shared.adapters.storage.azure_errors import storage_errors
from shared.adapters.storage.blob_properties import if_version, place_of, properties_of
from shared.errors import BlobChangedError, BlobMissingError

if TYPE_CHECKING:
    from azure.storage.blob import BlobClient

_EMPTY_BLOB = 416  # the status of a request for the first bytes of an empty blob


def read_chunks(client: "BlobClient", path: str, etag: str, chunk_bytes: int) -> Iterator[bytes]:
    """Read one version of a blob in pieces.

    Raises:
        BlobChangedError: it is no longer this version.
        BlobMissingError: it was deleted.
        BlobArchivedError: it is in the archive tier.
    """
    offset, size = 0, 1
    while offset < size:
        content, size = _read(client, path, etag, offset, chunk_bytes)
        if content:
            yield content
        offset += chunk_bytes


def _read(client: "BlobClient", path: str, etag: str, offset: int, length: int) -> tuple[bytes, int]:
    """Return the bytes from an offset on, and the size of the whole blob."""
    version = if_version(etag)
    with storage_errors("read a blob", place_of(client.url)):
        try:
            try:
                download = client.download_blob(offset=offset, length=length, max_concurrency=1, **version)
                content = download.readall()
            except HttpResponseError as error:
                if error.status_code != _EMPTY_BLOB:
                    raise
                client.get_blob_properties(**version)
                return b"", 0
        except ResourceNotFoundError:
            raise _missing(path) from None
        except ResourceModifiedError:
            if properties_of(client) is None:  # Azurite answers so about a blob that is gone, too
                raise _missing(path) from None
            raise BlobChangedError(f"{path} was overwritten while it was read") from None
    return content, int(str(download.properties.content_range).rpartition("/")[2])  # "bytes 0-99/1000"


def _missing(path: str) -> BlobMissingError:
    return BlobMissingError(f"{path} was deleted before it was read to its end")
