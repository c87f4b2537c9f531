"""Checks a deployed app from outside: its functions are loaded, and the events of its container lead to it."""

from typing import Any
from urllib.parse import urlsplit

from landfall.doctor.app_health import check_health
from landfall.doctor.azure_cli import az
from landfall.doctor.checks import Checks
from landfall.errors import CommandError

FUNCTIONS = (
    "on_csv_landed",
    "poll_pending_jobs",
    "evaluate_and_promote",
    "sweep",
    "on_evaluation_poison",
    "on_blob_poison",
)
WEBHOOK = "/runtime/webhooks/blobs"
_AGAIN = "`azd hooks run postdeploy` makes it (again)"
_SEEN = "what is dropped is found by the sweep alone"


def check_deployment(checks: Checks, group: str, name: str | None) -> None:
    """Check the function app of a resource group; with `name` the one of that name."""
    with checks.of("the function app", "say the right --resource-group and --app, and sign in with `az login`"):
        app = _app(group, name)
        state = str(app.get("state"))
        host = str(app["defaultHostName"])
        running = state == "Running"
        checks.add(
            "the function app", f"{app['name']} is {state}", "" if running else "start it: `az functionapp start`"
        )
        where = ("--resource-group", group, "--name", str(app["name"]))
        with checks.of("its functions", "deploy: `azd deploy`"):
            _check_functions(checks, where)
        with checks.of("the event subscription", _AGAIN):
            _check_subscription(checks, group, host, where)
        with checks.of("the app's settings and storage", "you need the right to list its keys"):
            keys = az("functionapp", "keys", "list", *where)
            check_health(checks, f"https://{host}", str(keys["functionKeys"]["default"]))


def _app(group: str, name: str | None) -> dict[str, Any]:
    apps = az("functionapp", "list", "--resource-group", group) or []
    chosen = [app for app in apps if name in (None, app["name"])]
    if len(chosen) != 1:
        names = ", ".join(app["name"] for app in apps) or "none"
        wanted = f"no function app {name!r}" if name else f"{len(apps)} function apps, not one"
        raise CommandError(f"{group} has {wanted}; there are: {names}")
    return dict(chosen[0])


def _check_functions(checks: Checks, where: tuple[str, ...]) -> None:
    loaded = {str(one["name"]).rpartition("/")[2] for one in az("functionapp", "function", "list", *where) or []}
    missing = [name for name in FUNCTIONS if name not in loaded]
    do = "deploy; if it was: the app's log says why its module could not be loaded" if missing else ""
    checks.add("its functions", f"not loaded: {', '.join(missing)}" if missing else f"{len(loaded)} loaded", do)


def _check_subscription(checks: Checks, group: str, host: str, where: tuple[str, ...]) -> None:
    """Look for the subscription that brings the events about new files to the app (second phase of the deployment)."""
    found = [
        one
        for topic in az("eventgrid", "system-topic", "list", "--resource-group", group) or []
        for one in az(
            *("eventgrid", "system-topic", "event-subscription", "list", "--resource-group", group),
            *("--system-topic-name", str(topic["name"])),
        )
        or []
        if _leads_to(one, host)
    ]
    if not found:
        checks.add("the event subscription", f"none leads to the app: {_SEEN}", _AGAIN)
        return
    query = "[?name=='LANDFALL_INPUT'].value | [0]"
    container = az("functionapp", "config", "appsettings", "list", *where, "--query", query)
    wrong = [problem for one in found for problem in _problems(one, str(container))]
    if wrong:
        checks.add("the event subscription", f"{'; '.join(wrong)}: {_SEEN}", _AGAIN)
    else:
        checks.add(
            "the event subscription", f"{', '.join(str(one['name']) for one in found)}: .csv files of {container}"
        )


def _leads_to(subscription: dict[str, Any], host: str) -> bool:
    url = urlsplit(str((subscription.get("destination") or {}).get("endpointBaseUrl") or ""))
    return url.hostname == host.lower() and url.path == WEBHOOK


def _problems(subscription: dict[str, Any], container: str) -> list[str]:
    chosen = subscription.get("filter") or {}
    begins = str(chosen.get("subjectBeginsWith") or "")
    name, state = subscription.get("name"), subscription.get("provisioningState")
    problems = [f"{name} is {state}"] if state != "Succeeded" else []
    wanted = f"/blobServices/default/containers/{container}/"
    if begins and not wanted.startswith(begins) and not begins.startswith(wanted):
        problems.append(f"{name} is for {begins}, but LANDFALL_INPUT is {container}")
    return problems
