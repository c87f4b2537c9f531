"""App settings of the local stack: those every app needs, and those of each published model."""

import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from landfall.errors import CommandError, UsageError
from shared.storage_settings import DATA_CONNECTION, HOST_CONNECTION

POLL_SCHEDULE = "*/2 * * * * *"  # in Azure every minute: a tick costs money there
SWEEP_SCHEDULE = "*/15 * * * * *"
BLOB_SOURCE = "LogsAndContainerScan"  # in Azure EventGrid; no emulator sends events
ROUTES_SETTING = "LANDFALL_ROUTES"
KEY_SETTING = "LANDFALL_FUNCTIONS_KEY"
_OWN_STORAGE = "the commands read the stack's own storage"
_TOLD_OTHERWISE = {
    ROUTES_SETTING: "--routes FILE tells the whole stack",
    "LANDFALL_INPUT": "`input` in routes.toml tells the whole stack",
    HOST_CONNECTION: _OWN_STORAGE,
}
HOST_ID = "landfall"  # fixed, so that this host and `func start` share their receipts


def setting_prefix(model: str) -> str:
    """Return how the settings of a model begin: "Census Model" gives CENSUS.

    Raises:
        CommandError: nothing is left of the name.
    """
    name = re.sub(r"[^A-Za-z0-9]+", "_", model).strip("_").upper()
    name = re.sub(r"_?MODEL$", "", name) or name
    if not name:
        raise CommandError(f"the experiment name {model!r} has no letter or digit that a setting could be named after")
    return name if name[0].isalpha() else f"M_{name}"


def model_settings(services: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the settings of every published model: URLs and keys of its training service and its endpoints."""
    settings: dict[str, str] = {}
    for service in services:
        prefix = setting_prefix(service["name"])
        settings[f"{prefix}_JOBS_URL"] = service["training"]["jobs_url"]
        settings[f"{prefix}_TRAINING_KEY"] = service["training"]["api_key"]
        # Of several of a role the oldest counts, which publishing made: an endpoint that was added takes no place.
        for endpoint in reversed(service["predictive"]["endpoints"]):
            staging = endpoint["role"] == "staging"
            stem = f"{prefix}_STAGING" if staging else prefix
            settings[f"{stem}_PATCH_URL"] = endpoint["patch_url"]
            settings[f"{stem}_EXECUTE_URL"] = endpoint["execute_url"]
            settings[f"{stem}_KEY" if staging else f"{prefix}_ENDPOINT_KEY"] = endpoint["api_key"]
    return settings


def app_settings(
    *,
    storage: str,
    routes: str,
    container: str,
    functions_key: str,
    services: Iterable[Mapping[str, Any]],
    chosen: Mapping[str, str],
) -> dict[str, str]:
    """Return all settings of the app; what the user chose with `--set` wins."""
    return {
        "FUNCTIONS_WORKER_RUNTIME": "python",
        "AzureWebJobsStorage": storage,
        "AzureFunctionsWebHost__hostid": HOST_ID,
        ROUTES_SETTING: routes,
        "LANDFALL_INPUT": container,
        "LANDFALL_BLOB_SOURCE": BLOB_SOURCE,
        "LANDFALL_POLL_SCHEDULE": POLL_SCHEDULE,
        "LANDFALL_SWEEP_SCHEDULE": SWEEP_SCHEDULE,
        KEY_SETTING: functions_key,
        **model_settings(services),
        **chosen,
    }


def environment_without(settings: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment without the app's settings: an old value there must not win over the file's."""
    return {name: value for name, value in os.environ.items() if name not in settings}


def _instead(name: str) -> str:
    """Return how the whole stack is told what a setting would tell the app alone; "" if the setting is the place."""
    if name == DATA_CONNECTION or name.startswith((f"{DATA_CONNECTION}__", f"{HOST_CONNECTION}__")):
        return _OWN_STORAGE
    return _TOLD_OTHERWISE.get(name, "")


def parse_settings(pairs: Iterable[str]) -> dict[str, str]:
    """Read `--set NAME=VALUE`.

    Raises:
        UsageError: with every pair that is none, every name that is given twice, and every name that is not for --set.
    """
    pairs = list(pairs)
    wrong = [pair for pair in pairs if not re.match(r"[A-Za-z_][A-Za-z0-9_:]*=", pair)]
    names = Counter(pair.partition("=")[0] for pair in pairs if pair not in wrong)
    problems = [f"--set takes NAME=VALUE, not {', '.join(map(repr, wrong))}"] if wrong else []
    problems += [f"--set names {name} {times} times: keep one" for name, times in names.items() if times > 1]
    for name in names:
        instead = _instead(name)
        if instead:
            problems.append(f"--set {name} would be the app's alone: {instead}")
    if problems:
        raise UsageError("; ".join(problems))
    return dict(pair.split("=", 1) for pair in pairs)
