"""Observes a running stack from outside: reads its storage and the studio directly, past the proxies."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from azure.data.tables import TableServiceClient
from azure.storage.queue import QueueServiceClient

from landfall.chaos.secret_scan import SecretScan, decode_message
from landfall.errors import CommandError
from landfall.stack.run_store import ALL_RUNS
from landfall.stack.stack_document import StackDocument, studio_log
from shared.adapters.storage.blob_files import BlobStorageFiles
from shared.adapters.storage.table_endpoints import TableEndpointStore
from shared.adapters.storage.table_runs import TableRunStore
from shared.blob_path import BlobPath
from shared.errors import LandfallError
from shared.records.endpoint_record import EndpointRecord
from shared.records.run import Run
from shared.records.run_states import RunState

ROUTE = "census"
TABLES = ("runs", "endpoints")
TIMEOUT_S = 30
MAX_INPUT_BYTES = 256 * 1024 * 1024


class Observer:
    """Reads runs, files and the serving endpoint, over connections of its own. Used by one thread."""

    def __init__(self, document: StackDocument, studio: str) -> None:
        self._document = document
        self._studio = studio
        self._storage = document["storage"]
        self._runs = TableRunStore.from_connection_string(self._storage)
        self._blobs = BlobStorageFiles.from_connection_string(self._storage)
        (service,) = document["services"]
        endpoints = service["predictive"]["endpoints"]
        self._serving = next(endpoint for endpoint in endpoints if endpoint["role"] == "serve")

    def unsettled_states(self) -> dict[str, RunState]:
        """Return the state of every run without outcome; none while the storage does not answer."""
        try:
            return {stored.run.run_id: stored.run.state for stored in self._runs.active(ROUTE)}
        except LandfallError:
            return {}

    def runs(self) -> list[Run]:
        """Return every run.

        Raises:
            LandfallError: the storage does not answer.
        """
        return [stored.run for stored in self._runs.list_runs(limit=ALL_RUNS)]

    def present_versions(self) -> list[tuple[str, str]]:
        """Return blob and ETag of every file in the input container.

        Raises:
            LandfallError: the storage does not answer.
        """
        return [(version.name, version.etag) for version in self._blobs.versions(self._document["input"])]

    def endpoint(self) -> EndpointRecord:
        """Return the row of the serving endpoint."""
        store = TableEndpointStore.from_connection_string(self._storage)
        try:
            return store.get(ROUTE, self._serving["name"]).record
        finally:
            store.close()

    @property
    def patch_path(self) -> str:
        """The path to which updates of the serving endpoint are sent."""
        return urlsplit(self._serving["patch_url"]).path

    def served_model(self) -> str:
        """Return the location of the model that the serving endpoint lists (protocol 3.2).

        Raises:
            CommandError: the studio does not answer, or answers something else.
        """
        headers = {"Authorization": f"Bearer {self._serving['api_key']}"}
        url = self._studio + self.patch_path
        try:
            answer = requests.get(url, headers=headers, timeout=TIMEOUT_S, allow_redirects=False)
            answer.raise_for_status()
            return str(answer.json()["Resources"][0]["Location"]["RelativeLocation"])
        except (requests.RequestException, ValueError, KeyError, IndexError) as error:
            raise CommandError(f"{url} does not list the model it serves: {type(error).__name__}") from error

    def request_log(self) -> "RequestLog":
        """Read the studio's request log."""
        return RequestLog.of(studio_log(self._document).read_text(encoding="utf-8"))

    def text(self, path: str) -> str | None:
        """Return the text at container/path; None if there is none.

        Raises:
            LandfallError: the storage does not answer.
        """
        if self._blobs.version(*BlobPath.parse(path)) is None:
            return None
        return self._blobs.read_text(path, MAX_INPUT_BYTES)[0]

    def search(self, secret_scan: SecretScan, logs: list[Path]) -> None:
        """Search rows, waiting messages and logs for secrets."""
        with TableServiceClient.from_connection_string(self._storage) as tables:
            for name in TABLES:
                for row in tables.get_table_client(name).list_entities():
                    secret_scan.search(f"table {name}, row {row['RowKey']}", repr(dict(row)))
        with QueueServiceClient.from_connection_string(self._storage) as queues:
            for queue in queues.list_queues():
                for message in queues.get_queue_client(queue.name).peek_messages(max_messages=32):
                    secret_scan.search(
                        f"queue {queue.name}", f"{message.content} {decode_message(str(message.content))}"
                    )
        for log in [*logs, studio_log(self._document)]:
            for number, line in enumerate(_lines(log), 1):
                secret_scan.search(f"{log.name}, line {number}", line)

    def close(self) -> None:
        """Close the connections."""
        self._runs.close()
        self._blobs.close()


@dataclass(frozen=True)
class RequestLog:
    """The studio's request log, and the number of lines that were cut off when the studio was killed."""

    requests: list[dict[str, Any]]
    unreadable: int

    @classmethod
    def of(cls, text: str) -> "RequestLog":
        """Read the log; a line that is cut off is counted, not read."""
        requests, unreadable = [], 0
        for line in text.splitlines():
            try:
                requests.append(json.loads(line))
            except ValueError:
                unreadable += 1
        return cls(requests, unreadable)


def _lines(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8", errors="replace") as file:
        yield from file
