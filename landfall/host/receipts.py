"""Receipts of blob triggers: a blob per function and version says that its message was sent."""

import contextlib
import json
import threading

from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import BlobProperties
from azure.storage.queue import QueueClient

from landfall.host.storage import Storage

LEASE_S = 30
SPARE = 1000  # versions that may be remembered although they are gone
_COMPLETED = "Completed"
_FUNCTIONS = "Host.Functions."


def quoted(etag: str) -> str:
    """Return an ETag with its quotes, as receipts and messages hold it."""
    return f'"{etag.strip(chr(34))}"'


type Version = tuple[str, str, str, str]  # function, container, blob, its ETag with quotes


class Receipts:
    """Sends the message about a version once per host id. A crash between the two gives a second one.

    Receipts that say so once say so for ever, so they are kept in memory: a scan of files that were all seen before
    asks for none of them.
    """

    def __init__(self, storage: Storage, host_id: str, queue: QueueClient) -> None:
        self._storage = storage
        self._host_id = host_id
        self._queue = queue
        self._sent: set[Version] = set()
        self._lock = threading.Lock()  # the scan and the executions of messages come here
        self._loaded = False

    def load(self) -> None:
        """Read all receipts of this host id, in a listing; done once, again only if the storage did not answer."""
        if self._loaded:
            return
        prefix = f"blobreceipts/{self._host_id}/{_FUNCTIONS}"
        sent: set[Version] = set()
        for receipt in self._storage.hosts().list_blobs(name_starts_with=prefix, include=["metadata"]):
            function_name, _, rest = receipt.name.removeprefix(prefix).partition("/")
            etag, _, path = rest.partition("/")
            container, _, name = path.partition("/")
            if (receipt.metadata or {}).get(_COMPLETED) == "True":
                sent.add((function_name, container, name, etag))
        with self._lock:
            self._sent |= sent
            self._loaded = True

    def knows(self, function_name: str, container: str, blob: BlobProperties) -> bool:
        """Tell whether the message about a version is known to be sent, without asking."""
        return (function_name, container, str(blob.name), quoted(str(blob.etag))) in self._sent

    def keep(self, function_name: str, container: str, present: set[tuple[str, str]]) -> None:
        """Forget what is known of versions of a container (name, quoted ETag) that are not there, once that is much."""
        if len(self._sent) <= 2 * len(present) + SPARE:
            return
        with self._lock:
            self._sent = {
                one for one in self._sent if one[:2] != (function_name, container) or (one[2], one[3]) in present
            }

    def notify(self, function_name: str, container: str, blob: BlobProperties) -> bool:
        """Send the message that a version is there, unless its receipt says that it was sent.

        Tells whether the receipt says so now; it cannot while another host, perhaps one that was killed, has leased it.
        """
        if self.knows(function_name, container, blob):
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
            if (receipt.get_blob_properties().metadata or {}).get(_COMPLETED) == "True":
                return True
        except ResourceNotFoundError:
            with contextlib.suppress(ResourceExistsError):
                receipt.upload_blob(b"", metadata={_COMPLETED: "False"})
        try:
            lease = receipt.acquire_lease(LEASE_S)
        except ResourceExistsError:
            return False
        try:
            if (receipt.get_blob_properties().metadata or {}).get(_COMPLETED) != "True":
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
