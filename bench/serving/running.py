"""Starts the services of the benchmark: each a process on the same core, and ready once it has scored a row."""

import contextlib
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil

from bench.serving import environments, services
from bench.serving.load import ask
from bench.serving.material import Material
from bench.serving.pinned import usable_cores
from bench.serving.services import Dialect, Rows
from landfall.stack import parts
from landfall.stack.ports import free_ports
from landfall.stack.state import StateFolder

PLAIN_FASTAPI = Path(__file__).parent / "rivals" / "plain_fastapi.py"


@dataclass(frozen=True)
class Service:
    """A service that answers."""

    name: str
    port: int
    dialect: Dialect
    process: psutil.Process

    def cpu_s(self) -> float:
        """Return the processor time that it has taken, its child processes included."""
        family = [self.process, *self.process.children(recursive=True)]
        return sum(sum(one.cpu_times()[:2]) for one in family)


def cores() -> tuple[int | None, int | None]:
    """Return the core of the services and that of the load; None if there are not two to choose from."""
    found = usable_cores()
    return (found[0], found[1]) if len(found) > 1 else (None, None)


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
        StackError: it ended before, or took too long.
    """
    core, _ = cores()
    first = [sys.executable, "-m", "bench.serving.pinned", str(core)] if core is not None else []
    part = parts.Part(name.replace(" ", "-"), [*first, *command], state)
    try:
        part.wait_until(partial(_answers, port, dialect.request(row)))
        yield Service(name, port, dialect, psutil.Process(part.process.pid))
    finally:
        parts.end(part.own)
        part.process.wait()


def _answers(port: int, request: bytes) -> bool:
    try:
        fine, _ = ask(port, request)
    except OSError:
        return False
    return fine


@contextlib.contextmanager
def studio(
    material: Material, row: Rows, state: StateFolder, allow_host: str | None = None
) -> Iterator[tuple[Service, str]]:
    """Serve the published experiment; gives the service and its base URL. New models serve at once."""
    (port,) = free_ports(1)
    serve = ["serve", "--port", str(port), "--data", str(material.data), "--activation-delay-s", "0"]
    allowed = ["--allow-host", allow_host] if allow_host else []
    url = f"http://127.0.0.1:{port}"
    endpoint = material.described(url)["predictive"]["endpoints"][0]
    names = [column.name for column in material.model.columns]
    dialect = services.studio(port, endpoint["execute_url"], endpoint["api_key"], names)
    command = [*parts.studio_command(), *serve, *allowed]
    with started("the studio", command, port, dialect, row, state=state) as service:
        yield service, url


@contextlib.contextmanager
def plain_fastapi(material: Material, row: Rows, state: StateFolder) -> Iterator[Service]:
    """Serve the same trees by a plain FastAPI service.

    Raises:
        UnavailableError: its environment cannot be made.
    """
    python = environments.interpreter(environments.PLAIN)
    (port,) = free_ports(1)
    command = [str(python), str(PLAIN_FASTAPI), str(material.folder), str(port)]
    with started("plain FastAPI", command, port, services.plain_fastapi(port, material), row, state=state) as service:
        yield service


@contextlib.contextmanager
def mlserver(material: Material, row: Rows, state: StateFolder, workers: int) -> Iterator[Service]:
    """Serve the same trees by MLServer and its LightGBM runtime; with 0 workers it scores in its own process.

    Raises:
        UnavailableError: its environment cannot be made.
    """
    python = environments.interpreter(environments.MLSERVER)
    port, grpc, metrics = free_ports(3)
    folder = material.folder / f"mlserver-{workers}"
    folder.mkdir()
    ports = {"host": "127.0.0.1", "http_port": port, "grpc_port": grpc, "metrics_port": metrics}
    settings = {**ports, "debug": False, "parallel_workers": workers}
    model = {
        "name": services.MLSERVER_MODEL,
        "implementation": "mlserver_lightgbm.LightGBMModel",
        "parameters": {"uri": str(material.folder / "model.txt")},
    }
    (folder / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
    (folder / "model-settings.json").write_text(json.dumps(model), encoding="utf-8")
    command = [str(python), str(python.with_name("mlserver")), "start", str(folder)]
    name = f"MLServer {'without a worker' if not workers else 'with a worker'}"
    with started(name, command, port, services.mlserver(port, material), row, state=state) as service:
        yield service
