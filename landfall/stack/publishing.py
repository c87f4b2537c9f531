"""Publishes experiments to the stack's studio, and puts a route's first model and golden rows into storage."""

import contextlib
import csv
import io
import json
import subprocess
import tomllib
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from azure.core.exceptions import ResourceExistsError
from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

from landfall.errors import CommandError
from landfall.interrupts import uninterruptible
from landfall.stack.azurite import ROOT
from landfall.stack.processes import kill_session, studio_command, studio_data
from landfall.stack.stack_document import Description, Service
from landfall.stack.stack_state import StateFolder
from shared.blob_path import BlobPath
from shared.column_names import column_names
from shared.routes.load import Routes
from shared.routes.route import Route

GOLDEN_ROWS = 20
CONTAINERS = ("archive", "quarantine", "training", "models")
TABLES = ("runs", "endpoints")
QUEUES = ("evaluations", "intake")


def publish(state: StateFolder, experiments: Sequence[Path], base_url: str) -> Description:
    """Publish experiments and return the studio's description of its management and services.

    Raises:
        CommandError: the studio refuses an experiment; the text is the studio's.
    """
    data = str(studio_data(state))
    for experiment in experiments:
        _studio(["publish", str(experiment.resolve()), "--data", data, "--base-url", base_url])
    description: Description = json.loads(_studio(["describe", "--data", data, "--base-url", base_url]))
    return description


def _studio(arguments: Sequence[str]) -> str:
    process: subprocess.Popen[str] | None = None
    try:
        with uninterruptible():  # a signal must not come before `process` is set: it could not be ended
            process = subprocess.Popen(
                [*studio_command(), *arguments],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,  # Ctrl-C reaches the command alone
            )
        out, err = process.communicate()
    except BaseException:
        if process is not None:
            kill_session(process.pid)
            process.communicate()
        raise
    if process.returncode:
        raise CommandError(err.strip() if err else out.strip())
    return out


def create_storage(connection_string: str, container: str) -> None:
    """Create the containers, the tables and the queue that do not exist yet."""
    with BlobServiceClient.from_connection_string(connection_string) as blobs:
        for name in (container, *CONTAINERS):
            with contextlib.suppress(ResourceExistsError):
                blobs.create_container(name)
    with TableServiceClient.from_connection_string(connection_string) as tables:
        for name in TABLES:
            tables.create_table_if_not_exists(name)
    with QueueServiceClient.from_connection_string(connection_string) as queues:
        for name in QUEUES:
            with contextlib.suppress(ResourceExistsError):
                queues.create_queue(name)


def put_first_models(
    connection_string: str, routes: Routes, services: Sequence[Service], experiments: Sequence[Path]
) -> None:
    """Upload what each route needs before its first promotion, unless it exists already.

    That is the model in service, to which a rollback returns, and the golden rows, which verify an endpoint.
    """
    data = {document["name"]: (path, document) for path in experiments for document in [read_toml(path)]}
    with BlobServiceClient.from_connection_string(connection_string) as blobs:
        for route in routes.routes.values():
            service = _service_of(route, services)
            if service is None:
                continue
            content = {
                route.initial_model: Path(service["seed_model"]).read_bytes(),
            }
            if service["name"] in data:
                content[route.golden] = golden_rows(*data[service["name"]]).encode()
            for path, text in content.items():
                blob = BlobPath.parse(path)
                with contextlib.suppress(ResourceExistsError):
                    blobs.create_container(blob.container)
                with contextlib.suppress(ResourceExistsError):
                    blobs.get_blob_client(*blob).upload_blob(text)


def _service_of(route: Route, services: Sequence[Service]) -> Service | None:
    """Return the published service to which a route promotes."""
    for service in services:
        urls = {endpoint["patch_url"].rstrip("/") for endpoint in service["predictive"]["endpoints"]}
        if route.serving.address in urls:
            return service
    return None


def read_toml(path: Path) -> dict[str, Any]:
    """Read an experiment that the studio has accepted."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


def golden_rows(path: Path, experiment: Mapping[str, Any]) -> str:
    """Return the first rows of an experiment's CSV without its label, as a CSV; Excel's `sep=` line is skipped."""
    label, out = experiment["label"].strip(), io.StringIO()
    with (path.parent / experiment["data"]).open(encoding="utf-8-sig", newline="") as file:
        first = file.readline()
        reader = csv.reader(file if first.strip('"\r\n').lower() == "sep=," else chain([first], file))
        header = column_names(next(reader))  # before the label is left out: unnamed columns are named by position
        columns = [index for index, name in enumerate(header) if name != label]
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([header[index] for index in columns])
        for row, _ in zip(filter(None, reader), range(GOLDEN_ROWS), strict=False):
            writer.writerow([row[index] for index in columns])
    return out.getvalue()
