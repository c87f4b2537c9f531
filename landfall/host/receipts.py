"""Receipts of blob triggers: a blob per function and version says that its message was sent."""

import contextlib
import json

from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import BlobProperties
from azure.storage.queue import QueueClient

from landfall.host.storage import Storage

LEASE_S = 30
_COMPLETED = "Completed"


def quoted(etag: str) -> str:
    """Return an ETag with its quotes, as receipts and messages hold it."""
    return f'"{etag.strip(chr(34))}"'


class Receipts:
    """Sends the message about a version once per host id. A crash between the two gives a second one."""

    def __init__(self, storage: Storage, host_id: str, queue: QueueClient) -> None:
        self._storage = storage
        self._host_id = host_id
        self._queue = queue

    def notify(self, function_name: str, container: str, blob: BlobProperties) -> bool:
        """Send the message that a version is there, unless its receipt says that it was sent.

        Tells whether the receipt says so now; it cannot while another host, perhaps one that was killed, has leased it.
        """
        function_id, etag = f"Host.Functions.{function_name}", quoted(str(blob.etag))
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
