"""App settings of the local stack: those of every app, and those of each published model."""

import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping

from landfall.errors import CommandError, UsageError
from landfall.stack.stack_document import Service
from shared import wiring
from shared.storage_settings import DATA_CONNECTION, HOST_CONNECTION
from shared.timers import schedule_problems

POLL_SCHEDULE = "*/2 * * * * *"  # in Azure every minute: a tick costs money there
SWEEP_SCHEDULE = "*/15 * * * * *"
BLOB_SOURCE = "LogsAndContainerScan"  # in Azure EventGrid; no emulator sends events
ROUTES_SETTING = "LANDFALL_ROUTES"
KEY_SETTING = "LANDFALL_FUNCTIONS_KEY"
DATA_HOST_SETTING = "LANDFALL_DATA_HOST"  # routes.toml names it in allow_hosts
_OWN_STORAGE = "the commands read the stack's own storage"
_ALTERNATIVES = {
    ROUTES_SETTING: "use --routes FILE, which applies to the whole stack",
    "LANDFALL_INPUT": "set `input` in routes.toml, which applies to the whole stack",
    HOST_CONNECTION: _OWN_STORAGE,
}
HOST_ID = "landfall"  # fixed, so that this host and `func start` share their receipts


def setting_prefix(model: str) -> str:
    """Return the prefix of a model's settings: "Census Model" gives CENSUS.

    Raises:
        CommandError: the name has no letter or digit.
    """
    name = re.sub(r"[^A-Za-z0-9]+", "_", model).strip("_").upper()
    name = re.sub(r"_?MODEL$", "", name) or name
    if not name:
        raise CommandError(
            f"the experiment name {model!r} has no letter or digit, so its settings have no name. Change `name` in the"
            " experiment."
        )
    return name if name[0].isalpha() else f"M_{name}"


def model_settings(services: Iterable[Service]) -> dict[str, str]:
    """Return the settings of every published model: URLs and keys of its training service and its endpoints."""
    settings: dict[str, str] = {}
    for service in services:
        prefix = setting_prefix(service["name"])
        settings[f"{prefix}_JOBS_URL"] = service["training"]["jobs_url"]
        settings[f"{prefix}_TRAINING_KEY"] = service["training"]["api_key"]
        # Of several endpoints with a role the oldest counts, which publishing created: an added one replaces nothing.
        for endpoint in reversed(service["predictive"]["endpoints"]):
            staging = endpoint["role"] == "staging"
            stem = f"{prefix}_STAGING" if staging else prefix
            settings[f"{stem}_PATCH_URL"] = endpoint["patch_url"]
            settings[f"{stem}_EXECUTE_URL"] = endpoint["execute_url"]
            settings[f"{stem}_KEY" if staging else f"{prefix}_ENDPOINT_KEY"] = endpoint["api_key"]
    return settings


def data_host(storage: str) -> str:
    """Return host and port of the blob endpoint that a connection string names; "" if it names none."""
    match = re.search(r"(?:^|;)BlobEndpoint=https?://([^/;]+)", storage)
    return match[1] if match else ""


def app_settings(
    *,
    storage: str,
    routes: str,
    container: str,
    functions_key: str,
    services: Iterable[Service],
    chosen: Mapping[str, str],
) -> dict[str, str]:
    """Return all settings of the app; those of `--set` win."""
    return {
        "FUNCTIONS_WORKER_RUNTIME": "python",
        "AzureWebJobsStorage": storage,
        "AzureFunctionsWebHost__hostid": HOST_ID,
        ROUTES_SETTING: routes,
        "LANDFALL_INPUT": container,
        DATA_HOST_SETTING: data_host(storage),
        "LANDFALL_BLOB_SOURCE": BLOB_SOURCE,
        "LANDFALL_POLL_SCHEDULE": POLL_SCHEDULE,
        "LANDFALL_SWEEP_SCHEDULE": SWEEP_SCHEDULE,
        KEY_SETTING: functions_key,
        **model_settings(services),
        **chosen,
    }


def environment_without(settings: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment without the app's settings: an old value must not win over the file's."""
    return {name: value for name, value in os.environ.items() if name not in settings}


def _alternative(name: str) -> str:
    """Return what to use instead of a setting that would reach the app alone; "" if `--set` is right."""
    if name == DATA_CONNECTION or name.startswith((f"{DATA_CONNECTION}__", f"{HOST_CONNECTION}__")):
        return _OWN_STORAGE
    return _ALTERNATIVES.get(name, "")


def parse_settings(pairs: Iterable[str]) -> dict[str, str]:
    """Read `--set NAME=VALUE`.

    Raises:
        UsageError: with every malformed pair, every repeated name, and every name or value that `--set` does not
            accept.
    """
    pairs = list(pairs)
    wrong = [pair for pair in pairs if not re.match(r"[A-Za-z_][A-Za-z0-9_:]*=", pair)]
    names = Counter(pair.partition("=")[0] for pair in pairs if pair not in wrong)
    problems = [f"--set takes NAME=VALUE, not {', '.join(map(repr, wrong))}"] if wrong else []
    problems += [f"--set names {name} {times} times: keep one" for name, times in names.items() if times > 1]
    for name in names:
        alternative = _alternative(name)
        if alternative:
            problems.append(f"--set {name} would reach the app alone: {alternative}")
    chosen = dict(pair.split("=", 1) for pair in pairs if pair not in wrong)
    source = chosen.get(wiring.BLOB_SOURCE)
    if source and source not in wiring.BLOB_SOURCES:  # the host would end with a word about a binding
        problems.append(f"--set {wiring.BLOB_SOURCE} takes {', '.join(wiring.BLOB_SOURCES)}, not {source!r}")
    problems += schedule_problems(chosen)
    if problems:
        raise UsageError("; ".join(problems))
    return chosen
