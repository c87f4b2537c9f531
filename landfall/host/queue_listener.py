"""Queue triggers: receive, lock, run, and delete, release or move to the poison queue."""

import base64
import json
import logging
import random
import threading
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from azure.core.exceptions import AzureError, HttpResponseError, ResourceNotFoundError
from azure.storage.queue import QueueClient, QueueMessage

from landfall.host.executor import Executor
from landfall.host.host_json import HostJson
from landfall.host.settings import resolve
from landfall.host.storage import Storage
from landfall.host.worker import Function, Value

log = logging.getLogger("host.queue")

MIN_POLL_S = 0.1
MAX_POLL_S = 0.5  # `func start` waits up to two seconds; here a person watches
POISON = "-poison"
_TAKEN = {400, 404}  # another host has the message, or it is deleted: the pop receipt is not the last one
POISON_TEXT = "Message has reached MaxDequeueCount of {}. Moving message to queue '{}'."  # alerts in Azure look for it


@dataclass(frozen=True)
class QueueRules:
    """The rules for processing a queue."""

    batch: int
    threshold: int
    max_dequeue: int
    hidden_after_failure_s: int
    base64: bool
    visibility_s: int


class QueueListener:
    """Processes one queue.

    `run(message, body)` returns an error's text or None. `to_poison(content)` moves a message that failed too often and
    returns the name of the poison queue; it is None for a poison queue itself.
    """

    def __init__(
        self,
        storage: Storage,
        queue: QueueClient,
        to_poison: Callable[[str], str] | None,
        rules: QueueRules,
        run: Callable[[QueueMessage, str], str | None],
    ) -> None:
        self._storage = storage
        self._queue = queue
        self._to_poison = to_poison
        self._rules = rules
        self._run = run
        self._busy: set[Future[None]] = set()

    def listen(self, stop: threading.Event) -> None:
        """Process messages until `stop` is set, then wait for those in progress."""
        rules, pause_s = self._rules, MIN_POLL_S
        with ThreadPoolExecutor(rules.batch + rules.threshold, thread_name_prefix=self._queue.queue_name) as pool:
            while not stop.is_set():
                self._busy = {future for future in self._busy if not future.done()}
                if len(self._busy) > rules.threshold:
                    wait(self._busy, timeout=0.2, return_when=FIRST_COMPLETED)
                    continue
                messages = self._receive()
                for message in messages:
                    self._busy.add(pool.submit(self._process, message))
                if messages:
                    pause_s = MIN_POLL_S
                else:
                    stop.wait(pause_s)
                    pause_s = min(MAX_POLL_S, pause_s * 2 * random.uniform(0.8, 1.2))  # noqa: S311 - spreads polls only

    def _receive(self) -> list[QueueMessage]:
        try:
            return list(
                self._queue.receive_messages(
                    messages_per_page=self._rules.batch,
                    max_messages=self._rules.batch,
                    visibility_timeout=self._rules.visibility_s,
                )
            )
        except ResourceNotFoundError:
            return []  # the queue is created with its first message
        except AzureError as error:
            log.warning("queue %s: %s", self._queue.queue_name, str(error).splitlines()[0])
            return []

    def _process(self, message: QueueMessage) -> None:
        try:
            failed = self._execute(message)
            if not failed:
                self._queue.delete_message(message)
            elif self._to_poison is None:
                pass  # it stays hidden until its lock ends; a poison queue has no further queue
            elif (message.dequeue_count or 0) >= self._rules.max_dequeue:
                queue_name = self._to_poison(message.content)
                self._queue.delete_message(message)
                log.warning("%s", POISON_TEXT.format(self._rules.max_dequeue, queue_name))
            else:
                self._queue.update_message(message, visibility_timeout=self._rules.hidden_after_failure_s)
        except HttpResponseError as error:
            log.warning("message %s of %s: %s", message.id, self._queue.queue_name, str(error).splitlines()[0])
        except AzureError as error:
            log.warning("message %s of %s: %s", message.id, self._queue.queue_name, type(error).__name__)

    def _execute(self, message: QueueMessage) -> bool:
        """Run the function under a renewed lock; True if it failed. An undecodable message fails for good."""
        if (message.dequeue_count or 0) > self._rules.max_dequeue:
            return True
        try:
            body = base64.b64decode(message.content, validate=True).decode() if self._rules.base64 else message.content
        except ValueError:
            log.warning("a message of queue %s is not base64", self._queue.queue_name)
            message.dequeue_count = self._rules.max_dequeue
            return True
        done, lock = threading.Event(), threading.Lock()
        renewer = threading.Thread(target=self._renew, args=(message, done, lock), daemon=True)
        renewer.start()
        try:
            return self._run(message, body) is not None
        finally:
            with lock:  # waits for a renewal in progress: it changes the pop receipt that the next call needs
                done.set()

    def _renew(self, message: QueueMessage, done: threading.Event, lock: threading.Lock) -> None:
        """Renew the lock on a message at half time until `done`; an error of the storage is retried."""
        while not done.wait(self._rules.visibility_s / 2):
            with lock:
                if done.is_set():
                    return
                try:
                    renewed = self._queue.update_message(message, visibility_timeout=self._rules.visibility_s)
                except AzureError as error:
                    log.warning("the lock of message %s was not renewed: %s", message.id, type(error).__name__)
                    if isinstance(error, HttpResponseError) and error.status_code in _TAKEN:
                        return
                    continue
                message.pop_receipt, message.next_visible_on = renewed.pop_receipt, renewed.next_visible_on


def queue_trigger(
    storage: Storage, executor: Executor, function: Function, host_json: HostJson, visibility_s: int
) -> QueueListener:
    """Return the listener of a queue-triggered function."""
    binding = function.trigger
    name = resolve(binding["queueName"])
    connection = binding.get("connection")
    poison = storage.queue(connection, name + POISON)

    def to_poison(content: str) -> str:
        storage.send(poison, content, base64=False)  # unchanged, in whatever encoding
        return str(poison.queue_name)

    def run(message: QueueMessage, body: str) -> str | None:
        reason = f"New queue message detected on '{name}'."
        return executor.execute(function, reason, {binding["name"]: ("string", body)}, metadata_of(message, body)).error

    rules = QueueRules(
        batch=host_json.queue_batch,
        threshold=host_json.queue_threshold,
        max_dequeue=host_json.queue_max_dequeue,
        hidden_after_failure_s=host_json.queue_visibility_s,
        base64=host_json.queue_base64,
        visibility_s=visibility_s,
    )
    return QueueListener(
        storage, storage.queue(connection, name), None if name.endswith(POISON) else to_poison, rules, run
    )


def metadata_of(message: QueueMessage, body: str) -> dict[str, Value]:
    """Return the trigger metadata of a queue message."""
    times = {
        "InsertionTime": message.inserted_on,
        "ExpirationTime": message.expires_on,
        "NextVisibleTime": message.next_visible_on,
    }
    metadata: dict[str, Value] = {
        "QueueTrigger": ("string", body),
        "DequeueCount": ("json", json.dumps(message.dequeue_count)),
        "Id": ("string", message.id),
        "PopReceipt": ("string", message.pop_receipt),
    }
    return metadata | {name: ("json", json.dumps(time.isoformat())) for name, time in times.items() if time is not None}
