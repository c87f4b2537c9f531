"""The port of Blob Storage."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol

from shared.blob_path import BlobPath
from shared.ports.blob_location import BlobLocation

CHUNK_BYTES = 4 * 1024 * 1024


class BlobVersion(NamedTuple):
    """One version of a blob: its name and ETag (without quotes), and the properties that a listing gives."""

    container: str
    name: str
    etag: str
    size: int  # bytes
    modified_at: datetime
    md5: str = ""  # of the content, as hex; "" if the storage has none (large uploads)
    appendable: bool = False  # an append blob: whoever writes it may add to it at any time

    @property
    def path(self) -> BlobPath:
        """Where the blob is."""
        return BlobPath(self.container, self.name)


class CopyState(StrEnum):
    """The state of a server-side copy."""

    DONE = "done"
    PENDING = "pending"


class BlobPart(NamedTuple):
    """A blob that becomes a piece of a larger one: where it is (container/path), its version and its bytes."""

    path: str
    etag: str
    size: int


class BlobWriter(Protocol):
    """A blob that is being written in blocks; `etag` and `size` (bytes) are those of the blob once it is written."""

    etag: str
    size: int

    def write(self, content: bytes) -> None:
        """Add bytes."""


class BlobFiles(Protocol):
    """Blob Storage. Files of any size pass through the app in pieces, and only where a route reads them."""

    def version(self, container: str, name: str) -> BlobVersion | None:
        """Read the current version's properties; None if there is no such blob."""

    def versions(self, container: str, prefix: str = "") -> Iterator[BlobVersion]:
        """List every blob of a container whose name begins with `prefix`; an absent container is empty."""

    def hierarchical(self) -> bool:
        """Tell whether files of the account may grow while they are written; unknown counts as yes. Asked once."""

    def copy_version(self, source: BlobVersion, container: str, name: str) -> CopyState:
        """Copy exactly this version server-side. A finished copy that exists already is left as it is.

        Raises:
            BlobChangedError: the source is no longer this version, and there is no copy yet.
            BlobArchivedError: the source is in the archive tier.
        """

    def copy(self, source: str, target: str) -> CopyState:
        """Copy `container/path` to `container/path` server-side. A finished copy that exists already is left as it is.

        Raises:
            BlobMissingError: the source does not exist, and there is no copy yet.
            BlobArchivedError: the source is in the archive tier.
        """

    def read_text(self, path: str, limit_bytes: int) -> tuple[str, str]:
        """Read a small UTF-8 text at `container/path`; returns text and ETag.

        Raises:
            ConfigError: it does not exist, is larger than `limit_bytes`, or is not UTF-8.
        """

    def write_text(self, path: str, text: str) -> None:
        """Write a text at `container/path`, overwriting; an absent container is created."""

    def create_text(self, path: str, text: str) -> bool:
        """Write a text at `container/path` unless something stands there; return whether it was written."""

    def read_chunks(self, path: str, etag: str, chunk_bytes: int = CHUNK_BYTES) -> Iterator[bytes]:
        """Read one version of the blob at `container/path` in pieces of `chunk_bytes`; the last one may be shorter.

        Raises:
            BlobChangedError: it is no longer this version.
            BlobMissingError: it was deleted.
            BlobArchivedError: it is in the archive tier.
        """

    def writer(self, path: str) -> AbstractContextManager[BlobWriter]:
        """Write the blob at `container/path` in blocks, in bounded memory; it appears whole at the end of the `with`.

        After an exception inside the `with` nothing is written. A blob of the same content that stands there already
        stays as it is, with its ETag: so a second worker that does the same work changes nothing.

        Raises:
            BlobChangedError: another worker wrote this blob meanwhile.
        """

    def join(
        self, target: str, header: bytes, parts: Sequence[BlobPart], *, alive: Callable[[], None] = lambda: None
    ) -> str:
        """Write `header` and then the bytes of every part, in order, as the blob at `container/path`; return its ETag.

        The storage copies the parts itself where it can. A join of the same versions that stands there already stays
        as it is. `alive` is called after each piece, by the caller's thread; if it raises, nothing is written.

        Raises:
            BlobChangedError: a part, which the message names, is no longer that version, or another worker wrote the
                target meanwhile.
        """

    def delete(self, path: str, etag: str | None = None) -> bool:
        """Delete the blob at `container/path` with its snapshots; return whether there was one.

        Raises:
            BlobChangedError: it is no longer the version `etag`.
        """

    def link(self, path: str, valid_s: int) -> BlobLocation:
        """Make a read-only link to the one blob at `container/path`, valid for `valid_s` seconds from now."""
