"""Starts the services of the benchmark: each a process on the same core, ready once it has scored a row."""

import contextlib
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil

from bench.serving import dialects, virtualenvs
from bench.serving.dialects import Dialect, Rows
from bench.serving.fixtures import Fixtures
from bench.serving.load import send_once
from bench.serving.pin_cpu import usable_cores
from landfall.stack import processes
from landfall.stack.ports import free_ports
from landfall.stack.stack_state import StateFolder

PLAIN_FASTAPI = Path(__file__).parent / "baselines" / "plain_fastapi.py"


@dataclass(frozen=True)
class Service:
    """A running service."""

    name: str
    port: int
    dialect: Dialect
    process: psutil.Process

    def cpu_s(self) -> float:
        """Return the processor time that it has used, with its child processes."""
        family = [self.process, *self.process.children(recursive=True)]
        return sum(sum(process.cpu_times()[:2]) for process in family)


def cores() -> tuple[int | None, int | None]:
    """Return the core of the services and that of the load; None for both if there are fewer than two."""
    usable = usable_cores()
    return (usable[0], usable[1]) if len(usable) > 1 else (None, None)


@contextlib.contextmanager
def started(
    name: str,
    command: Sequence[str],
    port: int,
    dialect: Dialect,
    row: Rows,
    *,
    state: StateFolder,
) -> Iterator[Service]:
    """Run a service for the time of the `with`; it is ready once it has answered `row`.

    Raises:
        CommandError: it ended before it was ready, or took too long.
    """
    core, _ = cores()
    first = [sys.executable, "-m", "bench.serving.pin_cpu", str(core)] if core is not None else []
    part = processes.Part(name.replace(" ", "-"), [*first, *command], state)
    try:
        part.wait_until(partial(_answers, port, dialect.request(row)))
        yield Service(name, port, dialect, psutil.Process(part.process.pid))
    finally:
        processes.end_process(part.identity)
        part.process.wait()


def _answers(port: int, request: bytes) -> bool:
    try:
        ok, _ = send_once(port, request)
    except OSError:
        return False
    return ok


@contextlib.contextmanager
def studio(
    fixtures: Fixtures, row: Rows, state: StateFolder, allow_host: str | None = None
) -> Iterator[tuple[Service, str]]:
    """Serve the published experiment; yields the service and its base URL. A new model serves at once."""
    (port,) = free_ports(1)
    serve = ["serve", "--port", str(port), "--data", str(fixtures.data), "--activation-delay-s", "0"]
    allowed = ["--allow-host", allow_host] if allow_host else []
    url = f"http://127.0.0.1:{port}"
    endpoint = fixtures.described(url)["predictive"]["endpoints"][0]
    names = [column.name for column in fixtures.model.columns]
    dialect = dialects.studio(port, endpoint["execute_url"], endpoint["api_key"], names)
    command = [*processes.studio_command(), *serve, *allowed]
    with started("the studio", command, port, dialect, row, state=state) as service:
        yield service, url


@contextlib.contextmanager
def plain_fastapi(fixtures: Fixtures, row: Rows, state: StateFolder) -> Iterator[Service]:
    """Serve the same trees by a plain FastAPI service.

    Raises:
        UnavailableError: its environment cannot be created.
    """
    python = virtualenvs.interpreter(virtualenvs.PLAIN)
    (port,) = free_ports(1)
    command = [str(python), str(PLAIN_FASTAPI), str(fixtures.folder), str(port)]
    with started("plain FastAPI", command, port, dialects.plain_fastapi(port, fixtures), row, state=state) as service:
        yield service


@contextlib.contextmanager
def mlserver(fixtures: Fixtures, row: Rows, state: StateFolder, workers: int) -> Iterator[Service]:
    """Serve the same trees by MLServer and its LightGBM runtime; with 0 workers it scores in its own process.

    Raises:
        UnavailableError: its environment cannot be created.
    """
    python = virtualenvs.interpreter(virtualenvs.MLSERVER)
    port, grpc, metrics = free_ports(3)
    folder = fixtures.folder / f"mlserver-{workers}"
    folder.mkdir()
    ports = {"host": "127.0.0.1", "http_port": port, "grpc_port": grpc, "metrics_port": metrics}
    settings = {**ports, "debug": False, "parallel_workers": workers}
    model = {
        "name": dialects.MLSERVER_MODEL,
        "implementation": "mlserver_lightgbm.LightGBMModel",
        "parameters": {"uri": str(fixtures.folder / "model.txt")},
    }
    (folder / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
    (folder / "model-settings.json").write_text(json.dumps(model), encoding="utf-8")
    command = [str(python), str(python.with_name("mlserver")), "start", str(folder)]
    name = f"MLServer {'without a worker' if not workers else 'with a worker'}"
    with started(name, command, port, dialects.mlserver(port, fixtures), row, state=state) as service:
        yield service
