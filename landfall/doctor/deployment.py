"""Checks an app in Azure from outside: it runs, its functions are loaded, and events about new files reach it."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from landfall.doctor.app_health import check_health
from landfall.doctor.azure_cli import az, az_list
from landfall.doctor.checks import Checks
from landfall.doctor.key_vault_references import WHAT as REFERENCES
from landfall.doctor.key_vault_references import check_references
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
_REPAIR = "`azd hooks run postdeploy` creates it"
_EFFECT = "only the sweep finds new files"


def check_deployment(checks: Checks, group: str, name: str | None) -> None:
    """Check the function app of a resource group; `name` if the group has several."""
    with checks.catching("the function app", "check --resource-group and --app, and sign in with `az login`"):
        app = _app(group, name)
        state = str(app.get("state"))
        host = str(app["defaultHostName"])
        do = "" if state == "Running" else "start it: `az functionapp start`"
        checks.add("the function app", f"{app['name']} is {state}", do)
        where = ("--resource-group", group, "--name", str(app["name"]))
        with checks.catching("its functions", "deploy: `azd deploy`"):
            _check_functions(checks, where)
        with checks.catching(REFERENCES, "get the role Reader on the function app"):
            check_references(checks, str(app["id"]))
        with checks.catching("the event subscription", _REPAIR):
            _check_subscription(checks, group, host, where)
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


def _check_functions(checks: Checks, where: tuple[str, ...]) -> None:
    functions = az_list("functionapp", "function", "list", *where)
    loaded = {str(function["name"]).rpartition("/")[2] for function in functions}
    missing = [name for name in FUNCTIONS if name not in loaded]
    if missing:
        do = "deploy the app; after a deployment its log says why its module could not be loaded"
        checks.add("its functions", f"not loaded: {', '.join(missing)}", do)
    else:
        checks.add("its functions", f"{len(loaded)} loaded")


def _check_subscription(checks: Checks, group: str, host: str, where: tuple[str, ...]) -> None:
    """Check the subscription that sends events about new files to the app (second phase of the deployment)."""
    subscriptions = [subscription for subscription in _subscriptions(group) if _leads_to(subscription, host)]
    if not subscriptions:
        checks.add("the event subscription", f"none leads to the app: {_EFFECT}", _REPAIR)
        return
    query = "[?name=='LANDFALL_INPUT'].value | [0]"
    container = az("functionapp", "config", "appsettings", "list", *where, "--query", query)
    problems = [problem for subscription in subscriptions for problem in _problems(subscription, str(container))]
    if problems:
        checks.add("the event subscription", f"{'; '.join(problems)}: {_EFFECT}", _REPAIR)
    else:
        names = ", ".join(str(subscription["name"]) for subscription in subscriptions)
        checks.add("the event subscription", f"{names}: .csv files of {container}")


def _subscriptions(group: str) -> Iterator[dict[str, Any]]:
    """Yield every event subscription of every system topic in a resource group."""
    topics = ("eventgrid", "system-topic")
    for topic in az_list(*topics, "list", "--resource-group", group):
        names = ("--resource-group", group, "--system-topic-name", str(topic["name"]))
        yield from az_list(*topics, "event-subscription", "list", *names)


def _leads_to(subscription: dict[str, Any], host: str) -> bool:
    destination = subscription.get("destination")
    if destination is None:
        return False
    url = urlsplit(str(destination.get("endpointBaseUrl", "")))
    return url.hostname == host.lower() and url.path == WEBHOOK


def _problems(subscription: dict[str, Any], container: str) -> list[str]:
    event_filter = subscription.get("filter")
    begins_with = event_filter.get("subjectBeginsWith") if event_filter is not None else None
    prefix = "" if begins_with is None else str(begins_with)
    name, state = subscription.get("name"), subscription.get("provisioningState")
    problems = [f"{name} is {state}"] if state != "Succeeded" else []
    input_prefix = f"/blobServices/default/containers/{container}/"
    if prefix and not input_prefix.startswith(prefix) and not prefix.startswith(input_prefix):
        problems.append(f"{name} is for {prefix}, but LANDFALL_INPUT is {container}")
    return problems
