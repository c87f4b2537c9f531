"""A storage account as its users see it, beside the port: they upload and delete what the port only reads."""

from datetime import UTC, datetime
from typing import Protocol
from uuid import uuid4

from azure.storage.blob import BlobServiceClient

from shared.adapters.blobs import BlobStorageFiles
from shared.ports import BlobFiles
from tests.fakes.memory_blobs import MemoryBlobs


class BlobAccount(Protocol):
    """An account with a container of its own for input; `unused()` names one that does not exist."""

    input: str

    @property
    def files(self) -> BlobFiles:
        """The port under test."""

    def put(self, name: str, content: bytes) -> None:
        """Upload to the input container, overwriting."""

    def delete(self, name: str) -> None:
        """Delete from the input container."""

    def unused(self) -> str:
        """Name a container that does not exist."""


class MemoryAccount:
    """The account in memory."""

    input = "incoming"

    def __init__(self, files: MemoryBlobs) -> None:
        self.files = files

    def put(self, name: str, content: bytes) -> None:
        """Upload to the input container, overwriting."""
        self.files._put(self.input, name, content, datetime.now(UTC).replace(microsecond=0))

    def delete(self, name: str) -> None:
        """Delete from the input container."""
        self.files.delete(self.input, name)

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

    def delete(self, name: str) -> None:
        """Delete from the input container."""
        self._container.delete_blob(name)

    def unused(self) -> str:
        """Name a container that does not exist."""
        return f"c{uuid4().hex}"

    def close(self) -> None:
        """Close the connections."""
        self._container.close()
        self._service.close()
