"""Storage clients by connection setting, and queue messages in the extension's encoding."""

import base64 as base64_codec
import contextlib
import os
import threading
from typing import Any

from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import BlobServiceClient, ContainerClient
from azure.storage.queue import QueueClient, QueueServiceClient

from landfall.host.settings import SettingsError
from shared.storage_settings import full_connection_string

DEFAULT_CONNECTION = "AzureWebJobsStorage"
HOSTS_CONTAINER = "azure-webjobs-hosts"


class Storage:
    """The storage accounts that bindings name."""

    def __init__(self) -> None:
        self._clients: dict[tuple[type[Any], str], Any] = {}
        self._lock = threading.Lock()

    def blobs(self, connection: str | None = None) -> BlobServiceClient:
        """Return the blob service of a connection setting."""
        client: BlobServiceClient = self._client(BlobServiceClient, connection)
        return client

    def queue(self, connection: str | None, name: str) -> QueueClient:
        """Return a queue of a connection setting."""
        service: QueueServiceClient = self._client(QueueServiceClient, connection)
        return service.get_queue_client(name)

    def hosts(self) -> ContainerClient:
        """Return the container that receipts and timer statuses are kept in."""
        return self.blobs().get_container_client(HOSTS_CONTAINER)

    def create_hosts(self) -> None:
        """Create that container if need be."""
        with contextlib.suppress(ResourceExistsError):
            self.hosts().create_container()

    def send(self, queue: QueueClient, text: str, *, base64: bool) -> None:
        """Send a message; a queue that does not exist is created."""
        content = base64_codec.b64encode(text.encode()).decode() if base64 else text
        try:
            queue.send_message(content)
        except ResourceNotFoundError:
            with contextlib.suppress(ResourceExistsError):
                queue.create_queue()
            queue.send_message(content)

    def _client(self, kind: type[Any], connection: str | None) -> Any:
        name = connection or DEFAULT_CONNECTION
        with self._lock:
            if (kind, name) not in self._clients:
                text = os.environ.get(name) or os.environ.get(f"AzureWebJobs{name}")
                if not text:
                    raise SettingsError(f"a binding's connection is the app setting {name}, which is not set")
                try:
                    self._clients[kind, name] = kind.from_connection_string(full_connection_string(text))
                except ValueError:
                    raise SettingsError(f"the app setting {name} is not a storage connection string") from None
            return self._clients[kind, name]
