"""Drops the files of a plan into the input container, past the proxies, and remembers every version it wrote."""

import threading
import time
from collections.abc import Callable, Sequence

from azure.core.exceptions import AzureError
from azure.storage.blob import BlobServiceClient

from landfall.chaos.files import Drop

RETRY_S = 0.5
LOOK_S = 0.05


class Dropper:
    """Writes each file at its time; storage that is being restarted is waited for.

    `until_s` gives how far in the plan's time it may go now: the files keep step with the kills, however long those
    take, so that there is work to disturb until the last one.
    """

    def __init__(self, storage: str, container: str, drops: Sequence[Drop], until_s: Callable[[], float]) -> None:
        self._storage = storage
        self._container = container
        self._drops = drops
        self._until_s = until_s
        self.written: list[tuple[str, str]] = []  # blob and ETag

    def run(self, stop: threading.Event) -> None:
        """Write until every file is there or `stop` is set."""
        behind_s, began = 0.0, time.monotonic()
        with BlobServiceClient.from_connection_string(self._storage, retry_total=0) as blobs:
            for drop in self._drops:
                content = drop.content()
                held_at = time.monotonic()
                while drop.at_s > self._until_s() and not stop.wait(LOOK_S):
                    pass
                behind_s += time.monotonic() - held_at
                wait_s = max(0.0, began + behind_s + drop.at_s - time.monotonic())
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
