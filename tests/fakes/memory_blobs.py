"""Blob Storage in memory: versions with ETags, copies that may take their time, links that carry a canary."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from threading import RLock

from shared.adapters.storage.azure_errors import ARCHIVED
from shared.adapters.storage.blob_files import decode_text
from shared.blob_path import BlobPath
from shared.errors import BlobArchivedError, BlobChangedError, BlobMissingError, ConfigError, ServiceFault
from shared.ports.blob_files import CHUNK_BYTES, BlobPart, BlobVersion, CopyState
from shared.ports.blob_location import BlobLocation
from tests.fakes.faults import Faults

CANARY = "sig=CANARY"  # stands in every link: no row, message, log or error may ever hold it
_BASE = "http://127.0.0.1:10000/memory/"


@dataclass
class _Blob:
    content: bytes
    version: BlobVersion
    copying: bool = False
    archived: bool = False
    joined_from: tuple[bytes, tuple[BlobPart, ...]] | None = None


class MemoryBlobWriter:
    """A blob of `MemoryBlobs` that is being written."""

    def __init__(self) -> None:
        self.etag = ""
        self.size = 0
        self.content = bytearray()

    def write(self, content: bytes) -> None:
        """Add bytes."""
        self.content += content


class MemoryBlobs:
    """`BlobFiles` in memory; `faults` arranges failures of the operations named as the methods."""

    base = _BASE

    def __init__(self) -> None:
        self.faults = Faults()
        self.is_hierarchical = False
        self.slow_copies = False  # while True, a copy stays pending until `finish_copies`
        self._blobs: dict[BlobPath, _Blob] = {}
        self._links: dict[str, str] = {}  # token -> container/path that it opens
        self._numbers = count(1)
        self._lock = RLock()

    def put(self, container: str, name: str, text: str, modified_at: datetime | None = None) -> BlobVersion:
        """Upload a text, overwriting what is there, and return the new version."""
        return self.put_bytes(container, name, text.encode(), modified_at)

    def put_bytes(
        self,
        container: str,
        name: str,
        content: bytes,
        modified_at: datetime | None = None,
        *,
        appendable: bool = False,
    ) -> BlobVersion:
        """Upload bytes, overwriting what is there, and return the new version; appendable: as an append blob."""
        return self._put(BlobPath(container, name), content, modified_at or datetime.now(UTC), appendable=appendable)

    def remove(self, container: str, name: str) -> None:
        """Delete a blob as another party of the account does."""
        with self._lock:
            del self._blobs[BlobPath(container, name)]

    def archive(self, container: str, name: str, *, archived: bool = True) -> None:
        """Move a blob to the archive tier, or out of it: its version stays."""
        with self._lock:
            self._blobs[BlobPath(container, name)].archived = archived

    def content(self, path: str) -> bytes | None:
        """Return the bytes at `container/path`; None if nothing stands there."""
        blob = self._blobs.get(BlobPath.parse(path))
        return None if blob is None else blob.content

    def text(self, path: str) -> str | None:
        """Return what stands at `container/path`; None if nothing does."""
        blob = self._blobs.get(BlobPath.parse(path))
        return None if blob is None else blob.content.decode()

    def make_link(self, path: str, valid_s: int) -> BlobLocation:
        """Make a link as another party of the account does: no call of the app, so no fault meets it."""
        token = f"?se={valid_s}&n={next(self._numbers)}&{CANARY}"
        self._links[token] = path
        return BlobLocation(_BASE, path, token)

    def opens(self, location: BlobLocation) -> bool:
        """Tell whether the location's token is one that was made for this blob."""
        return self._links.get(location.sas) == location.relative

    def finish_copies(self) -> None:
        """Let every pending copy be done."""
        with self._lock:
            for blob in self._blobs.values():
                blob.copying = False

    def version(self, container: str, name: str) -> BlobVersion | None:
        """Read the current version's properties; None if there is no such blob."""
        with self.faults.call("version"):
            blob = self._blobs.get(BlobPath(container, name))
            return None if blob is None else blob.version

    def versions(self, container: str, prefix: str = "") -> Iterator[BlobVersion]:
        """List every blob of a container whose name begins with `prefix`; an absent container is empty."""
        with self.faults.call("versions"), self._lock:
            versions = [blob.version for key, blob in sorted(self._blobs.items(), key=lambda item: item[0])]
        yield from (
            version for version in versions if version.container == container and version.name.startswith(prefix)
        )

    def hierarchical(self) -> bool:
        """Tell whether files of the account may grow while they are written."""
        with self.faults.call("hierarchical"):
            return self.is_hierarchical

    def copy_version(self, source: BlobVersion, container: str, name: str) -> CopyState:
        """Copy exactly this version. A finished copy that exists already is left as it is."""
        with self.faults.call("copy_version"):
            return self._copy(source.path, source.etag, BlobPath(container, name))

    def copy(self, source: str, target: str) -> CopyState:
        """Copy `container/path` to `container/path`. A finished copy that exists already is left as it is."""
        with self.faults.call("copy"):
            return self._copy(BlobPath.parse(source), None, BlobPath.parse(target))

    def read_text(self, path: str, limit_bytes: int) -> tuple[str, str]:
        """Read a small UTF-8 text at `container/path`; gives text and ETag."""
        with self.faults.call("read_text"):
            blob = self._blobs.get(BlobPath.parse(path))
            if blob is None:
                raise ConfigError([f"{path} does not exist: upload it, or correct routes.toml"])
            if blob.archived:
                raise _archived("read a blob", path)
            return decode_text(path, blob.content, limit_bytes), blob.version.etag

    def write_text(self, path: str, text: str) -> None:
        """Write a text at `container/path`, over whatever is there."""
        with self.faults.call("write_text"):
            self._put(BlobPath.parse(path), text.encode(), datetime.now(UTC))

    def create_text(self, path: str, text: str) -> bool:
        """Write a text at `container/path` unless something stands there; return whether it was written."""
        with self.faults.call("create_text"), self._lock:
            if BlobPath.parse(path) in self._blobs:
                return False
            self._put(BlobPath.parse(path), text.encode(), datetime.now(UTC))
            return True

    def read_chunks(self, path: str, etag: str, chunk_bytes: int = CHUNK_BYTES) -> Iterator[bytes]:
        """Read one version of the blob at `container/path` in pieces; a fault meets each piece."""
        offset, size = 0, 1
        while offset < size:
            with self.faults.call("read_chunks"):
                content = self._version_of(path, etag).content
            size = len(content)
            if content:
                yield content[offset : offset + chunk_bytes]
            offset += chunk_bytes

    @contextmanager
    def writer(self, path: str) -> Iterator["MemoryBlobWriter"]:
        """Write the blob at `container/path`; it appears whole at the end of the `with`."""
        writer = MemoryBlobWriter()
        yield writer
        with self.faults.call("writer"), self._lock:
            content = bytes(writer.content)
            blob = self._blobs.get(BlobPath.parse(path))
            equal = blob is not None and blob.content == content
            version = blob.version if blob and equal else self._put(BlobPath.parse(path), content, datetime.now(UTC))
            writer.etag, writer.size = version.etag, version.size

    def join(
        self, target: str, header: bytes, parts: Sequence[BlobPart], *, alive: Callable[[], None] = lambda: None
    ) -> str:
        """Write `header` and the bytes of every part as the blob at `container/path`; return its ETag."""
        for _ in parts:
            alive()
        with self.faults.call("join"), self._lock:
            content = header
            for part in parts:
                try:
                    content += self._version_of(part.path, part.etag).content[: part.size]
                except (BlobChangedError, BlobMissingError):
                    raise BlobChangedError(
                        f"the part {part.path} was overwritten or deleted since it was recorded"
                    ) from None
            blob, sources = self._blobs.get(BlobPath.parse(target)), (header, tuple(parts))
            if blob is not None and blob.joined_from == sources:
                return blob.version.etag
            version = self._put(BlobPath.parse(target), content, datetime.now(UTC))
            self._blobs[BlobPath.parse(target)].joined_from = sources
            return version.etag

    def delete(self, path: str, etag: str | None = None) -> bool:
        """Delete the blob at `container/path`; return whether there was one."""
        with self.faults.call("delete"), self._lock:
            blob = self._blobs.get(BlobPath.parse(path))
            if blob is not None and etag not in {None, blob.version.etag}:
                raise BlobChangedError(f"{path} was overwritten since it was read")
            return self._blobs.pop(BlobPath.parse(path), None) is not None

    def link(self, path: str, valid_s: int) -> BlobLocation:
        """Make a read-only location of one blob; every call gives another token."""
        with self.faults.call("link"):
            return self.make_link(path, valid_s)

    def _version_of(self, path: str, etag: str) -> _Blob:
        blob = self._blobs.get(BlobPath.parse(path))
        if blob is None:
            raise BlobMissingError(f"{path} was deleted before it was read to its end")
        if blob.version.etag != etag:
            raise BlobChangedError(f"{path} was overwritten while it was read")
        if blob.archived:
            raise _archived("read a blob", path)
        return blob

    def _put(self, path: BlobPath, content: bytes, modified_at: datetime, *, appendable: bool = False) -> BlobVersion:
        with self._lock:
            md5 = "" if appendable else hashlib.md5(content, usedforsecurity=False).hexdigest()
            version = BlobVersion(*path, f"0x{next(self._numbers):X}", len(content), modified_at, md5, appendable)
            self._blobs[path] = _Blob(content, version)
        return version

    def _copy(self, source: BlobPath, etag: str | None, target: BlobPath) -> CopyState:
        with self._lock:
            if target not in self._blobs:
                original = self._blobs.get(source)
                if etag is None and original is None:
                    raise BlobMissingError(f"{source} does not exist: it was never written, or it was deleted")
                if original is None or etag not in {None, original.version.etag}:
                    raise BlobChangedError(f"{source} was overwritten or deleted since it was read")
                if original.archived:
                    raise _archived("copy a blob", str(source))
                version = original.version
                self._put(target, original.content, version.modified_at, appendable=version.appendable)
                self._blobs[target].copying = self.slow_copies
            return CopyState.PENDING if self._blobs[target].copying else CopyState.DONE


def _archived(operation: str, path: str) -> BlobArchivedError:
    return BlobArchivedError(ServiceFault(operation, _BASE + path, 409, "BlobArchived", ARCHIVED["BlobArchived"]))
