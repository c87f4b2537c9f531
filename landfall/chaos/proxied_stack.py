"""The stack of a run, with our proxies between the app and everything that it needs."""

import contextlib
import json
import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
from azure.core.exceptions import ResourceExistsError
from azure.storage.queue import QueueClient

from landfall.chaos.fault_injection import Weather
from landfall.chaos.lossy_blob_queue import QUEUE, LossyEvents
from landfall.chaos.proxy import HOST, Answer, Proxy, Request
from landfall.chaos.schedule import Plan
from landfall.chaos.secret_scan import Leaks, secrets_of
from landfall.stack.azurite import AzuritePorts
from landfall.stack.stack_ports import StackPorts
from landfall.stack.up import RunningStack, StackOptions, start_stack

TRAININGS_AT_ONCE = 3  # a job whose storage is slow must not keep all the others waiting


class Seen:
    """What the proxies see go by: which job was submitted for which input, and every text that was to be stored."""

    def __init__(self) -> None:
        self.submitted: dict[str, str] = {}
        self._leaks: Leaks | None = None
        self._early: list[tuple[str, Request]] = []
        self._lock = threading.Lock()

    def studio(self, request: Request, answer: Answer) -> None:
        """Note the id that a submitted job was given, also if the app never gets to know it."""
        if request.method == "POST" and request.path.endswith("/jobs") and answer.status == 200:
            (pinned,) = json.loads(request.body)["Inputs"].values()
            self.submitted[json.loads(answer.body)] = pinned["RelativeLocation"]

    def queue(self, request: Request, answer: Answer) -> None:
        """Look at every message for a queue."""
        del answer
        self._search("a queue message", request)

    def table(self, request: Request, answer: Answer) -> None:
        """Look at every write of a row, also of those that are overwritten later."""
        del answer
        self._search("a row as it was written", request)

    def search_for(self, leaks: Leaks) -> None:
        """Say what is to be searched for; what went by before is searched now."""
        with self._lock:
            self._leaks, early = leaks, self._early
        for place, request in early:
            self._search(place, request)

    def _search(self, place: str, request: Request) -> None:
        if request.method == "GET" or not request.body:
            return
        with self._lock:
            if self._leaks is None:
                self._early.append((place, request))
                return
        self._leaks.search_message(place, request.body.decode(errors="replace"))


@dataclass(frozen=True)
class Stage:
    """A running stack and what stands between its parts.

    Attributes:
        proxies: of blobs, queues, tables and the studio, in this order.
        studio: the studio's own URL, past its proxy.
    """

    stack: RunningStack
    ports: StackPorts
    proxies: tuple[Proxy, ...]
    weather: Weather
    events: LossyEvents
    seen: Seen
    leaks: Leaks
    studio: str


@contextlib.contextmanager
def staged(plan: Plan, state: Path, report: Callable[[str], None]) -> Iterator[Stage]:
    """Start a stack on free ports, and end it, whatever happens.

    Raises:
        CommandError: it cannot be started; nothing is left running.
    """
    ports, seen = StackPorts.free(), Seen()
    weather = Weather(random.Random(plan.weather))  # noqa: S311 - not for secrets
    events = LossyEvents(random.Random(plan.events), ports.azurite.queue)  # noqa: S311
    proxies = (
        Proxy(ports.azurite.blob, lambda request: weather.treat(0, request)),
        Proxy(
            ports.azurite.queue,
            lambda request: weather.treat(1, request),
            intercept=events.intercept,
            witness=seen.queue,
        ),
        Proxy(ports.azurite.table, lambda request: weather.treat(2, request), witness=seen.table),
        Proxy(ports.studio, lambda request: weather.treat(3, request), witness=seen.studio),
    )
    blob, queue, table, studio = (proxy.port for proxy in proxies)
    options = StackOptions(
        state=state,
        settings={"AzureWebJobsStorage": AzuritePorts(blob, queue, table).connection_string},
        # What the app hands on names the proxy's port: connection strings and links that the studio then follows.
        studio_arguments=("--allow-host", f"{HOST}:{blob}", "--workers", str(TRAININGS_AT_ONCE)),
        ports=ports,
        studio_seen_at=f"http://{HOST}:{studio}",
    )
    try:
        with start_stack(options, report) as stack:
            _create_event_queue(stack.document["storage"])
            leaks = Leaks(secrets_of(stack.document))
            seen.search_for(leaks)
            try:
                yield Stage(stack, ports, proxies, weather, events, seen, leaks, f"http://{HOST}:{ports.studio}")
            finally:
                _kill_host(stack)
    finally:
        events.close()
        for proxy in proxies:
            proxy.close()


def _kill_host(stack: RunningStack) -> None:
    """End the host by force: it would wait half a minute for functions that our faults keep from finishing."""
    host = stack.part("host").own.find()
    if host is None:
        return
    with contextlib.suppress(psutil.Error):
        workers = host.children(recursive=True)
        host.kill()  # first, or it would start another worker
        for worker in workers:
            with contextlib.suppress(psutil.Error):
                worker.kill()


def _create_event_queue(storage: str) -> None:
    """Create the queue that the host would create with its first message: that one may now be lost."""
    with QueueClient.from_connection_string(storage, QUEUE) as queue, contextlib.suppress(ResourceExistsError):
        queue.create_queue()
