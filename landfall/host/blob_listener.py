"""Blob triggers with the polling source: scan, receipt, internal queue, execution."""

import base64
import json
import logging
import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.storage.blob import BlobProperties
from azure.storage.queue import QueueClient, QueueMessage

from landfall.host.executor import Executor
from landfall.host.host_json import HostJson
from landfall.host.queue_listener import QueueListener, QueueRules
from landfall.host.receipts import Receipts, quoted
from landfall.host.settings import SettingsError, resolve
from landfall.host.singleton import Term
from landfall.host.storage import DEFAULT_CONNECTION, Storage
from landfall.host.worker import Function, Value

log = logging.getLogger("host.blob")

POISON_QUEUE = "webjobs-blobtrigger-poison"
SCAN, EVENTS = "LogsAndContainerScan", "EventGrid"  # the sources of blob triggers


@dataclass(frozen=True)
class BlobTrigger:
    """A blob-triggered function, and the pattern of its blobs."""

    function: Function
    binding: dict[str, Any]
    container: str
    pattern: re.Pattern[str]

    @classmethod
    def of(cls, function: Function) -> "BlobTrigger":
        """Read the trigger of a function.

        Raises:
            SettingsError: the path needs a setting that is not set, or names no container; or the source is unknown.
        """
        binding = function.trigger
        source = binding.get("source") or SCAN
        if source not in {SCAN, EVENTS}:
            raise SettingsError(f"{function.name}: the blob source {source!r} is neither {SCAN} nor {EVENTS}")
        if source == EVENTS:
            log.warning("%s: Event Grid sends no events to this machine; its container is polled", function.name)
        container, _, name = resolve(binding["path"]).partition("/")
        if not container or "{" in container:
            raise SettingsError(
                f"{function.name}: the blob path {binding['path']!r} must begin with a container's name"
            )
        parts = re.split(r"(\{\w+\})", name or "{blobname}")
        text = "".join(f"(?P<{part[1:-1]}>.+)" if part.startswith("{") else re.escape(part) for part in parts if part)
        return cls(function, binding, container, re.compile(text + r"\Z", re.DOTALL))

    @property
    def function_id(self) -> str:
        """The function's id in messages and receipts."""
        return f"Host.Functions.{self.function.name}"

    @property
    def connection(self) -> str | None:
        """The connection setting of the container."""
        connection: str | None = self.binding.get("connection")
        return connection

    @property
    def deferred(self) -> bool:
        """Whether the function takes a reference instead of the content."""
        properties = self.binding.get("properties")
        return properties is not None and str(properties.get("SupportsDeferredBinding")).lower() == "true"


