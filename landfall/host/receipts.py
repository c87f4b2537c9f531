"""Receipts of blob triggers: a blob for each function and version records that its message was sent."""

import contextlib
import json
import threading

from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import BlobProperties
from azure.storage.queue import QueueClient

from landfall.host.storage import Storage

LEASE_S = 30
MAX_ABSENT = 1000  # versions that may be remembered although they do not exist any more
_COMPLETED = "Completed"
_FUNCTIONS = "Host.Functions."


def quoted(etag: str) -> str:
    """Return an ETag with quotes, as in receipts and messages."""
    return f'"{etag.strip(chr(34))}"'


type Version = tuple[str, str, str, str]  # function, container, blob, its ETag with quotes


class Receipts:
    """Sends the message about a version once per host id; a crash between message and receipt sends it twice.

    A completed receipt never changes, so it is kept in memory: a scan without new files reads no receipt.
    """

    def __init__(self, storage: Storage, host_id: str, queue: QueueClient) -> None:
        self._storage = storage
        self._host_id = host_id
        self._queue = queue
        self._sent: set[Version] = set()
        self._lock = threading.Lock()  # the scan and the executions use this from their threads
        self._loaded = False

    def load(self) -> None:
        """Read all receipts of this host id in one listing; does nothing once that has succeeded."""
        if self._loaded:
            return
        prefix = f"blobreceipts/{self._host_id}/{_FUNCTIONS}"
        sent: set[Version] = set()
        for receipt in self._storage.hosts().list_blobs(name_starts_with=prefix, include=["metadata"]):
            function_name, _, rest = receipt.name.removeprefix(prefix).partition("/")
            etag, _, path = rest.partition("/")
            container, _, name = path.partition("/")
            if _is_completed(receipt):
                sent.add((function_name, container, name, etag))
        with self._lock:
            self._sent |= sent
            self._loaded = True

    def is_sent(self, function_name: str, container: str, blob: BlobProperties) -> bool:
        """Tell from memory whether the message about a version was sent."""
        return (function_name, container, str(blob.name), quoted(str(blob.etag))) in self._sent

    def forget_absent(self, function_name: str, container: str, present: set[tuple[str, str]]) -> None:
        """Forget versions (name, quoted ETag) of a container that are not present, once there are too many."""
        if len(self._sent) <= 2 * len(present) + MAX_ABSENT:
            return
        with self._lock:
            self._sent = {
                version for version in self._sent if version[:2] != (function_name, container) or version[2:] in present
            }

    def notify(self, function_name: str, container: str, blob: BlobProperties) -> bool:
        """Send the message about a version, unless its receipt records that it was sent.

        Returns whether the receipt records it now. It does not while another host, perhaps a killed one, has leased it.
        """
        if self.is_sent(function_name, container, blob):
            return True
        if not self._notify(function_name, container, blob):
            return False
        with self._lock:
            self._sent.add((function_name, container, str(blob.name), quoted(str(blob.etag))))
        return True

    def _notify(self, function_name: str, container: str, blob: BlobProperties) -> bool:
        function_id, etag = f"{_FUNCTIONS}{function_name}", quoted(str(blob.etag))
        path = f"blobreceipts/{self._host_id}/{function_id}/{etag}/{container}/{blob.name}"
        receipt = self._storage.hosts().get_blob_client(path)
        try:
            if _is_completed(receipt.get_blob_properties()):
                return True
        except ResourceNotFoundError:
            with contextlib.suppress(ResourceExistsError):
                receipt.upload_blob(b"", metadata={_COMPLETED: "False"})
        try:
            lease = receipt.acquire_lease(LEASE_S)
        except ResourceExistsError:
            return False
        try:
            if not _is_completed(receipt.get_blob_properties()):
                message = {
                    "Type": "BlobTrigger",
                    "FunctionId": function_id,
                    "BlobType": "BlockBlob",
                    "ContainerName": container,
                    "BlobName": blob.name,
                    "ETag": etag,
                }
                self._storage.send(self._queue, json.dumps(message), base64=True)
                receipt.set_blob_metadata({_COMPLETED: "True"}, lease=lease)
        finally:
            lease.release()
        return True


def _is_completed(receipt: BlobProperties) -> bool:
    """Tell whether the receipt records that its message was sent."""
    return receipt.metadata is not None and receipt.metadata.get(_COMPLETED) == "True"
