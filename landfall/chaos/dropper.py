"""Drops the files of a plan into the input container, past the proxies, and remembers every version it wrote."""

import threading
import time
from collections.abc import Sequence

from azure.core.exceptions import AzureError
from azure.storage.blob import BlobServiceClient

from landfall.chaos.files import Drop

RETRY_S = 0.5


class Dropper:
    """Writes each file at its time; storage that is being restarted is waited for."""

    def __init__(self, storage: str, container: str, drops: Sequence[Drop]) -> None:
        self._storage = storage
        self._container = container
        self._drops = drops
        self.written: list[tuple[str, str]] = []  # blob and ETag

    def run(self, stop: threading.Event) -> None:
        """Write until every file is there or `stop` is set."""
        began = time.monotonic()
        with BlobServiceClient.from_connection_string(self._storage, retry_total=0) as blobs:
            for drop in self._drops:
                content = drop.content()
                wait_s = max(0.0, began + drop.at_s - time.monotonic())
                while not stop.wait(wait_s):
                    try:
                        answer = blobs.get_blob_client(self._container, drop.blob).upload_blob(content, overwrite=True)
                    except AzureError:
                        wait_s = RETRY_S
                    else:
                        self.written.append((drop.blob, str(answer["etag"]).strip('"')))
                        break
                if stop.is_set():
                    return
