"""Blob Storage behind the port `BlobFiles`: versions, server-side copies, small texts, read-only links.

Importing this module does not import the storage SDK, which would slow every cold start: the first use imports it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from typing import TYPE_CHECKING, Any, Self

from azure.core.exceptions import (
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)

from shared.adapters.storage.azure_errors import storage_errors
from shared.adapters.storage.blob_blocks import BlockWriter, block_writer
from shared.adapters.storage.blob_chunks import read_chunks
from shared.adapters.storage.blob_copies import CopySource, copy_blob
from shared.adapters.storage.blob_joins import BlobJoins
from shared.adapters.storage.blob_properties import (
    bare_etag,
    if_version,
    place_of,
    properties_of,
    send_to_container,
    version_of,
)
from shared.adapters.storage.sas_links import READ, READ_AND_WRITE, SasLinks
from shared.adapters.storage.sdk_transport import RETRIES, client_settings, malformed_connection_string
from shared.blob_path import BlobPath
from shared.errors import BlobChangedError, ConfigError
from shared.ports.blob_files import CHUNK_BYTES, BlobPart, BlobVersion, CopyState
from shared.ports.blob_location import BlobLocation

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential
    from azure.storage.blob import BlobClient, BlobServiceClient

# With these the pauses are about 0.5, 1.5 and 1.5 seconds; the SDK's usual first pause is 15.
_RETRY_OPTIONS = {
    "retry_total": RETRIES,
    "initial_backoff": 0.5,
    "increment_base": 1,
    "random_jitter_range": 0.5,
}
_MAY_NOT_ASK = frozenset({403, 404})  # an identity's roles lack the action; earlier the service answered 404
_EMPTY_BLOB = 416  # the status of a request for the first bytes of an empty blob


class BlobStorageFiles:
    """`BlobFiles` on Azure Blob Storage."""

    def __init__(self, service: "BlobServiceClient") -> None:
        self._service = service
        self._links = SasLinks(service)
        self._joins = BlobJoins(service, self._links)
        self._hierarchical: bool | None = None

    @classmethod
    def from_connection_string(cls, connection_string: str, **options: Any) -> Self:
        """Open the account; nothing is sent yet. `options` go to the SDK's client.

        Raises:
            ConfigError: the connection string is malformed.
        """
        from azure.storage.blob import BlobServiceClient  # noqa: PLC0415 - see the module's docstring

        settings = client_settings(_RETRY_OPTIONS, options)
        try:
            service = BlobServiceClient.from_connection_string(connection_string, **settings)
        except ValueError:
            raise malformed_connection_string() from None
        if service.credential is None and "?" not in service.url:  # neither key nor SAS: an anonymous client
            raise malformed_connection_string()
        return cls(service)

    @classmethod
    def with_identity(cls, url: str, credential: "TokenCredential", **options: Any) -> Self:
        """Open the account whose blob service is at an https URL; nothing is sent yet."""
        from azure.storage.blob import BlobServiceClient  # noqa: PLC0415 - as above

        return cls(BlobServiceClient(url, credential, **client_settings(_RETRY_OPTIONS, options)))

    def close(self) -> None:
        """Close the connections."""
        self._service.close()

    def version(self, container: str, name: str) -> BlobVersion | None:
        """Read the current version's properties; None if there is no such blob."""
        properties = properties_of(self._service.get_blob_client(container, name))
        return None if properties is None else version_of(container, name, properties)

    def versions(self, container: str, prefix: str = "") -> Iterator[BlobVersion]:
        """List every blob of a container, page by page, whose name begins with `prefix`.

        An absent container is empty.
        """
        client = self._service.get_container_client(container)
        with storage_errors("list blobs", place_of(client.url)), suppress(ResourceNotFoundError):
            for blob in client.list_blobs(name_starts_with=prefix or None):
                yield version_of(container, blob.name, blob)

    def hierarchical(self) -> bool:
        """Tell whether files of the account may grow while they are written: it has a hierarchical namespace.

        Asked once. An identity that may not ask (its roles lack `blobServices/getInfo`) counts as yes.
        """
        if self._hierarchical is None:
            with storage_errors("read the kind of the account", self.base):
                try:
                    about: Mapping[str, object] = self._service.get_account_information()
                    self._hierarchical = bool(about.get("is_hns_enabled"))
                except HttpResponseError as error:
                    if error.status_code not in _MAY_NOT_ASK:
                        raise
                    self._hierarchical = True
        return self._hierarchical

    def copy_version(self, source: BlobVersion, container: str, name: str) -> CopyState:
        """Copy exactly this version server-side. A finished copy that exists already is left as it is.

        Raises:
            BlobChangedError: the source is no longer this version, and there is no copy yet.
            BlobArchivedError: the source is in the archive tier.
        """
        url = self._service.get_blob_client(source.container, source.name).url
        return copy_blob(self._service, CopySource(str(source.path), url, source.etag), BlobPath(container, name))

    def copy(self, source: str, target: str) -> CopyState:
        """Copy `container/path` to `container/path` server-side. A finished copy that exists already is left as it is.

        Raises:
            BlobMissingError: the source does not exist, and there is no copy yet.
            BlobArchivedError: the source is in the archive tier.
        """
        return copy_blob(self._service, CopySource(source, self._client(source).url), BlobPath.parse(target))

    def read_text(self, path: str, limit_bytes: int) -> tuple[str, str]:
        """Read a small UTF-8 text at `container/path`, without its byte order mark; returns text and ETag.

        Raises:
            ConfigError: it does not exist, is larger than `limit_bytes`, or is not UTF-8.
        """
        client = self._client(path)
        with storage_errors("read a blob", place_of(client.url)):
            try:
                download = client.download_blob(offset=0, length=limit_bytes + 1, max_concurrency=1)
                content, etag = download.readall(), download.properties.etag
            except ResourceNotFoundError:
                raise ConfigError([f"{path} does not exist: upload it, or correct routes.toml"]) from None
            except HttpResponseError as error:
                if error.status_code != _EMPTY_BLOB:
                    raise
                content, etag = b"", client.get_blob_properties().etag
        return decode_text(path, content, limit_bytes), bare_etag(etag)

    def write_text(self, path: str, text: str) -> None:
        """Write a text at `container/path` as UTF-8, overwriting; an absent container is created."""
        client = self._client(path)
        self._send("write a blob", path, lambda: client.upload_blob(text.encode(), overwrite=True))

    def create_text(self, path: str, text: str) -> bool:
        """Write a text at `container/path` as UTF-8 unless something stands there; return whether it was written."""
        client = self._client(path)

        def request() -> bool:
            try:
                client.upload_blob(text.encode(), overwrite=False)
            except ResourceExistsError:
                return False
            return True

        return self._send("write a blob", path, request)

    def read_chunks(self, path: str, etag: str, chunk_bytes: int = CHUNK_BYTES) -> Iterator[bytes]:
        """Read one version of the blob at `container/path` in pieces of `chunk_bytes`; the last one may be shorter.

        Raises:
            BlobChangedError: it is no longer this version.
            BlobMissingError: it was deleted.
            BlobArchivedError: it is in the archive tier.
        """
        return read_chunks(self._client(path), path, etag, chunk_bytes)

    def writer(self, path: str) -> AbstractContextManager[BlockWriter]:
        """Write the blob at `container/path` in blocks, in bounded memory; it appears whole at the end of the `with`.

        Raises:
            BlobChangedError: another worker wrote this blob meanwhile.
        """
        return block_writer(self._service, path)

    def join(
        self, target: str, header: bytes, parts: Sequence[BlobPart], *, alive: Callable[[], None] = lambda: None
    ) -> str:
        """Write `header` and then the bytes of every part, in order, as the blob at `container/path`; return its ETag.

        `alive` is called after each piece, by the caller's thread; if it raises, nothing is written.

        Raises:
            BlobChangedError: a part is no longer that version, or another worker wrote the target meanwhile.
        """
        return self._joins.join(target, header, parts, alive)

    def delete(self, path: str, etag: str | None = None) -> bool:
        """Delete the blob at `container/path` with its snapshots; return whether there was one.

        Raises:
            BlobChangedError: it is no longer the version `etag`.
        """
        client = self._client(path)
        version = {} if etag is None else if_version(etag)
        with storage_errors("delete a blob", place_of(client.url)):
            try:
                client.delete_blob(delete_snapshots="include", **version)
            except ResourceNotFoundError:
                return False
            except ResourceModifiedError:
                if properties_of(client) is None:  # Azurite answers so about a blob that is gone, too
                    return False
                raise BlobChangedError(f"{path} was overwritten since it was read") from None
        return True

    @property
    def base(self) -> str:
        """The account's URL, the base of the locations of its blobs."""
        return self._links.base

    def link(self, path: str, valid_s: int) -> BlobLocation:
        """Make a read-only link to the one blob at `container/path`, valid for `valid_s` seconds from now.

        Raises:
            ConfigError: there is no key to sign with, or `valid_s` is too long for an identity.
        """
        return self._links.make(path, READ, valid_s)

    def link_for_output(self, path: str, valid_s: int) -> BlobLocation:
        """Make a link by which the one blob may be written and read, valid for `valid_s` seconds from now.

        Raises:
            ConfigError: as `link`.
        """
        return self._links.make(path, READ_AND_WRITE, valid_s)

    def _send[Answer](self, operation: str, path: str, request: Callable[[], Answer]) -> Answer:
        return send_to_container(self._service, path, operation, request)

    def _client(self, path: str) -> "BlobClient":
        return self._service.get_blob_client(*BlobPath.parse(path))


def decode_text(path: str, content: bytes, limit_bytes: int) -> str:
    """Return the text of a small file.

    Raises:
        ConfigError: it is larger than `limit_bytes`, or is not UTF-8.
    """
    if len(content) > limit_bytes:
        raise ConfigError([f"{path} is larger than the limit of {limit_bytes:,} bytes: use a smaller file"])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError([f"{path} is not UTF-8 text: save it as UTF-8"]) from None
