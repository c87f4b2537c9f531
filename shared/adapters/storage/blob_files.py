"""Blob Storage behind the port `BlobFiles`: versions, server-side copies, small texts, read-only links.

Importing this module does not import the storage SDK, which would slow every cold start: the first use imports it.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any, Self

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceModifiedError, ResourceNotFoundError

from shared.adapters.storage.azure_errors import ARCHIVED, error_code, storage_errors, translated
from shared.adapters.storage.sas_links import READ, READ_AND_WRITE, SasLinks
from shared.adapters.storage.sdk_transport import RETRIES, client_settings, malformed_connection_string
from shared.blob_path import BlobPath
from shared.errors import BlobChangedError, BlobMissingError, ConfigError
from shared.ports import BlobLocation, BlobVersion, CopyState

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential
    from azure.storage.blob import BlobClient, BlobProperties, BlobServiceClient

# With these the pauses are about 0.5, 1.5 and 1.5 seconds; the SDK's usual first pause is 15.
_RETRY_OPTIONS = {
    "retry_total": RETRIES,
    "initial_backoff": 0.5,
    "increment_base": 1,
    "random_jitter_range": 0.5,
}
_EMPTY_BLOB = 416  # the status of a request for the first bytes of an empty blob
_NO_SUCH_SOURCE = frozenset({404, 412})  # answers to a copy: no such blob, or not in that version
_COPY_REFUSED = _NO_SUCH_SOURCE | {409}  # also: the target exists, or another copy to it is under way


@dataclass(frozen=True)
class _Source:
    """The source of a copy, in a version if that matters."""

    path: str
    url: str
    etag: str | None = None

    @property
    def conditions(self) -> dict[str, Any]:
        if self.etag is None:
            return {}
        return {"source_etag": f'"{self.etag}"', "source_match_condition": MatchConditions.IfNotModified}

    def gone(self) -> BlobChangedError | BlobMissingError:
        """Return the error about a source that does not exist, or not in that version."""
        if self.etag is None:
            return BlobMissingError(f"{self.path} does not exist: it was never written, or it was deleted")
        return BlobChangedError(f"{self.path} was overwritten or deleted since it was read")


class BlobStorageFiles:
    """`BlobFiles` on Azure Blob Storage."""

    def __init__(self, service: "BlobServiceClient") -> None:
        self._service = service
        self._links = SasLinks(service)

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
        properties = self._properties(self._service.get_blob_client(container, name))
        return None if properties is None else _version(container, name, properties)

    def versions(self, container: str) -> Iterator[BlobVersion]:
        """List every blob of a container, page by page; an absent container is empty."""
        client = self._service.get_container_client(container)
        with storage_errors("list blobs", _place(client.url)), suppress(ResourceNotFoundError):
            for blob in client.list_blobs():
                yield _version(container, blob.name, blob)

    def copy_version(self, source: BlobVersion, container: str, name: str) -> CopyState:
        """Copy exactly this version server-side. A finished copy that exists already is left as it is.

        Raises:
            BlobChangedError: the source is no longer this version, and there is no copy yet.
            BlobArchivedError: the source is in the archive tier.
        """
        url = self._service.get_blob_client(source.container, source.name).url
        return self._copy(_Source(str(source.path), url, source.etag), BlobPath(container, name))

    def copy(self, source: str, target: str) -> CopyState:
        """Copy `container/path` to `container/path` server-side. A finished copy that exists already is left as it is.

        Raises:
            BlobMissingError: the source does not exist, and there is no copy yet.
            BlobArchivedError: the source is in the archive tier.
        """
        return self._copy(_Source(source, self._client(source).url), BlobPath.parse(target))

    def read_text(self, path: str, limit_bytes: int) -> tuple[str, str]:
        """Read a small UTF-8 text at `container/path`, without its byte order mark; returns text and ETag.

        Raises:
            ConfigError: it does not exist, is larger than `limit_bytes`, or is not UTF-8.
        """
        client = self._client(path)
        with storage_errors("read a blob", _place(client.url)):
            try:
                download = client.download_blob(offset=0, length=limit_bytes + 1, max_concurrency=1)
                content, etag = download.readall(), download.properties.etag
            except ResourceNotFoundError:
                raise ConfigError([f"{path} does not exist: upload it, or correct routes.toml"]) from None
            except HttpResponseError as error:
                if error.status_code != _EMPTY_BLOB:
                    raise
                content, etag = b"", client.get_blob_properties().etag
        return decode_text(path, content, limit_bytes), _bare(etag)

    def write_text(self, path: str, text: str) -> None:
        """Write a text at `container/path` as UTF-8, overwriting; an absent container is created."""
        client = self._client(path)
        with storage_errors("write a blob", _place(client.url)):
            try:
                client.upload_blob(text.encode(), overwrite=True)
            except ResourceNotFoundError:
                self._create_container(BlobPath.parse(path).container)
                client.upload_blob(text.encode(), overwrite=True)

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

    def _client(self, path: str) -> "BlobClient":
        return self._service.get_blob_client(*BlobPath.parse(path))

    def _properties(self, client: "BlobClient") -> "BlobProperties | None":
        with storage_errors("read a blob's properties", _place(client.url)):
            try:
                return client.get_blob_properties()
            except ResourceNotFoundError:
                return None

    def _copy(self, source: _Source, path: BlobPath, *, retry: bool = True) -> CopyState:
        """Start the copy; create a missing container or remove a failed earlier copy, and try once more."""
        target = self._service.get_blob_client(*path)
        with storage_errors("copy a blob", _place(target.url)):
            try:
                return _start(source, target)
            except HttpResponseError as error:
                if error_code(error) in ARCHIVED:
                    raise translated(error, "copy a blob", _place(source.url)) from None
                if error.status_code not in _COPY_REFUSED:
                    raise
                if error_code(error) == "ContainerNotFound":
                    self._create_container(path.container)
                state = self._existing_copy(target)
                if state is not None:
                    return state
                if not retry and error.status_code in _NO_SUCH_SOURCE:
                    raise source.gone() from None
                if not retry:
                    raise
        return self._copy(source, path, retry=False)

    def _existing_copy(self, target: "BlobClient") -> CopyState | None:
        """Return the state of an existing copy; None if there is none, or if it had failed and was removed."""
        properties = self._properties(target)
        if properties is None:
            return None
        if properties.copy.status in {"failed", "aborted"}:
            with suppress(ResourceNotFoundError, ResourceModifiedError):  # another worker was faster
                target.delete_blob(etag=properties.etag, match_condition=MatchConditions.IfNotModified)
            return None
        return CopyState.PENDING if properties.copy.status == "pending" else CopyState.DONE

    def _create_container(self, container: str) -> None:
        with suppress(ResourceExistsError):
            self._service.create_container(container)


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


def _start(source: _Source, target: "BlobClient") -> CopyState:
    """Start a copy to a blob that must not exist.

    Source and target are in one account, so the key or identity of the request opens the source as well.
    """
    answer = target.start_copy_from_url(source.url, match_condition=MatchConditions.IfMissing, **source.conditions)
    return CopyState.DONE if answer["copy_status"] == "success" else CopyState.PENDING


def _version(container: str, name: str, blob: "BlobProperties") -> BlobVersion:
    digest = blob.content_settings.content_md5
    return BlobVersion(
        container,
        name,
        _bare(blob.etag),
        blob.size,
        blob.last_modified.astimezone(UTC),
        bytes(digest).hex() if digest else "",
    )


def _bare(etag: str) -> str:
    return etag.strip('"')


def _place(url: str) -> str:
    """Return a URL without its query, which may hold a SAS token."""
    return url.partition("?")[0]
