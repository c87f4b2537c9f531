"""What every request to a blob needs: its version from its properties, conditions on it, its container, its place."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC
from typing import TYPE_CHECKING, Any

from azure.core import MatchConditions
from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError

from shared.adapters.storage.azure_errors import error_code, storage_errors
from shared.blob_path import BlobPath
from shared.ports.blob_files import BlobVersion

if TYPE_CHECKING:
    from azure.storage.blob import BlobClient, BlobProperties, BlobServiceClient

_APPEND_BLOB = "AppendBlob"


def version_of(container: str, name: str, blob: "BlobProperties") -> BlobVersion:
    """Return the version that a blob's properties are of."""
    digest = blob.content_settings.content_md5
    return BlobVersion(
        container,
        name,
        bare_etag(blob.etag),
        blob.size,
        blob.last_modified.astimezone(UTC),
        bytes(digest).hex() if digest else "",
        str(getattr(blob.blob_type, "value", blob.blob_type)) == _APPEND_BLOB,
    )


def properties_of(client: "BlobClient") -> "BlobProperties | None":
    """Read the properties of a blob; None if there is no such blob."""
    with storage_errors("read a blob's properties", place_of(client.url)):
        try:
            return client.get_blob_properties()
        except ResourceNotFoundError:
            return None


def create_container(service: "BlobServiceClient", container: str) -> None:
    """Create a container unless it exists."""
    with suppress(ResourceExistsError):
        service.create_container(container)


def send_to_container[Answer](
    service: "BlobServiceClient", path: str, operation: str, request: Callable[[], Answer]
) -> Answer:
    """Send a request that writes the blob at `container/path`; once more if its container had to be created first."""
    place = service.get_blob_client(*BlobPath.parse(path)).url
    with storage_errors(operation, place_of(place)):
        try:
            return request()
        except ResourceNotFoundError as error:
            if error_code(error) != "ContainerNotFound":
                raise
        create_container(service, BlobPath.parse(path).container)
        return request()


def if_version(etag: str) -> dict[str, Any]:
    """Return the settings of a request that is conditional on the version `etag`, which has no quotes."""
    return {"etag": f'"{etag}"', "match_condition": MatchConditions.IfNotModified}


def bare_etag(etag: str) -> str:
    """Return an ETag without its quotes."""
    return etag.strip('"')


def place_of(url: str) -> str:
    """Return a URL without its query, which may hold a SAS token."""
    return url.partition("?")[0]
