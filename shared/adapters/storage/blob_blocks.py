"""Blobs that are written in blocks. A blob appears whole, when its list of blocks is committed, or not at all."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceModifiedError

from shared.adapters.storage.azure_errors import error_code
from shared.adapters.storage.blob_properties import bare_etag, if_version, properties_of, send_to_container
from shared.blob_path import BlobPath
from shared.errors import BlobChangedError
from shared.ports.blob_files import CHUNK_BYTES

if TYPE_CHECKING:
    from azure.storage.blob import BlobClient, BlobProperties, BlobServiceClient

# A commit that names a block which is not there: another worker's commit dropped all blocks but its own.
_BLOCKS_DROPPED = "InvalidBlockList"


class _RefusedError(Exception):
    """The blob exists, or is not in the version that the write was conditional on."""


@dataclass(frozen=True)
class Mark:
    """What tells that a blob has a certain content: settings of the write, and how to find them in its properties."""

    settings: Mapping[str, Any]
    is_on: Callable[["BlobProperties"], bool]


@dataclass
class Blocks:
    """The blocks of a blob that is being written.

    Attributes:
        ids: of the staged blocks, in order. Workers that write the same blob do not mix their blocks: each has ids of
            its own.
    """

    service: "BlobServiceClient"
    path: str
    ids: list[str] = field(default_factory=list)
    _token: str = field(default_factory=lambda: uuid4().hex)

    @property
    def client(self) -> "BlobClient":
        """The client of the blob."""
        return self.service.get_blob_client(*BlobPath.parse(self.path))

    def next_id(self) -> str:
        """Return the id of one more block; all ids are equally long, as the storage demands."""
        self.ids.append(f"{self._token}{len(self.ids):06d}")
        return self.ids[-1]

    def stage(self, content: bytes) -> None:
        """Send a block."""
        block_id = self.next_id()
        self.send("write a block", lambda: self.client.stage_block(block_id, content, length=len(content)))

    def send[Answer](self, operation: str, request: Callable[[], Answer]) -> Answer:
        """Send a request; once more if the container had to be created first."""
        return send_to_container(self.service, self.path, operation, request)

    def commit(self, mark: Mark, content: bytes | None = None) -> str:
        """Let the blob appear, of the staged blocks or of `content`; return its ETag.

        A blob that has the mark already stays as it is.

        Raises:
            BlobChangedError: another worker wrote the blob meanwhile.
        """
        try:
            return self._commit(mark, content, {"match_condition": MatchConditions.IfMissing})
        except _RefusedError:
            properties = properties_of(self.client)
        if properties is None and content is not None:  # Azurite refuses so while blocks of a dead worker lie there
            self.stage(content)
            return self.commit(mark)
        if properties is None:
            raise self._written_meanwhile()
        if mark.is_on(properties):
            return bare_etag(properties.etag)
        try:
            return self._commit(mark, content, if_version(bare_etag(properties.etag)))
        except _RefusedError:
            raise self._written_meanwhile() from None

    def _commit(self, mark: Mark, content: bytes | None, condition: Mapping[str, Any]) -> str:
        from azure.storage.blob import BlobBlock  # noqa: PLC0415 - the SDK is imported where it is used

        settings = {**mark.settings, **condition}

        def request() -> Mapping[str, Any]:
            try:
                if content is not None:
                    return self.client.upload_blob(content, overwrite="etag" in condition, **settings)
                return self.client.commit_block_list([BlobBlock(block_id) for block_id in self.ids], **settings)
            except (ResourceExistsError, ResourceModifiedError):
                raise _RefusedError from None
            except HttpResponseError as error:
                if error_code(error) == _BLOCKS_DROPPED:
                    raise self._written_meanwhile() from None
                raise

        return bare_etag(str(self.send("write a blob", request)["etag"]))

    def _written_meanwhile(self) -> BlobChangedError:
        return BlobChangedError(f"{self.path} was written by another worker meanwhile")


class BlockWriter:
    """A blob that is being written: holds one block in memory."""

    def __init__(self, service: "BlobServiceClient", path: str, block_bytes: int = CHUNK_BYTES) -> None:
        self.etag = ""
        self.size = 0
        self._blocks = Blocks(service, path)
        self._block_bytes = block_bytes
        self._pending = bytearray()
        self._md5 = hashlib.md5(usedforsecurity=False)

    def write(self, content: bytes) -> None:
        """Add bytes."""
        self._md5.update(content)
        self.size += len(content)
        self._pending += content
        start = 0
        while len(self._pending) - start > self._block_bytes:  # so what is pending at the end is never empty
            self._blocks.stage(bytes(self._pending[start : start + self._block_bytes]))
            start += self._block_bytes
        del self._pending[:start]

    def commit(self, mark: Mark | None = None) -> None:
        """Let the blob appear, with a mark if it is not the hash of its content.

        Raises:
            BlobChangedError: another worker wrote the blob meanwhile.
        """
        mark = mark or _md5_mark(self._md5.digest())
        if not self._blocks.ids:
            self.etag = self._blocks.commit(mark, bytes(self._pending))
            return
        self._blocks.stage(bytes(self._pending))
        self.etag = self._blocks.commit(mark)


@contextmanager
def block_writer(service: "BlobServiceClient", path: str) -> Iterator[BlockWriter]:
    """Write a blob in blocks; after an exception inside the `with` nothing is written."""
    writer = BlockWriter(service, path)
    yield writer
    writer.commit()


def _md5_mark(digest: bytes) -> Mark:
    """Return the mark of a content by its hash."""
    from azure.storage.blob import ContentSettings  # noqa: PLC0415 - as above

    def is_on(properties: "BlobProperties") -> bool:
        return bytes(properties.content_settings.content_md5 or b"") == digest

    return Mark({"content_settings": ContentSettings(content_md5=bytearray(digest))}, is_on)
