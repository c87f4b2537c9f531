"""The composition root: reads the settings, builds the services on first use.

The only reader of the environment. Adapters are imported when they are first needed, so that importing the function
app stays cheap; what a function needs stays for the next invocation of the same worker.
"""

import functools
import logging
import os
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from shared.errors import ConfigError

if TYPE_CHECKING:
    from shared.admission import Admission
    from shared.pipeline.services import Services

log = logging.getLogger("landfall.app")

APP_FOLDER = (
    Path(__file__).resolve().parents[1]
)  # where a relative LANDFALL_ROUTES begins, whatever the worker's folder is

_building = threading.Lock()


class SystemClock:
    """The time of this machine."""

    def now(self) -> datetime:
        """Return the present as aware UTC."""
        return datetime.now(UTC)

    def elapsed_s(self) -> float:
        """Return seconds of a clock that goes on while this process is stopped, and that nobody sets."""
        return time.monotonic()


def entra_admits() -> bool:
    """Tell whether the app itself, and not the host by its key, lets callers in; known while it is indexed."""
    return os.environ.get("LANDFALL_HTTP_AUTH") == "entra"


def admission() -> "Admission":
    """Return how callers of the HTTP functions are let in."""
    from shared.admission import Admission  # noqa: PLC0415 - see the module's docstring

    return Admission.of(os.environ)


def services() -> "Services":
    """Return the services, built once in a worker.

    Raises:
        ConfigError: settings or `routes.toml` are wrong; every problem is listed, and the next call looks again.
    """
    with _building:
        return _build()


@functools.cache  # remembers a result only: after an error the next call builds anew
def _build() -> "Services":
    try:
        return build_services(os.environ)
    except ConfigError as error:
        for problem in error.problems:
            log.error("configuration: %s", problem)  # noqa: TRY400 - the problem is the message, a traceback adds nothing
        raise


def build_services(environ: Mapping[str, str]) -> "Services":
    """Build the services from settings.

    Raises:
        ConfigError: with every problem of the settings and of `routes.toml`.
    """
    from shared.adapters.bes_client import (  # noqa: PLC0415 - see the module's docstring
        BesTrainingService,
        ClassicScoringService,
    )
    from shared.adapters.blobs import BlobStorageFiles  # noqa: PLC0415
    from shared.adapters.table_endpoints import TableEndpointStore  # noqa: PLC0415
    from shared.adapters.table_runs import TableRunStore  # noqa: PLC0415
    from shared.adapters.web import Web  # noqa: PLC0415
    from shared.allowed_hosts import AllowedHosts  # noqa: PLC0415
    from shared.pipeline.services import Services  # noqa: PLC0415
    from shared.routes import load_routes  # noqa: PLC0415

    problems: list[str] = []
    storage = environ.get("AzureWebJobsStorage", "")
    if not storage:
        problems.append("the setting AzureWebJobsStorage is not set: it is the storage account's connection string")
    routes = None
    try:
        routes = load_routes(APP_FOLDER / (environ.get("LANDFALL_ROUTES") or "routes.toml"), environ)
    except ConfigError as error:
        problems += error.problems
    watched = environ.get("LANDFALL_INPUT", "")
    if routes is not None and watched != routes.input:
        problems.append(
            f"the setting LANDFALL_INPUT is {watched!r}, but routes.toml says input = {routes.input!r}: they must"
            " agree, since the blob trigger reads the one and the sweep the other"
        )
    if problems or routes is None:
        raise ConfigError(problems)
    # The SDK logs every request and its headers at INFO, which would fill the app's log.
    logging.getLogger("azure.core.pipeline.policies.http_logging_policy").setLevel(logging.WARNING)
    web = Web(AllowedHosts(routes.allow_hosts))
    return Services(
        routes=routes,
        runs=TableRunStore.from_connection_string(storage),
        endpoints=TableEndpointStore.from_connection_string(storage),
        blobs=BlobStorageFiles.from_connection_string(storage),
        training=BesTrainingService(web, lambda: storage),
        scoring=ClassicScoringService(web),
        clock=SystemClock(),
    )
