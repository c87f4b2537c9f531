"""A real storage account, opened by the app's adapters in both ways: with its key, and under an identity."""

from typing import Any, Protocol

from shared.adapters.storage.blob_files import BlobStorageFiles
from shared.adapters.storage.table_client import Table
from tests.identity.storage import IdentityStorage


class Access(Protocol):
    """An account; `connection_string` has its key, for what a test does beside the app."""

    @property
    def connection_string(self) -> str:
        """The account's connection string."""

    def blobs(self, **options: Any) -> BlobStorageFiles:
        """Open its blobs."""

    def table(self, name: str, **options: Any) -> Table:
        """Open one of its tables."""


class KeyAccess:
    """An account opened with its key."""

    def __init__(self, connection_string: str) -> None:
        self.connection_string = connection_string

    def blobs(self, **options: Any) -> BlobStorageFiles:
        """Open its blobs."""
        return BlobStorageFiles.from_connection_string(self.connection_string, **options)

    def table(self, name: str, **options: Any) -> Table:
        """Open one of its tables."""
        return Table.from_connection_string(self.connection_string, name, **options)


class IdentityAccess:
    """An account opened under an identity."""

    def __init__(self, storage: IdentityStorage) -> None:
        self.connection_string = storage.connection_string
        self._storage = storage

    def blobs(self, **options: Any) -> BlobStorageFiles:
        """Open its blobs."""
        return BlobStorageFiles.with_identity(self._storage.url("Blob"), self._storage.credential(), **options)

    def table(self, name: str, **options: Any) -> Table:
        """Open one of its tables."""
        return Table.with_identity(self._storage.url("Table"), self._storage.credential(), name, **options)
