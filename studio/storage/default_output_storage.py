"""The studio's own storage account, for the outputs that a job gives no location (protocol 1.3)."""

import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from studio.errors import SetupError, StorageError
from studio.storage.blob_locations import BlobAddress, BlobReference, HostAllowList, resolve
from studio.storage.blob_path import BlobPath
from studio.storage.blobs import BlobStorage
from studio.storage.sas_links import container_token

CONTAINER = "experimentoutput"
VARIABLE = "STUDIO_STORAGE"


@dataclass(frozen=True)
class DefaultOutputStorage:
    """An account with its key; outputs are in one container of it."""

    account: BlobAddress

    @classmethod
    def of_environment(cls, environ: Mapping[str, str] = os.environ) -> Self | None:
        """Return the account of the connection string in the variable `STUDIO_STORAGE`; None if it is not set.

        Raises:
            SetupError: the variable holds no connection string with a key.
        """
        text = environ.get(VARIABLE, "").strip()
        if not text:
            return None
        try:
            address = resolve(BlobReference(f"{CONTAINER}/any", text), HostAllowList(["*"]))
        except StorageError as error:
            raise SetupError(f"{VARIABLE}: {error}") from None
        if not address.account_key:
            raise SetupError(f"{VARIABLE}: an AccountName with its AccountKey is needed: links are signed with it")
        # The studio's owner chose this host, so it may be one inside the network: the allow-list is for callers.
        return cls(replace(address, listed_by_name=True))

    @staticmethod
    def path(job_id: str, output: str, extension: str) -> BlobPath:
        """Return the path of a job's output. It is deterministic: a job that runs again overwrites its outputs."""
        identifier = uuid.uuid5(uuid.NAMESPACE_OID, f"{job_id}/{output}")
        return BlobPath(CONTAINER, f"{job_id}/{identifier}{extension}")

    def address(self, path: BlobPath) -> BlobAddress:
        """Return the blob of the account at a path."""
        return replace(self.account, path=path)

    def prepare(self, storage: BlobStorage) -> None:
        """Create the container.

        Raises:
            StorageError: the container cannot be created.
        """
        storage.make_container(self.account)

    def token(self, now: datetime) -> str:
        """Return a new token for reading and listing the container, as the original gave it (protocol 1.3)."""
        return container_token(self.account, now)
