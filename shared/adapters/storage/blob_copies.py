"""Server-side copies within one account. A finished copy that exists already is left as it is."""

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceModifiedError, ResourceNotFoundError

from shared.adapters.storage.azure_errors import ARCHIVED, error_code, storage_errors, translated
from shared.adapters.storage.blob_properties import create_container, place_of, properties_of
from shared.blob_path import BlobPath
from shared.errors import BlobChangedError, BlobMissingError
from shared.ports.blob_files import CopyState

if TYPE_CHECKING:
    from azure.storage.blob import BlobClient, BlobServiceClient

_NO_SUCH_SOURCE = frozenset({404, 412})  # answers to a copy: no such blob, or not in that version
_COPY_REFUSED = _NO_SUCH_SOURCE | {409}  # also: the target exists, or another copy to it is under way


@dataclass(frozen=True)
class CopySource:
    """The source of a copy, in a version if that matters."""

    path: str
    url: str
    etag: str | None = None

    @property
    def conditions(self) -> dict[str, Any]:
        """The settings of the request that copies it."""
        if self.etag is None:
            return {}
        return {"source_etag": f'"{self.etag}"', "source_match_condition": MatchConditions.IfNotModified}

    def gone(self) -> BlobChangedError | BlobMissingError:
        """Return the error about a source that does not exist, or not in that version."""
        if self.etag is None:
            return BlobMissingError(f"{self.path} does not exist: it was never written, or it was deleted")
        return BlobChangedError(f"{self.path} was overwritten or deleted since it was read")


def copy_blob(service: "BlobServiceClient", source: CopySource, path: BlobPath, *, retry: bool = True) -> CopyState:
    """Start a copy; create a missing container or remove a failed earlier copy, and try once more.

    Raises:
        BlobChangedError, BlobMissingError: there is no such source, and no copy yet.
        BlobArchivedError: the source is in the archive tier.
    """
    target = service.get_blob_client(*path)
    with storage_errors("copy a blob", place_of(target.url)):
        try:
            return _start(source, target)
        except HttpResponseError as error:
            if error_code(error) in ARCHIVED:
                raise translated(error, "copy a blob", place_of(source.url)) from None
            if error.status_code not in _COPY_REFUSED:
                raise
            if error_code(error) == "ContainerNotFound":
                create_container(service, path.container)
            state = _existing_copy(target)
            if state is not None:
                return state
            if not retry and error.status_code in _NO_SUCH_SOURCE:
                raise source.gone() from None
            if not retry:
                raise
    return copy_blob(service, source, path, retry=False)


def _existing_copy(target: "BlobClient") -> CopyState | None:
    """Return the state of an existing copy; None if there is none, or if it had failed and was removed."""
    properties = properties_of(target)
    if properties is None:
        return None
    if properties.copy.status in {"failed", "aborted"}:
        with suppress(ResourceNotFoundError, ResourceModifiedError):  # another worker was faster
            target.delete_blob(etag=properties.etag, match_condition=MatchConditions.IfNotModified)
        return None
    return CopyState.PENDING if properties.copy.status == "pending" else CopyState.DONE


def _start(source: CopySource, target: "BlobClient") -> CopyState:
    """Start a copy to a blob that must not exist.

    Source and target are in one account, so the key or identity of the request opens the source as well.
    """
    answer = target.start_copy_from_url(source.url, match_condition=MatchConditions.IfMissing, **source.conditions)
    return CopyState.DONE if answer["copy_status"] == "success" else CopyState.PENDING
