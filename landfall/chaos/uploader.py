"""Uploads the files of a schedule to the input container, past the proxies, and records every version."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from azure.core.exceptions import AzureError
from azure.storage.blob import BlobClient, BlobServiceClient

from landfall.chaos.files import Form, Upload

RETRY_S = 0.5
POLL_S = 0.05
GROWS_AFTER_S = 0.5


class Uploader:
    """Writes each file at its time, and tries again while the storage restarts.

    `until_s` returns how far in the schedule's time the files may be. They keep pace with the kills, however long
    those take, so that the last kill still meets unfinished work.
    """

    def __init__(self, storage: str, container: str, uploads: Sequence[Upload], until_s: Callable[[], float]) -> None:
        self._storage = storage
        self._container = container
        self._uploads = uploads
        self._until_s = until_s
        self.written: list[tuple[str, str]] = []  # blob and ETag
        self.contents: dict[tuple[str, str], bytes] = {}  # of each version
        self.acceptable: set[tuple[str, str]] = set()  # versions in quarantine until somebody accepts their form

    def run(self, stop: threading.Event) -> None:
        """Write until every file is there or `stop` is set."""
        delayed_s, began = 0.0, time.monotonic()
        with BlobServiceClient.from_connection_string(self._storage, retry_total=0) as blobs:
            for upload in self._uploads:
                pieces = upload.pieces()
                held_at = time.monotonic()
                while upload.at_s > self._until_s() and not stop.wait(POLL_S):
                    pass
                delayed_s += time.monotonic() - held_at
                wait_s = max(0.0, began + delayed_s + upload.at_s - time.monotonic())
                client = blobs.get_blob_client(self._container, upload.blob)
                while not stop.wait(wait_s):
                    try:
                        self._write(client, upload, pieces, stop)
                    except AzureError:
                        wait_s = RETRY_S
                    else:
                        break
                if stop.is_set():
                    return

    def _write(self, client: BlobClient, upload: Upload, pieces: Sequence[bytes], stop: threading.Event) -> None:
        """Write a file at once, or let an append blob grow by piece after piece; each is a version.

        Raises:
            AzureError: the storage does not answer; the file is begun anew.
        """
        if len(pieces) == 1:
            self._record(upload, client.upload_blob(pieces[0], overwrite=True), pieces[0])
            return
        content = b""
        self._record(upload, client.create_append_blob(), content)
        for piece in pieces:
            stop.wait(GROWS_AFTER_S)
            content += piece
            self._record(upload, client.append_block(piece), content)

    def _record(self, upload: Upload, answer: Mapping[str, Any], content: bytes) -> None:
        version = upload.blob, str(answer["etag"]).strip('"')
        if upload.form is Form.WORDED:
            self.acceptable.add(version)
        self.written.append(version)
        self.contents[version] = content
