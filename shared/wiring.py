"""The composition root: reads the settings, and builds the services on first use.

This is the only reader of the environment. Adapters are imported on first use, so that importing the function app stays
cheap; the services stay for later invocations of the same worker.
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
from shared.log_actions import LogAction, get_log, log_fields
from shared.routes.route import JOB_GRACE_S

if TYPE_CHECKING:
    from shared.adapters.azureml.engine import AzureMlEngine
    from shared.operators.authorization import Caller
    from shared.routes.load import Routes
    from shared.services import Services

log = get_log("app")

# What reports new files. The first two are the extension's own words for its blob trigger, and the first its default.
# The third is ours: Event Grid delivers to the queue `csv-events`, and there is no blob trigger.
BY_QUEUE = "EventGridQueue"
BLOB_SOURCES = ("LogsAndContainerScan", "EventGrid", BY_QUEUE)

ROUTES_FILE, INPUT, BLOB_SOURCE = "LANDFALL_ROUTES", "LANDFALL_INPUT", "LANDFALL_BLOB_SOURCE"
CA_BUNDLE = "REQUESTS_CA_BUNDLE"

# The app's own key, the secrets with which the platform lets it sign in, and the tokens of a stand-in.
SECRET_SETTINGS = (
    "LANDFALL_FUNCTIONS_KEY",
    "IDENTITY_HEADER",
    "MSI_SECRET",
    "LANDFALL_AML_TOKEN",
    "LANDFALL_AML_SCORING_TOKEN",
)
ARM_URL = "LANDFALL_ARM_URL"

APP_FOLDER = Path(__file__).resolve().parents[1]  # a relative LANDFALL_ROUTES begins here

_building = threading.Lock()


class SystemClock:
    """The clocks of this machine."""

    def now(self) -> datetime:
        """Return the present as aware UTC."""
        return datetime.now(UTC)

    def elapsed_s(self) -> float:
        """Return seconds of the monotonic clock, which also runs while this process is stopped."""
        return time.monotonic()


def requires_entra() -> bool:
    """Tell whether the app authorizes callers itself, instead of the host by its key; read when the app is indexed."""
    return os.environ.get("LANDFALL_HTTP_AUTH") == "entra"


def authorize(headers: Mapping[str, str], permission: str) -> "Caller":
    """Return the caller of an HTTP function that requires a permission: `read` or `operate`.

    Raises:
        AccessDeniedError: the caller is not let in.
    """
    from shared.operators.authorization import Authorizer, Permission  # noqa: PLC0415 - see the module's docstring

    return Authorizer.from_settings(os.environ).authorize(headers, Permission(permission))


def services() -> "Services":
    """Return the services, built once in a worker.

    Raises:
        ConfigError: settings or `routes.toml` are wrong; every problem is listed, and the next call tries again.
    """
    with _building:
        return _build()


def blob_source(environ: Mapping[str, str] = os.environ) -> str:
    """Return what reports new files: Event Grid in Azure, a scan with an emulator.

    It is read when the app is indexed, since the host resolves no `%SETTING%` in this property of the trigger. It never
    raises, since an app that fails at import has no functions at all: the host refuses a wrong word for this one
    function, and `health` says what is wrong.
    """
    return environ.get(BLOB_SOURCE) or BLOB_SOURCES[0]


def reads_event_queue() -> bool:
    """Tell whether events about new files arrive in a queue, so that no blob trigger is needed; as `blob_source`."""
    return blob_source() == BY_QUEUE


def data_connection() -> str:
    """Return the name of the connection to the data's account; read when the app is indexed."""
    from shared.storage_settings import connection_of  # noqa: PLC0415 - see the module's docstring

    return connection_of(os.environ)


def timer_settings() -> Mapping[str, str]:
    """Return the timers' schedules, which the host reads itself: the app only reports what is wrong with them."""
    from shared.timers import POLL, SWEEP  # noqa: PLC0415 - see the module's docstring

    return {name: os.environ[name] for name in (POLL, SWEEP) if name in os.environ}


@functools.cache  # an error is not cached: the next call builds anew
def _build() -> "Services":
    from shared.guarded_log import guard_log  # noqa: PLC0415 - see the module's docstring
    from shared.held_secrets import hold  # noqa: PLC0415
    from shared.storage_settings import secrets_of  # noqa: PLC0415

    hold([*secrets_of(os.environ), *(os.environ.get(name, "") for name in SECRET_SETTINGS)])
    guard_log()
    try:
        built = build_services(os.environ)
        hold(secret for route in built.routes.routes.values() for secret in route.secrets)
    except ConfigError as error:
        for problem in error.problems:
            log.error(  # noqa: TRY400 - the problem is the message, a traceback adds nothing
                "configuration: %s", problem, extra=log_fields(LogAction.CONFIGURATION_INVALID)
            )
        raise
    return built