class BlobListener:
    """Watches the containers of all blob triggers of an app."""

    def __init__(
        self,
        storage: Storage,
        executor: Executor,
        functions: Iterable[Function],
        host_json: HostJson,
        *,
        host_id: str,
        visibility_s: int,
    ) -> None:
        self._storage = storage
        self._executor = executor
        self._triggers = [BlobTrigger.of(function) for function in functions]
        self._queue = storage.queue(None, f"azure-webjobs-blobtrigger-{host_id}")
        self._receipts = Receipts(storage, host_id, self._queue)
        batch = min(32, host_json.blob_concurrency // 2 + 1)
        self._rules = QueueRules(
            batch=batch,
            threshold=max(0, host_json.blob_concurrency - batch),
            max_dequeue=host_json.blob_poison_threshold,
            hidden_after_failure_s=0,  # a failed blob is retried at once, as in Azure
            base64=True,
            visibility_s=visibility_s,
        )

    def scan(self, term: Term, every_s: float) -> None:
        """List the containers repeatedly for a term, and send a message for every version that has none yet."""
        while not term.over:
            for trigger in self._triggers:
                try:
                    self._receipts.load()
                    self._scan_one(trigger)
                except ResourceNotFoundError:
                    continue  # a container that does not exist yet has no blobs
                except AzureError as error:
                    log.warning("the scan of container %s failed: %s", trigger.container, str(error).splitlines()[0])
            term.wait(every_s)

    def _scan_one(self, trigger: BlobTrigger) -> None:
        """Send a message for every listed version whose message is not known to be sent.

        Only names and ETags count. Times come from the storage's clock, which may have been set in between.
        """
        function, container, present = trigger.function.name, trigger.container, set[tuple[str, str]]()
        for blob in self._storage.blobs(trigger.connection).get_container_client(container).list_blobs():
            present.add((str(blob.name), quoted(str(blob.etag))))
            if not self._receipts.is_sent(function, container, blob) and trigger.pattern.match(blob.name):
                # If another host has leased the receipt, the next scan tries again.
                self._receipts.notify(function, container, blob)
        self._receipts.forget_absent(function, container, present)

    def listen(self, stop: threading.Event) -> None:
        """Process the internal queue."""
        QueueListener(self._storage, self._queue, self._to_poison, self._rules, self._run).listen(stop)

    def _run(self, message: QueueMessage, body: str) -> str | None:
        """Run the function for the version in a message; returns an error's text, or None also if nothing is to do."""
        del message
        try:
            event = json.loads(body)
            name, container, etag = event["BlobName"], event["ContainerName"], event["ETag"]
            trigger = next(trigger for trigger in self._triggers if trigger.function_id == event["FunctionId"])
            match = trigger.pattern.match(name)
        except (ValueError, KeyError, TypeError, StopIteration):
            log.warning("a message of queue %s is not for this app: it is dropped", self._queue.queue_name)
            return None
        blob = self._storage.blobs(trigger.connection).get_blob_client(container, name)
        try:
            properties = blob.get_blob_properties()
            if quoted(str(properties.etag)) != quoted(etag):
                if not self._receipts.notify(trigger.function.name, container, properties):
                    return "another host has leased the receipt of the blob's new version"
                return None  # overwritten: the new version has a message of its own
            content: Value = (
                ("model_binding_data", json.dumps(_reference(trigger, container, name)))
                if trigger.deferred
                else ("bytes", blob.download_blob().readall())
            )
        except ResourceNotFoundError:
            return None
        metadata = _metadata(container, properties, blob.url) | {
            key: ("string", value) for key, value in (match.groupdict() if match else {}).items()
        }
        reason = f"New blob detected: {container}/{name}"
        return self._executor.execute(trigger.function, reason, {trigger.binding["name"]: content}, metadata).error

    def _to_poison(self, content: str) -> str:
        """Move the message about a version that failed too often; it stays in base64 whatever `host.json` says."""
        self._storage.send(self._poison_of(content), content, base64=False)
        return POISON_QUEUE

    def _poison_of(self, content: str) -> QueueClient:
        """Return the poison queue in the account of the blob, or in the host's account for an unknown function."""
        try:
            function_id = json.loads(base64.b64decode(content))["FunctionId"]
        except (ValueError, KeyError, TypeError):
            function_id = None
        connections = (trigger.connection for trigger in self._triggers if trigger.function_id == function_id)
        return self._storage.queue(next(connections, None), POISON_QUEUE)


def _reference(trigger: BlobTrigger, container: str, name: str) -> dict[str, str]:
    connection = trigger.connection or DEFAULT_CONNECTION
    return {"Connection": connection, "ContainerName": container, "BlobName": name}


def _metadata(container: str, blob: BlobProperties, url: str) -> dict[str, Value]:
    properties = {
        "ContentLength": blob.size,
        "ContentType": blob.content_settings.content_type,
        "ETag": quoted(str(blob.etag)),
        "LastModified": blob.last_modified.isoformat(),
    }
    return {
        "BlobTrigger": ("string", f"{container}/{blob.name}"),
        "Uri": ("json", json.dumps(url.partition("?")[0])),
        "Properties": ("json", json.dumps(properties)),
        "Metadata": ("json", json.dumps(blob.metadata or {})),
    }
