"""Checks an app in Azure from outside: it runs, its functions are loaded, and events about new files reach it."""

from collections.abc import Mapping
from typing import Any

from landfall.doctor.app_health import check_health
from landfall.doctor.azure_cli import az, az_list
from landfall.doctor.checks import Checks
from landfall.doctor.event_subscription import WHAT as SUBSCRIPTION
from landfall.doctor.event_subscription import Receiver, check_subscription
from landfall.doctor.key_vault_references import WHAT as REFERENCES
from landfall.doctor.key_vault_references import check_references
from landfall.errors import CommandError

FUNCTIONS = (
    "poll_pending_jobs",
    "read_and_assemble",
    "evaluate_and_promote",
    "sweep",
    "on_evaluation_poison",
    "on_intake_poison",
)
# What reports new files, by LANDFALL_BLOB_SOURCE. Flex Consumption supports no other source.
REPORTING = {
    "EventGrid": ("on_csv_landed", "on_blob_poison"),
    "EventGridQueue": ("on_csv_event", "on_csv_event_poison"),
}
SETTINGS = ("LANDFALL_BLOB_SOURCE", "LANDFALL_INPUT", "LANDFALL_DATA_HOST")


def check_deployment(checks: Checks, group: str, name: str | None) -> None:
    """Check the function app of a resource group; `name` if the group has several."""
    with checks.catching("the function app", "check --resource-group and --app, and sign in with `az login`"):
        app = _app(group, name)
        state = str(app.get("state"))
        host = str(app["defaultHostName"])
        do = "" if state == "Running" else "start it: `az functionapp start`"
        checks.add("the function app", f"{app['name']} is {state}", do)
        where = ("--resource-group", group, "--name", str(app["name"]))
        with checks.catching("its app settings", "get the role Website Contributor on the function app"):
            settings = _settings(where)
            with checks.catching("its functions", "deploy: `azd deploy`"):
                _check_functions(checks, where, settings)
            receiver = _receiver(host, settings)
            with checks.catching(SUBSCRIPTION, receiver.repair):
                check_subscription(checks, group, receiver, where)
        with checks.catching(REFERENCES, "get the role Reader on the function app"):
            check_references(checks, str(app["id"]))
        with checks.catching("the app's settings and storage", "get the right to list its keys"):
            keys = az("functionapp", "keys", "list", *where)
            check_health(checks, f"https://{host}", str(keys["functionKeys"]["default"]))


def _app(group: str, name: str | None) -> dict[str, Any]:
    apps = az_list("functionapp", "list", "--resource-group", group)
    chosen = [app for app in apps if name in (None, app["name"])]
    if len(chosen) != 1:
        names = ", ".join(app["name"] for app in apps) or "none"
        problem = f"no function app {name!r}" if name else f"{len(apps)} function apps, not one"
        raise CommandError(f"resource group {group} has {problem}; there are: {names}")
    return dict(chosen[0])


def _settings(where: tuple[str, ...]) -> dict[str, str]:
    """Return those of `SETTINGS` that the app has; the query keeps the others, which may be secrets, out of memory."""
    query = f"[?{' || '.join(f"name=='{name}'" for name in SETTINGS)}].{{name: name, value: value}}"
    listed = az_list("functionapp", "config", "appsettings", "list", *where, "--query", query)
    return {str(setting["name"]): str(setting["value"]) for setting in listed}


def _receiver(host: str, settings: Mapping[str, str]) -> Receiver:
    account = settings.get("LANDFALL_DATA_HOST", "").partition(".")[0]
    return Receiver(host, settings.get("LANDFALL_BLOB_SOURCE", ""), settings.get("LANDFALL_INPUT", ""), account)


def _check_functions(checks: Checks, where: tuple[str, ...], settings: Mapping[str, str]) -> None:
    source = settings.get("LANDFALL_BLOB_SOURCE", "")
    if source not in REPORTING:
        do = "deploy the settings again: `azd provision`"
        checks.add("its app settings", f"LANDFALL_BLOB_SOURCE is {source!r} instead of {' or '.join(REPORTING)}", do)
    functions = az_list("functionapp", "function", "list", *where)
    loaded = {str(function["name"]).rpartition("/")[2] for function in functions}
    missing = [name for name in (*REPORTING.get(source, ()), *FUNCTIONS) if name not in loaded]
    if missing:
        do = "deploy the app; after a deployment its log says why its module could not be loaded"
        checks.add("its functions", f"not loaded: {', '.join(missing)}", do)
    else:
        checks.add("its functions", f"{len(loaded)} loaded")
