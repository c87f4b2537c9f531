"""Executes a function: runs it, writes its queue outputs, and logs the execution as the Functions host does."""

import json
import logging
import time
import uuid
from typing import Any

from landfall.host.invoker import Invoker
from landfall.host.settings import resolve
from landfall.host.storage import Storage
from landfall.host.worker import Function, Outcome, Value

log = logging.getLogger("host")


class Executor:
    """Executes functions; an output that cannot be written fails the execution, as in Azure."""

    def __init__(self, invoker: Invoker, storage: Storage, *, base64: bool) -> None:
        self._invoker = invoker
        self._storage = storage
        self._base64 = base64

    def execute(self, function: Function, reason: str, inputs: dict[str, Value], metadata: dict[str, Value]) -> Outcome:
        """Execute a function and write its outputs."""
        invocation_id = str(uuid.uuid4())
        log.info("Executing 'Functions.%s' (Reason='%s', Id=%s)", function.name, reason, invocation_id)
        started = time.monotonic()
        outcome = self._invoker.invoke(function, inputs, metadata, invocation_id)
        if outcome.error is None:
            try:
                self._write_outputs(function, outcome)
            except Exception as error:  # noqa: BLE001 - any error of an output binding fails the execution
                outcome = Outcome(invocation_id, f"output binding: {error}")
        took_ms = (time.monotonic() - started) * 1000
        ended = "Failed" if outcome.error else "Succeeded"
        log.info("Executed 'Functions.%s' (%s, Id=%s, Duration=%.0fms)", function.name, ended, invocation_id, took_ms)
        if outcome.error:
            log.error("Functions.%s: %s", function.name, outcome.error.rstrip())
        return outcome

    def _write_outputs(self, function: Function, outcome: Outcome) -> None:
        for binding in function.bindings:
            if binding["type"].lower() != "queue":
                continue
            value = outcome.returned if binding["name"] == "$return" else outcome.outputs.get(binding["name"])
            if value is not None:
                queue = self._storage.queue(binding.get("connection"), resolve(binding["queueName"]))
                for text in _messages(value):
                    self._storage.send(queue, text, base64=self._base64)


def _messages(value: Value) -> list[str]:
    """Return the messages of a queue output: one message, or the items of a list."""
    kind, content = value
    if kind != "json":
        return [content.decode() if isinstance(content, bytes) else str(content)]
    items: Any = json.loads(content)
    return [
        item if isinstance(item, str) else json.dumps(item) for item in (items if isinstance(items, list) else [items])
    ]
