"""Joins blobs to a larger one by block operations: the storage copies the bytes itself, where it can."""

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from azure.core.exceptions import HttpResponseError

from shared.adapters.storage.azure_errors import ARCHIVED, error_code
from shared.adapters.storage.blob_blocks import Blocks, BlockWriter, Mark
from shared.adapters.storage.blob_chunks import read_chunks
from shared.adapters.storage.sas_links import READ, SasLinks
from shared.blob_path import BlobPath
from shared.errors import BlobChangedError, BlobMissingError
from shared.ports.blob_files import CHUNK_BYTES, BlobPart

if TYPE_CHECKING:
    from azure.storage.blob import BlobProperties, BlobServiceClient

_BLOCK_BYTES = 64 * 1024 * 1024  # of a part that the storage copies in one request: well within its time-out
_LINK_LIFE_S = 600  # of one request with its repetitions
_CONCURRENT_BLOCKS = 8
_MARK = "landfall_join"  # metadata of the blob: the hash of what it was joined from
_CONDITION_NOT_MET = 412
# Answers of a storage that cannot read the source itself: it does not offer the operation, or a firewall is between.
_REFUSED = frozenset({403, 404, 405, 501})
_CANNOT_READ_SOURCE = "CannotVerifyCopySource"


class _RefusedError(Exception):
    """The storage does not copy the parts itself."""


class BlobJoins:
    """Joins blobs of one account."""

    def __init__(self, service: "BlobServiceClient", links: SasLinks) -> None:
        self._service = service
        self._links = links

    def join(self, target: str, header: bytes, parts: Sequence[BlobPart], alive: Callable[[], None]) -> str:
        """Write `header` and the bytes of every part, in order, as the blob `target`; return its ETag.

        `alive` is called after each piece, by the caller's thread.

        Raises:
            BlobChangedError: a part is no longer that version, or another worker wrote the target meanwhile.
            BlobArchivedError: a part is in the archive tier.
        """
        mark = _mark_of(header, parts)
        pieces = [part for part in parts if part.size]
        if not pieces:
            return self._through_the_app(target, header, pieces, mark, alive)
        try:
            return self._by_the_storage(target, header, pieces, mark, alive)
        except _RefusedError:
            return self._through_the_app(target, header, pieces, mark, alive)

    def _by_the_storage(
        self, target: str, header: bytes, parts: Sequence[BlobPart], mark: Mark, alive: Callable[[], None]
    ) -> str:
        blocks = Blocks(self._service, target)
        if header:
            blocks.stage(header)  # alone and first: it creates a missing container
        ranges = [
            (blocks.next_id(), part, start, min(_BLOCK_BYTES, part.size - start))
            for part in parts
            for start in range(0, part.size, _BLOCK_BYTES)
        ]

        def copy(piece: tuple[str, BlobPart, int, int]) -> None:
            self._copy_block(blocks, *piece)

        copy(ranges[0])
        alive()
        with ThreadPoolExecutor(_CONCURRENT_BLOCKS, thread_name_prefix="join") as pool:
            for _ in pool.map(copy, ranges[1:]):
                alive()
        return blocks.commit(mark)

    def _copy_block(self, blocks: Blocks, block_id: str, part: BlobPart, start: int, length: int) -> None:
        """Have the storage copy a range of a part into a block.

        Unlike a copy of a whole blob, this one needs a link, also within one account.
        """
        link = self._links.make(part.path, READ, _LINK_LIFE_S)

        def request() -> None:
            try:
                # The SDK has no parameter for the condition on the source.
                condition = {"x-ms-source-if-match": f'"{part.etag}"'}
                blocks.client.stage_block_from_url(block_id, link.url, start, length, headers=condition)
            except HttpResponseError as error:
                if error.status_code == _CONDITION_NOT_MET:
                    raise _changed(part) from None
                code = error_code(error)
                refused = error.status_code in _REFUSED or code == _CANNOT_READ_SOURCE
                if refused and code != "ContainerNotFound" and code not in ARCHIVED:
                    raise _RefusedError from None
                raise

        blocks.send("copy a part", request)

    def _through_the_app(
        self, target: str, header: bytes, parts: Sequence[BlobPart], mark: Mark, alive: Callable[[], None]
    ) -> str:
        writer = BlockWriter(self._service, target)
        writer.write(header)
        for part in parts:
            client = self._service.get_blob_client(*BlobPath.parse(part.path))
            try:
                for chunk in read_chunks(client, part.path, part.etag, CHUNK_BYTES):
                    writer.write(chunk)
                    alive()
            except (BlobChangedError, BlobMissingError):
                raise _changed(part) from None
        writer.commit(mark)
        return writer.etag


def _changed(part: BlobPart) -> BlobChangedError:
    return BlobChangedError(f"the part {part.path} was overwritten or deleted since it was recorded")


def _mark_of(header: bytes, parts: Sequence[BlobPart]) -> Mark:
    digest = hashlib.sha256(header)
    for part in parts:
        digest.update(f"\n{part.path}\n{part.etag}\n{part.size}".encode())
    text = digest.hexdigest()

    def is_on(properties: "BlobProperties") -> bool:
        return bool(properties.metadata.get(_MARK) == text)

    return Mark({"metadata": {_MARK: text}}, is_on)
