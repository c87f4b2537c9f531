"""The host: starts a listener for each function of an app, runs until it is stopped, and drains."""

import hashlib
import logging
import os
import re
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from landfall.host.blob_listener import BlobListener
from landfall.host.executor import Executor
from landfall.host.host_json import HostJson
from landfall.host.http_listener import HttpListener
from landfall.host.invoker import Invoker
from landfall.host.options import HostOptions
from landfall.host.queue_listener import queue_trigger
from landfall.host.settings import SettingsError
from landfall.host.singleton import Singleton
from landfall.host.storage import Storage
from landfall.host.timer_listener import TimerListener
from landfall.host.worker import Function

log = logging.getLogger("host")

HOST_ID_SETTING = "AzureFunctionsWebHost__hostid"  # as the Functions host spells it
BLOB_SCAN = "WebJobs.Internal.Blobs"  # the Functions host's name of the lock on the scan
RELEASE_TIMEOUT_S = 3.0  # for releasing messages and locks once the worker has ended
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,126}")
_TRIGGERS = {"blobtrigger", "queuetrigger", "timertrigger", "httptrigger"}
_OUTPUTS = {"queue", "http"}


class Host:
    """Hosts one app. The app's settings are in the environment of this process.

    Raises:
        AppError: the app could not be indexed.
        SettingsError: `host.json`, a binding or a setting cannot be used.
    """

    def __init__(self, app_folder: Path, options: HostOptions) -> None:
        host_json = HostJson.load(app_folder)
        self._drain_s = options.drain_s
        self._stop = threading.Event()
        self.failed = False
        self._invoker = Invoker(app_folder, host_json.function_timeout_s)
        try:
            functions = list(self._invoker.functions.values())
            _check(functions)
            host_id = host_id_of(app_folder)
            storage = Storage()
            storage.create_hosts()
            executor = Executor(self._invoker, storage, base64=host_json.queue_base64)
            lock_s = options.lock_s or host_json.lock_s
            lock = partial(Singleton, storage, host_id, lock_s=lock_s, retry_s=host_json.lock_retry_s or lock_s)
            by_kind = {kind: [function for function in functions if trigger_of(function) == kind] for kind in _TRIGGERS}
            self._listeners: list[tuple[str, Callable[[threading.Event], None]]] = []
            for function in by_kind["queuetrigger"]:
                listener = queue_trigger(storage, executor, function, host_json, options.visibility_s)
                self._listeners.append((function.name, listener.listen))
            for function in by_kind["timertrigger"]:
                timer = TimerListener(storage, executor, function, host_id)
                singleton = lock(f"Host.Functions.{function.name}")
                self._listeners.append((function.name, partial(singleton.run, work=timer.listen)))
            if by_kind["blobtrigger"]:
                blobs = BlobListener(
                    storage,
                    executor,
                    by_kind["blobtrigger"],
                    host_json,
                    host_id=host_id,
                    visibility_s=options.visibility_s,
                )
                self._listeners.append(("blob queue", blobs.listen))
                scan = partial(blobs.scan, every_s=options.blob_scan_s)
                self._listeners.append(("blob scan", partial(lock(BLOB_SCAN).run, work=scan)))
            self._http = HttpListener(executor, by_kind["httptrigger"], options.port, options.nonce)
        except BaseException:
            self._invoker.stop()
            raise
        self._threads: list[threading.Thread] = []
        for function in functions:
            log.info("%s: %s", function.name, trigger_of(function))
        log.info("host id %s", host_id)

    @property
    def port(self) -> int:
        """The port of HTTP functions on 127.0.0.1."""
        return self._http.port

    @property
    def worker_pid(self) -> int:
        """The process id of the worker."""
        return self._invoker.worker_pid

    def start(self) -> None:
        """Start every listener."""
        self._http.start()
        for name, listen in self._listeners:
            thread = threading.Thread(target=self._guard, args=(name, listen), name=name, daemon=True)
            thread.start()
            self._threads.append(thread)
        self._http.running = True
        log.info("Host started on http://127.0.0.1:%d", self.port)

    def stop(self) -> None:
        """Ask the host to stop; may be called from a signal handler."""
        self._stop.set()

    def wait(self) -> None:
        """Wait until the host is asked to stop, then drain: it starts no new work, and waits for running functions."""
        self._stop.wait()
        log.info("stopping; waiting for running functions")
        deadline = time.monotonic() + self._drain_s
        self._http.stop(self._drain_s)
        if not self._ended_by(deadline):
            log.warning("functions still run after %.0f s: they end with the worker", self._drain_s)
        self._invoker.stop()
        self._ended_by(time.monotonic() + RELEASE_TIMEOUT_S)
        log.info("Host stopped")

    def _ended_by(self, deadline: float) -> bool:
        """Wait for the listeners until a deadline of the monotonic clock; returns whether all ended."""
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _guard(self, name: str, listen: Callable[[threading.Event], None]) -> None:
        """Run a listener; if it dies, stop the host: the function would miss its events."""
        try:
            listen(self._stop)
        except Exception:  # any error here is a defect of this host
            log.exception("listener %s died", name)
            self.failed = True
            self._stop.set()


def host_id_of(app_folder: Path) -> str:
    """Return the host id of the setting, or one made of the app's folder on this machine."""
    own = hashlib.sha256(str(app_folder.resolve()).encode()).hexdigest()[:20]
    return os.environ.get(HOST_ID_SETTING) or f"local-{own}"


def trigger_of(function: Function) -> str:
    """Return the type of a function's trigger in lower case."""
    return str(function.trigger.get("type", "")).lower()


def _check(functions: list[Function]) -> None:
    """Check what the .NET host checks and the runtime library does not.

    Raises:
        SettingsError: with every problem.
    """
    problems = []
    for function in functions:
        if not _NAME.fullmatch(function.name):
            problems.append(f"{function.name!r} is not a function name: use a letter, then letters, digits, _ and -")
        if trigger_of(function) not in _TRIGGERS:
            problems.append(f"{function.name}: trigger {trigger_of(function) or 'none'!r} is not hosted here")
        if function.has_retry_policy:
            problems.append(f"{function.name}: retry policies are not hosted here")
        problems += [
            f"{function.name}: binding {binding['type']!r} is not hosted here"
            for binding in function.bindings
            if str(binding["type"]).lower() not in _TRIGGERS | _OUTPUTS
        ]
    if not functions:
        problems.append("the app has no functions")
    if problems:
        raise SettingsError("; ".join(problems))
