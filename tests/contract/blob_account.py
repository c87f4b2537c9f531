"""A storage account as its users see it, beside the port: they upload and delete what the port only reads."""

from datetime import UTC, datetime
from typing import Protocol
from uuid import uuid4

from azure.storage.blob import BlobServiceClient

from shared.adapters.storage.blob_files import BlobStorageFiles
from shared.ports.blob_files import BlobFiles
from tests.fakes.memory_blobs import MemoryBlobs


class BlobAccount(Protocol):
    """An account with a container of its own for input; `unused()` names one that does not exist."""

    input: str

    @property
    def files(self) -> BlobFiles:
        """The port under test."""

    def put(self, name: str, content: bytes) -> None:
        """Upload to the input container, overwriting."""

    def append(self, name: str, content: bytes) -> None:
        """Append to an append blob of the input container, which is created if there is none."""

    def delete(self, name: str) -> None:
        """Delete from the input container."""

    def archive(self, name: str) -> None:
        """Move a blob of the input container to the archive tier."""

    def rehydrate(self, name: str) -> None:
        """Move it out of there."""

    def unused(self) -> str:
        """Name a container that does not exist."""


class MemoryAccount:
    """The account in memory."""

    input = "incoming"

    def __init__(self, files: MemoryBlobs) -> None:
        self.files = files

    def put(self, name: str, content: bytes) -> None:
        """Upload to the input container, overwriting."""
        self.files.put_bytes(self.input, name, content, datetime.now(UTC).replace(microsecond=0))

    def append(self, name: str, content: bytes) -> None:
        """Append to an append blob of the input container, which is created if there is none."""
        whole = (self.files.content(f"{self.input}/{name}") or b"") + content
        self.files.put_bytes(self.input, name, whole, datetime.now(UTC).replace(microsecond=0), appendable=True)

    def delete(self, name: str) -> None:
        """Delete from the input container."""
        self.files.remove(self.input, name)

    def archive(self, name: str) -> None:
        """Move a blob of the input container to the archive tier."""
        self.files.archive(self.input, name)

    def rehydrate(self, name: str) -> None:
        """Move it out of there."""
        self.files.archive(self.input, name, archived=False)

    def unused(self) -> str:
        """Name a container that does not exist."""
        return f"c{uuid4().hex}"


class AzuriteAccount:
    """The account on a real Azurite, written through the SDK's own client."""

    def __init__(self, files: BlobStorageFiles, connection_string: str) -> None:
        self.files = files
        self.input = self.unused()
        self._service = BlobServiceClient.from_connection_string(connection_string)
        self._container = self._service.create_container(self.input)

    def put(self, name: str, content: bytes) -> None:
        """Upload to the input container, overwriting."""
        self._container.upload_blob(name, content, overwrite=True)

    def append(self, name: str, content: bytes) -> None:
        """Append to an append blob of the input container, which is created if there is none."""
        self._container.upload_blob(name, content, blob_type="AppendBlob", overwrite=False)

    def delete(self, name: str) -> None:
        """Delete from the input container."""
        self._container.delete_blob(name)

    def archive(self, name: str) -> None:
        """Move a blob of the input container to the archive tier."""
        self._container.get_blob_client(name).set_standard_blob_tier("Archive")

    def rehydrate(self, name: str) -> None:
        """Move it out of there."""
        self._container.get_blob_client(name).set_standard_blob_tier("Hot")

    def unused(self) -> str:
        """Name a container that does not exist."""
        return f"c{uuid4().hex}"

    def close(self) -> None:
        """Close the connections."""
        self._container.close()
        self._service.close()
