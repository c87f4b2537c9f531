"""Opens everything of a storage account that the app uses, by a connection string or under an identity."""

from dataclasses import dataclass
from typing import Self

from shared.adapters.storage.blob_files import BlobStorageFiles
from shared.adapters.storage.credentials import credential_of
from shared.adapters.storage.table_endpoints import TableEndpointStore
from shared.adapters.storage.table_runs import TableRunStore
from shared.storage_settings import StorageAccount


@dataclass(frozen=True)
class Storage:
    """The account's tables and blobs."""

    runs: TableRunStore
    endpoints: TableEndpointStore
    blobs: BlobStorageFiles

    @classmethod
    def open(cls, account: StorageAccount) -> Self:
        """Open an account; nothing is sent yet.

        Raises:
            ConfigError: the connection string is malformed.
        """
        if not account.by_identity:
            text = account.connection_string
            return cls(
                TableRunStore.from_connection_string(text),
                TableEndpointStore.from_connection_string(text),
                BlobStorageFiles.from_connection_string(text),
            )
        credential = credential_of(account)
        return cls(
            TableRunStore.with_identity(account.table_url, credential),
            TableEndpointStore.with_identity(account.table_url, credential),
            BlobStorageFiles.with_identity(account.blob_url, credential),
        )
