"""Reads and writes blobs at allowed storage hosts, within a time-out and a size limit."""

import contextlib
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self

from azure.core.credentials import AzureNamedKeyCredential, AzureSasCredential
from azure.core.exceptions import AzureError, ResourceExistsError
from azure.storage.blob import BlobClient, ContainerClient, ContentSettings, LinearRetry, StorageStreamDownloader

from studio.errors import StorageError, StorageFault, StudioError
from studio.storage.blob_locations import BlobAddress
from studio.storage.failures import Operation, translated_errors
from studio.storage.guarded_transport import GuardedTransport
from studio.storage.stopping import Stop
from studio.storage.transfer import CHUNK_BYTES, Resolver, Transfer, TransferLimits, resolve_host

_USUAL_LIMITS = TransferLimits()


class BlobStorage:
    """The blobs of all storage accounts that callers may name."""

    def __init__(
        self, limits: TransferLimits = _USUAL_LIMITS, resolver: Resolver = resolve_host, stop: Stop | None = None
    ) -> None:
        """`stop` ends all transfers."""
        self._limits = limits
        self._resolver = resolver
        self._stop = stop or Stop()

    def stopped_by(self, stop: Stop) -> Self:
        """Return the same storage for one job: `stop` ends its transfers, with StoppedError."""
        return type(self)(self._limits, self._resolver, stop)

    def fetch(self, address: BlobAddress, limit_bytes: int) -> bytes:
        """Return a blob's content of at most `limit_bytes`, within the time-out for waiting callers.

        Raises:
            StorageError: the blob cannot be read, is larger, or takes too long.
        """
        return b"".join(
            self._chunks(address, limit_bytes, min(self._limits.interactive_timeout_s, self._limits.total_timeout_s))
        )

    @contextmanager
    def fetched_file(self, address: BlobAddress, limit_bytes: int, folder: Path) -> Iterator[Path]:
        """Yield a temporary file in `folder` with the blob's content; the content is never held in memory.

        Raises:
            StorageError: the blob cannot be read, is larger than `limit_bytes`, or takes too long.
        """
        with tempfile.NamedTemporaryFile(dir=folder, prefix="input-", suffix=".csv") as file:
            for chunk in self._chunks(address, limit_bytes, self._limits.total_timeout_s):
                file.write(chunk)
            file.flush()
            yield Path(file.name)

    def write(self, address: BlobAddress, data: bytes, content_type: str) -> None:
        """Write a blob, replacing an existing one.

        Raises:
            StorageError: the blob cannot be written.
        """
        with self._transfer(address, Operation.WRITE, self._limits.total_timeout_s) as (_, options):
            client = BlobClient(address.account_url, address.path.container, address.path.name, **options)
            with client:
                client.upload_blob(data, overwrite=True, content_settings=ContentSettings(content_type=content_type))

    def make_container(self, address: BlobAddress) -> None:
        """Create the container of an address unless it exists.

        Raises:
            StorageError: the container cannot be created.
        """
        with self._transfer(address, Operation.WRITE, self._limits.total_timeout_s) as (_, options):
            client = ContainerClient(address.account_url, address.path.container, **options)
            with client, contextlib.suppress(ResourceExistsError):
                client.create_container()

    def _chunks(self, address: BlobAddress, limit_bytes: int, within_s: float) -> Iterator[bytes]:
        with self._transfer(address, Operation.READ, within_s) as (transfer, options):
            client = BlobClient(address.account_url, address.path.container, address.path.name, **options)
            with client:
                download = self._started_download(client, transfer)
                if download.size > limit_bytes:
                    text = f"The blob {address.path} at {address.host} is larger than {limit_bytes} bytes."
                    raise StorageError(StorageFault.INVALID, text)
                length = 0
                for chunk in download.chunks():
                    length += len(chunk)
                    if length <= download.size:
                        yield chunk
                if length != download.size:
                    text = f"The storage host {address.host} announced {download.size} bytes of {address.path} and sent"
                    raise StorageError(StorageFault.UNAVAILABLE, f"{text} {length}.")

    def _started_download(self, client: BlobClient, transfer: Transfer) -> StorageStreamDownloader[bytes]:
        """Request the first bytes of a blob, and retry if the library cannot parse the response.

        A gateway in front of the storage may send such a response. The library's own policy retries other errors.
        """
        for _ in range(self._limits.retries):
            try:
                return client.download_blob(max_concurrency=1)
            except (AzureError, StudioError):
                raise
            except Exception:  # noqa: BLE001 (over a response that is no storage's, the library raises whatever it likes)
                transfer.pause(self._limits.retry_wait_s)
        return client.download_blob(max_concurrency=1)

    @contextmanager
    def _transfer(
        self, address: BlobAddress, doing: Operation, within_s: float
    ) -> Iterator[tuple[Transfer, dict[str, Any]]]:
        """Yield one transfer, and the options of a client for it."""
        limits = self._limits
        with ExitStack() as stack:
            transfer = stack.enter_context(Transfer(address, within_s, limits, self._resolver, self._stop))
            stack.enter_context(translated_errors(address, doing, transfer))
            yield (
                transfer,
                {
                    "credential": _credential(address),
                    "transport": GuardedTransport(transfer, limits),
                    "permit_redirects": False,
                    "retry_policy": LinearRetry(
                        backoff=limits.retry_wait_s, retry_total=limits.retries, random_jitter_range=0
                    ),
                    "max_single_get_size": CHUNK_BYTES,
                    "max_chunk_get_size": CHUNK_BYTES,
                    "max_single_put_size": CHUNK_BYTES,
                    "max_block_size": CHUNK_BYTES,
                },
            )


def _credential(address: BlobAddress) -> AzureNamedKeyCredential | AzureSasCredential:
    if address.account_name and address.account_key:
        return AzureNamedKeyCredential(address.account_name, address.account_key)
    return AzureSasCredential(address.sas_token or "")
