"""The child process: indexes `function_app.py` through the runtime library and runs its functions on demand."""

import asyncio
import json
import logging
import os
import signal
import sys
import threading
import traceback
from collections.abc import Coroutine
from concurrent.futures import Future
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

from landfall.host.protos import Message, ParameterBinding, StatusResult, TypedData, protos_module

# A value between host and function: its kind ("string", "json", "bytes", "model_binding_data", "http") and content.
type Value = tuple[str, Any]


@dataclass(frozen=True)
class Function:
    """A function as the runtime library describes it to the host."""

    name: str
    function_id: str
    bindings: list[dict[str, Any]]
    has_retry_policy: bool

    @property
    def trigger(self) -> dict[str, Any]:
        """The binding of the trigger; empty if there is none."""
        triggers = (binding for binding in self.bindings if str(binding["type"]).lower().endswith("trigger"))
        return next(triggers, {})


@dataclass(frozen=True)
class Invocation:
    """A requested execution: input values and trigger metadata by name."""

    invocation_id: str
    function_id: str
    inputs: dict[str, Value]
    metadata: dict[str, Value]


@dataclass(frozen=True)
class Outcome:
    """The outcome of an execution: an error's text, or the return value and the outputs by name."""

    invocation_id: str
    error: str | None = None
    returned: Value | None = None
    outputs: dict[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Indexed:
    """The indexed app; `problem` says why it could not be indexed."""

    functions: list[Function]
    problem: str | None = None


@dataclass(frozen=True)
class LogLine:
    """A log line of the app, or of a library in its process."""

    level: int
    logger: str
    text: str


class _Sender:
    """Sends to the host from any thread."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._lock = threading.Lock()

    def send(self, message: Indexed | Outcome | LogLine) -> None:
        with self._lock:
            try:
                self._pipe.send(message)
            except OSError:
                os._exit(1)  # the host is gone: nothing uses this process any more


class _Forwarder(logging.Handler):
    """Sends log records to the host, which writes them to its own log."""

    def __init__(self, sender: _Sender) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(logging.Formatter("%(message)s"))  # level and logger are sent beside the text
        self._sender = sender

    def emit(self, record: logging.LogRecord) -> None:
        self._sender.send(LogLine(record.levelno, record.name, self.format(record)))


class _Runtime:
    """The runtime library, called as the front end of the real worker calls it."""

    def __init__(self, app_folder: str) -> None:
        import azure_functions_runtime  # noqa: PLC0415 - only the child process pays for this import

        self._runtime: Any = azure_functions_runtime
        self._app_folder = app_folder
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="functions", daemon=True).start()
        self._runtime.start_threadpool_executor()

    def index(self) -> Indexed:
        """Index the app and load every function."""
        init = Message(capabilities={}, function_app_directory=self._app_folder)
        answer = self._call("worker_init_request", init, {"protos": protos_module(), "host": "127.0.0.1"})
        if answer.result.status != StatusResult.Success:
            return Indexed([], f"{answer.result.exception.message}\n{answer.result.exception.stack_trace}")
        functions = []
        for metadata in self._call("functions_metadata_request", Message()).function_metadata_results or []:
            self._call("function_load_request", Message(function_id=metadata.function_id))
            bindings = [json.loads(binding) for binding in metadata.raw_bindings]
            functions.append(Function(metadata.name, metadata.function_id, bindings, bool(metadata.retry_options)))
        return Indexed(functions)

    def submit(self, invocation: Invocation) -> Future[Any]:
        """Start an execution."""
        request = Message(
            invocation_id=invocation.invocation_id,
            function_id=invocation.function_id,
            input_data=[ParameterBinding(name=name, data=_to_data(value)) for name, value in invocation.inputs.items()],
            trigger_metadata={name: _to_data(value) for name, value in invocation.metadata.items()},
            trace_context=Message(trace_parent="", trace_state="", attributes={}),
            retry_context=Message(retry_count=0, max_retry_count=0, exception=None),
        )
        return asyncio.run_coroutine_threadsafe(self._coroutine("invocation_request", request), self._loop)

    def _coroutine(self, verb: str, message: Message, properties: object = None) -> Coroutine[Any, Any, Any]:
        request = Message(name=verb, request=Message(**{verb: message}), properties=properties)
        coroutine: Coroutine[Any, Any, Any] = getattr(self._runtime, verb)(request)
        return coroutine

    def _call(self, verb: str, message: Message, properties: object = None) -> Any:
        return asyncio.run_coroutine_threadsafe(self._coroutine(verb, message, properties), self._loop).result()


def _to_data(value: Value) -> TypedData:
    kind, content = value
    if kind == "http":
        return TypedData(http=Message(**{**content, "body": TypedData(bytes=content["body"])}))
    if kind == "model_binding_data":
        return TypedData(
            model_binding_data=Message(
                version="1.0", source="AzureStorageBlobs", content_type="application/json", content=content.encode()
            )
        )
    return TypedData(**{kind: content})


def _to_value(data: TypedData | None) -> Value | None:
    if data is None:
        return None
    kind, content = next(iter(data.__dict__.items()))
    if kind == "http":
        body = _to_value(content.body)
        text = body[1] if body is not None else b""
        if isinstance(text, str):
            text = text.encode()
        return kind, {"status": int(content.status_code), "headers": dict(content.headers), "body": text}
    return kind, content


def _outcome(invocation_id: str, answer: Any) -> Outcome:
    if answer.result.status != StatusResult.Success:
        error = answer.result.exception
        return Outcome(invocation_id, f"{error.message}\n{error.stack_trace}")
    outputs = {output.name: value for output in answer.output_data if (value := _to_value(output.data)) is not None}
    return Outcome(invocation_id, None, _to_value(answer.return_value), outputs)


def main(pipe: Connection, app_folder: str) -> None:
    """Index the app, then run invocations until the host closes the pipe. Runs in the child process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the host ends this process
    os.chdir(app_folder)
    sys.path.insert(0, app_folder)
    sender = _Sender(pipe)
    logging.basicConfig(level=logging.INFO, handlers=[_Forwarder(sender)], force=True, format="%(message)s")
    for noisy in ("azure", "azure_functions_runtime", "azure.functions"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    try:
        runtime = _Runtime(app_folder)
        indexed = runtime.index()
    except Exception:  # noqa: BLE001 - any error of the app or the library is shown to the user
        indexed = Indexed([], traceback.format_exc())
    sender.send(indexed)
    if indexed.problem is not None:
        return
    while True:
        try:
            invocation: Invocation | None = pipe.recv()
        except (EOFError, OSError):
            invocation = None
        if invocation is None:
            os._exit(0)  # the host has stopped, and has given up functions that still run
        _begin(runtime, sender, invocation)


def _begin(runtime: _Runtime, sender: _Sender, invocation: Invocation) -> None:
    def done(future: Future[Any]) -> None:
        error = future.exception()
        if error is not None:
            sender.send(Outcome(invocation.invocation_id, "".join(traceback.format_exception(error))))
        else:
            sender.send(_outcome(invocation.invocation_id, future.result()))

    runtime.submit(invocation).add_done_callback(done)