def build_services(environ: Mapping[str, str]) -> "Services":
    """Build the services from settings.

    Raises:
        ConfigError: every problem of the settings and of `routes.toml`.
    """
    from shared.adapters.classic.bes_client import (  # noqa: PLC0415 - see the module's docstring
        BesTrainingService,
        ClassicScoringService,
    )
    from shared.adapters.engines.engine_services import (  # noqa: PLC0415
        EngineDeployments,
        EngineScoring,
        EngineTraining,
    )
    from shared.adapters.http.http_client import HttpClient  # noqa: PLC0415
    from shared.adapters.storage.sas_links import MAX_IDENTITY_LINK_LIFE_S  # noqa: PLC0415
    from shared.adapters.storage.storage_factory import Storage  # noqa: PLC0415
    from shared.key_vault_references import is_unresolved  # noqa: PLC0415
    from shared.routes.host_allowlist import AllowedHosts  # noqa: PLC0415
    from shared.routes.load import load_routes  # noqa: PLC0415
    from shared.services import Services  # noqa: PLC0415
    from shared.storage_settings import read_storage_account  # noqa: PLC0415

    problems = _unresolved_settings(environ)
    account = routes = None
    try:
        account = read_storage_account(environ)
    except ConfigError as error:
        problems += error.problems
    routes_file = environ.get(ROUTES_FILE) or "routes.toml"
    try:
        routes = None if is_unresolved(routes_file) else load_routes(APP_FOLDER / routes_file, environ)
    except ConfigError as error:
        problems += error.problems
    source = blob_source(environ)
    if source not in BLOB_SOURCES and not is_unresolved(source):
        problems.append(f"the setting LANDFALL_BLOB_SOURCE is {source!r}: set it to one of {', '.join(BLOB_SOURCES)}")
    watched = environ.get(INPUT, "")
    if routes is not None and watched != routes.input and not is_unresolved(watched):
        problems.append(
            f"the setting LANDFALL_INPUT is {watched!r}, but routes.toml has input = {routes.input!r}: make them equal,"
            " since the blob trigger watches the one and the sweep the other"
        )
    if account is not None and account.by_identity and routes is not None:
        problems += _too_long_for_links(routes, MAX_IDENTITY_LINK_LIFE_S)
    if problems or routes is None or account is None:
        raise ConfigError(problems)
    uses_azureml = any(endpoint.named for route in routes.routes.values() for endpoint in route.endpoints)
    for warning in routes.warnings:
        log.warning("configuration: %s", warning, extra=log_fields(LogAction.CONFIGURATION_WARNING))
    # At INFO the SDKs log every request with its headers, and each sign-in: too much for the app's log.
    for name in ("azure.core.pipeline.policies.http_logging_policy", "azure.identity"):
        logging.getLogger(name).setLevel(logging.WARNING)
    web = HttpClient(AllowedHosts(routes.allow_hosts), ca_bundle=environ.get(CA_BUNDLE))
    storage = Storage.open(account)
    azureml = functools.cache(lambda: _azureml_engine(environ, routes))
    if uses_azureml:
        azureml()  # its settings are checked now, and not when a model is to be promoted
    return Services(
        routes=routes,
        runs=storage.runs,
        endpoints=storage.endpoints,
        blobs=storage.blobs,
        training=EngineTraining(BesTrainingService(web, storage.blobs), azureml),
        scoring=EngineScoring(ClassicScoringService(web), azureml),
        clock=SystemClock(),
        deployments=EngineDeployments(azureml) if uses_azureml else None,
    )


def _azureml_engine(environ: Mapping[str, str], routes: "Routes") -> "AzureMlEngine":
    from shared.adapters.azureml.engine import build_engine  # noqa: PLC0415 - only routes that use it pay for it

    return build_engine(environ, routes.allow_hosts, SystemClock(), environ.get(CA_BUNDLE))


def _unresolved_settings(environ: Mapping[str, str]) -> list[str]:
    """Return a problem for each setting of the app that is a Key Vault reference instead of a value.

    The settings of the storage account and those that routes.toml names are checked where they are read.
    """
    from shared.key_vault_references import is_unresolved, unresolved_problem  # noqa: PLC0415
    from shared.operators.authorization import HTTP_AUTH, OPERATE_ROLE, READ_ROLE  # noqa: PLC0415
    from shared.timers import POLL, SWEEP  # noqa: PLC0415

    names = (ROUTES_FILE, INPUT, BLOB_SOURCE, CA_BUNDLE, ARM_URL, POLL, SWEEP, HTTP_AUTH, READ_ROLE, OPERATE_ROLE)
    return [unresolved_problem(name) for name in (*names, *SECRET_SETTINGS) if is_unresolved(environ.get(name, ""))]


def _too_long_for_links(routes: "Routes", max_life_s: int) -> list[str]:
    """Return a problem for each route whose jobs may need their input for longer than an identity can sign for."""
    return [
        f"routes.{route.name}.deadlines_s: not_started and running are {route.deadlines.job_access_s - JOB_GRACE_S:,} s"
        f" together, and may be {max_life_s - JOB_GRACE_S:,} s at most under an identity: longer than that it cannot"
        " open a job's blobs to the training service"
        for route in routes.routes.values()
        if route.training.service == "classic" and route.deadlines.job_access_s > max_life_s
    ]
