"""The environment of a benchmark: a real Azurite and studio behind counting proxies, and the app's services."""

import contextlib
import os
import re
import threading
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import requests
from azure.storage.blob import BlobServiceClient

from bench.errors import BenchError
from bench.proxy import CountingProxy
from bench.request_recorder import AGENT_VARIABLE, STUDIO_AGENT, RequestRecorder
from landfall.stack import processes
from landfall.stack.azurite import port_answers, running_azurite
from landfall.stack.ports import free_ports
from landfall.stack.publishing import create_storage, publish, put_first_models
from landfall.stack.settings import app_settings
from landfall.stack.stack_state import StateFolder
from landfall.stack.up import EXAMPLE_EXPERIMENT, EXAMPLE_ROUTES
from shared.pipeline.polling import Ticker
from shared.records.run import Run
from shared.services import Services
from shared.wiring import build_services

ROUTE = "census"
MAX_JOB_S = 120  # a busy machine trains slowly
_ENDPOINT = re.compile(r"(\w+)Endpoint=http://127\.0\.0\.1:(\d+)/")


@dataclass(frozen=True)
class Environment:
    """What a measurement works with.

    Attributes:
        services, ticker: those of one worker of the function app; each of their requests passes a proxy.
        settings: the app's settings, for a worker in a process of its own.
        storage: connection string that bypasses the proxies, for requests that are not the app's.
        jobs_held: while set, requests to start a job are answered and do not reach the studio.
        names: name of each endpoint by the id in its URL.
    """

    services: Services
    ticker: Ticker
    recorder: RequestRecorder
    settings: dict[str, str]
    storage: str
    jobs_held: threading.Event
    names: dict[str, str]

    def upload(self, name: str, text: str) -> None:
        """Put a file into the input container."""
        with BlobServiceClient.from_connection_string(self.storage) as blobs:
            blobs.get_blob_client(self.services.routes.input, name).upload_blob(text.encode())

    def run_of(self, run_id: str) -> Run:
        """Read a run of the route.

        Raises:
            BenchError: there is no such run.
        """
        stored = self.services.runs.get(ROUTE, run_id)
        if stored is None:
            raise BenchError(f"run {run_id} is gone")
        return stored.run

    def wait_for_job(self, run: Run) -> None:
        """Wait until the run's job has ended at the studio.

        Raises:
            BenchError: it did not end in time.
        """
        url = f"{self.settings['CENSUS_JOBS_URL']}/{run.job_id}?api-version=2.0"
        key = {"Authorization": f"Bearer {self.settings['CENSUS_TRAINING_KEY']}"}
        deadline = time.monotonic() + MAX_JOB_S
        while requests.get(url, headers=key, timeout=30).json()["StatusCode"] in {"NotStarted", "Running"}:
            if time.monotonic() > deadline:
                raise BenchError(f"job {run.job_id} did not end within {MAX_JOB_S} s")
            time.sleep(0.1)


@contextlib.contextmanager
def running_environment(folder: Path, activation_delay_s: float) -> Iterator[Environment]:
    """Start an environment in an empty folder; a model serves `activation_delay_s` after it was accepted."""
    state, recorder, jobs_held = StateFolder(folder), RequestRecorder(), threading.Event()
    state.create()

    def withheld(_method: str, path: str) -> bool:
        return jobs_held.is_set() and path.partition("?")[0].endswith("/start")

    with contextlib.ExitStack() as running:
        # Signatures of storage requests cover neither host nor port, so the app may use the proxies' ports.
        proxied = storage = running.enter_context(running_azurite())
        for service, port in _ENDPOINT.findall(storage):
            proxy = running.enter_context(CountingProxy(service.lower(), int(port), recorder.report))
            proxied = proxied.replace(f":{port}/", f":{proxy.port}/")
        (studio_port,) = free_ports(1)
        proxy = running.enter_context(CountingProxy("studio", studio_port, recorder.report, withheld))
        described = publish(state, [EXAMPLE_EXPERIMENT], f"http://127.0.0.1:{proxy.port}")
        blob_port = dict(_ENDPOINT.findall(proxied))["Blob"]
        running.enter_context(_studio(state, studio_port, f"127.0.0.1:{blob_port}", activation_delay_s))
        settings = app_settings(
            storage=proxied,
            routes=str(EXAMPLE_ROUTES),
            container=tomllib.loads(EXAMPLE_ROUTES.read_text(encoding="utf-8"))["input"],
            functions_key="",
            services=described["services"],
            chosen={},
        )
        services = build_services(settings)
        create_storage(storage, services.routes.input)
        put_first_models(storage, services.routes, described["services"], [EXAMPLE_EXPERIMENT])
        names = {
            endpoint["execute_url"].rsplit("/", 2)[1]: endpoint["name"]
            for service in described["services"]
            for endpoint in service["predictive"]["endpoints"]
        }
        environment = Environment(services, Ticker(), recorder, settings, storage, jobs_held, names)
        environment.ticker.tick(services)  # the first tick of a worker does more, and is not counted
        yield environment


@contextlib.contextmanager
def _studio(state: StateFolder, port: int, storage_host: str, activation_delay_s: float) -> Iterator[None]:
    """Serve what was published. The studio's own requests to storage carry its name in their User-Agent."""
    serve = ["serve", "--port", str(port), "--data", str(processes.studio_data(state)), "--allow-host", storage_host]
    command = [*processes.studio_command(), *serve, "--activation-delay-s", str(activation_delay_s)]
    studio = processes.Part("studio", command, state, {**os.environ, AGENT_VARIABLE: STUDIO_AGENT})
    try:
        studio.wait_until(lambda: port_answers(port))
        yield
    finally:
        processes.end_process(studio.identity)
        studio.process.wait()
