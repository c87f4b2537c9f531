"""The stack of a chaos run, with a proxy between the app and each service that it uses."""

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

from landfall.chaos.fault_injection import FaultInjector
from landfall.chaos.lossy_blob_queue import QUEUE, LossyBlobQueue
from landfall.chaos.proxy import HOST, Answer, Proxy, Request
from landfall.chaos.schedule import Schedule
from landfall.chaos.secret_scan import SecretScan, secrets_of
from landfall.sample_data.census import LABEL
from landfall.stack.azurite import AzuritePorts
from landfall.stack.stack_ports import StackPorts
from landfall.stack.up import EXAMPLE_ROUTES, RunningStack, StackOptions, start_stack
from shared.intake.settings import TrainingSetKind

DEBOUNCE_S, MAX_WAIT_S, MAX_FILES = 2, 12, 5  # of batches: some end by each of the three
WINDOW_FILES = 4
TRAINING_WORKERS = 3  # one job with a slow storage must not block all others


class ProxyRecorder:
    """Records what passes the proxies: the input of each submitted job, and secrets in rows and messages."""

    def __init__(self) -> None:
        self.submitted: dict[str, str] = {}
        self._secret_scan: SecretScan | None = None
        self._early: list[tuple[str, Request]] = []
        self._lock = threading.Lock()

    def studio(self, request: Request, answer: Answer) -> None:
        """Record the id of a submitted job, also if the answer never reaches the app."""
        if request.method == "POST" and request.path.endswith("/jobs") and answer.status == 200:
            (pinned,) = json.loads(request.body)["Inputs"].values()
            self.submitted[json.loads(answer.body)] = pinned["RelativeLocation"]

    def queue(self, request: Request, answer: Answer) -> None:
        """Search every queue message for secrets."""
        del answer
        self._search("a queue message", request)

    def table(self, request: Request, answer: Answer) -> None:
        """Search every write of a row for secrets, also one that is overwritten later."""
        del answer
        self._search("a row as it was written", request)

    def search_for(self, secret_scan: SecretScan) -> None:
        """Set the secrets to search for, and search what passed before."""
        with self._lock:
            self._secret_scan, early = secret_scan, self._early
        for place, request in early:
            self._search(place, request)

    def _search(self, place: str, request: Request) -> None:
        if request.method == "GET" or not request.body:
            return
        with self._lock:
            if self._secret_scan is None:
                self._early.append((place, request))
                return
        self._secret_scan.search_message(place, request.body.decode(errors="replace"))


@dataclass(frozen=True)
class ProxiedStack:
    """A running stack and the proxies between its parts.

    Attributes:
        proxies: of blobs, queues, tables and the studio, in this order.
        studio: the studio's own URL, past its proxy.
    """

    stack: RunningStack
    ports: StackPorts
    proxies: tuple[Proxy, ...]
    faults: FaultInjector
    events: LossyBlobQueue
    recorder: ProxyRecorder
    secret_scan: SecretScan
    studio: str


@contextlib.contextmanager
def start_proxied_stack(schedule: Schedule, state: Path, report: Callable[[str], None]) -> Iterator[ProxiedStack]:
    """Start a stack on free ports, and end it in any case.

    Raises:
        CommandError: it cannot be started; nothing is left running.
    """
    ports, recorder = StackPorts.free(), ProxyRecorder()
    faults = FaultInjector(random.Random(schedule.fault_seed))  # noqa: S311 - not for secrets
    events = LossyBlobQueue(random.Random(schedule.event_seed), ports.azurite.queue)  # noqa: S311
    proxies = (
        Proxy(ports.azurite.blob, lambda request: faults.treatment_for(0, request)),
        Proxy(
            ports.azurite.queue,
            lambda request: faults.treatment_for(1, request),
            intercept=events.intercept,
            witness=recorder.queue,
        ),
        Proxy(ports.azurite.table, lambda request: faults.treatment_for(2, request), witness=recorder.table),
        Proxy(ports.studio, lambda request: faults.treatment_for(3, request), witness=recorder.studio),
    )
    blob, queue, table, studio = (proxy.port for proxy in proxies)
    options = StackOptions(
        state=state,
        routes=_write_routes(state, schedule) or EXAMPLE_ROUTES,
        settings={"AzureWebJobsStorage": AzuritePorts(blob, queue, table).connection_string},
        # The app hands connection strings and links on to the studio; they name the proxy's port.
        studio_arguments=("--allow-host", f"{HOST}:{blob}", "--workers", str(TRAINING_WORKERS)),
        ports=ports,
        studio_public_url=f"http://{HOST}:{studio}",
    )
    try:
        with start_stack(options, report) as stack:
            _create_event_queue(stack.document["storage"])
            secret_scan = SecretScan(secrets_of(stack.document))
            recorder.search_for(secret_scan)
            try:
                yield ProxiedStack(
                    stack, ports, proxies, faults, events, recorder, secret_scan, f"http://{HOST}:{ports.studio}"
                )
            finally:
                _kill_host(stack)
    finally:
        events.close()
        for proxy in proxies:
            proxy.close()


def _write_routes(state: Path, schedule: Schedule) -> Path | None:
    """Write the example's routes with an intake and batches; None: the schedule needs neither."""
    if schedule.training_set is None:
        return None
    window = f"window_files = {WINDOW_FILES}\n" if schedule.training_set is TrainingSetKind.WINDOW else ""
    state.mkdir(parents=True, exist_ok=True)
    path = state / "chaos.routes.toml"
    path.write_text(
        f'{EXAMPLE_ROUTES.read_text(encoding="utf-8")}\n[routes.census.intake]\nlabel = "{LABEL}"\n'
        f'\n[routes.census.batch]\ntraining_set = "{schedule.training_set}"\n{window}'
        f"debounce_s = {DEBOUNCE_S}\nmax_wait_s = {MAX_WAIT_S}\nmax_files = {MAX_FILES}\n",
        encoding="utf-8",
    )
    return path


def _kill_host(stack: RunningStack) -> None:
    """Kill the host: it would wait half a minute for functions that the faults keep from finishing."""
    host = stack.part("host").identity.find()
    if host is None:
        return
    with contextlib.suppress(psutil.Error):
        workers = host.children(recursive=True)
        host.kill()  # before its workers: a living host would start another one
        for worker in workers:
            with contextlib.suppress(psutil.Error):
                worker.kill()


def _create_event_queue(storage: str) -> None:
    """Create the queue: the host creates it with its first message, which the chaos run may drop."""
    with QueueClient.from_connection_string(storage, QUEUE) as queue, contextlib.suppress(ResourceExistsError):
        queue.create_queue()
