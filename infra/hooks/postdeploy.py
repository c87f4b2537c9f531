"""Deploys the Event Grid subscription of the blob trigger, after azd has deployed the code. Idempotent.

With delivery by queue there is nothing to do: main.bicep has deployed the subscription.

The host creates the key in the trigger's URL only after it has loaded the functions, so the script retries. It runs
under any Python from 3.9 on, with the standard library alone, on Linux, macOS and Windows.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

TEMPLATE = Path(__file__).resolve().parents[1] / "app" / "eventgrid-subscription.bicep"
TRIES = 20  # LANDFALL_HOOK_TRIES replaces it
ANSWER_S = 300.0  # LANDFALL_HOOK_ANSWER_S replaces it
PAUSE_S = 15.0  # 20 tries, 15 s apart: about five minutes, as long as a host may take to load the functions
# Parameter of the template -> variable that azd sets from an output of main.bicep.
PARAMETERS = {
    "functionAppName": "AZURE_FUNCTION_APP_NAME",
    "topicName": "AZURE_EVENTGRID_TOPIC_NAME",
    "storageAccountName": "AZURE_STORAGE_ACCOUNT_NAME",
    "inputContainer": "AZURE_INPUT_CONTAINER_NAME",
    "deadLetterContainer": "AZURE_DEAD_LETTER_CONTAINER",
}
NEEDED = ("AZURE_SUBSCRIPTION_ID", "AZURE_RESOURCE_GROUP", *PARAMETERS.values())
DELIVERY = "AZURE_EVENT_DELIVERY"  # an output of main.bicep: webhook or queue
PERMANENT = re.compile("az login|AuthorizationFailed|ResourceGroupNotFound|SubscriptionNotFound")
KEY = re.compile(r"code=[^\"'&\s]+")  # an error of az may quote the trigger's URL, which contains the key


class HookError(Exception):
    """The subscription is not deployed; the text says why and what to do."""


def required_settings(environ: dict[str, str]) -> dict[str, str]:
    """Return the variables that the deployment needs.

    Raises:
        HookError: some are not set; the text names all of them.
    """
    missing = [name for name in NEEDED if not environ.get(name)]
    if missing:
        raise HookError(
            f"not set: {' '.join(missing)}. Run 'azd provision', which sets them, then 'azd hooks run postdeploy'."
        )
    return {name: environ[name] for name in NEEDED}


def deployment_command(settings: dict[str, str]) -> list[str]:
    """Return the command that deploys the template.

    Raises:
        HookError: the Azure CLI is not installed.
    """
    az = shutil.which("az")  # with its extension: on Windows it is az.cmd
    if az is None:
        raise HookError(
            "the Azure CLI (az) is not on the PATH. Install it, run 'az login', then 'azd hooks run postdeploy'."
        )
    return [
        az,
        *("deployment", "group", "create", "--name", "landfall-events"),
        *("--subscription", settings["AZURE_SUBSCRIPTION_ID"], "--resource-group", settings["AZURE_RESOURCE_GROUP"]),
        # A bare name, found in the working directory: cmd.exe, which runs az.cmd, reads `&` and `%` of a path.
        *("--template-file", TEMPLATE.name),
        "--parameters",
        *(f"{parameter}={settings[name]}" for parameter, name in PARAMETERS.items()),
        *("--only-show-errors", "--output", "none"),
    ]


def problem_of(command: list[str]) -> str | None:
    """Run a command beside the template; return None if it succeeds, else its output without keys."""
    answer_s = float(os.environ.get("LANDFALL_HOOK_ANSWER_S") or ANSWER_S)
    try:
        done = subprocess.run(
            command,
            cwd=TEMPLATE.parent,
            stdin=subprocess.DEVNULL,  # az must fail, not ask
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            check=False,
            timeout=answer_s,
        )
    except subprocess.TimeoutExpired:
        return f"az did not answer in {answer_s:g} s."
    if done.returncode == 0:
        return None
    return KEY.sub("code=***", done.stdout)


def tell(text: str) -> None:
    """Write the last five lines to stderr at once: azd shows a hook's output while it runs."""
    print("\n".join(text.splitlines()[-5:]), file=sys.stderr, flush=True)


def deploy(command: list[str], tries: int, pause_s: float) -> None:
    """Run the command until it succeeds.

    Raises:
        HookError: it fails for a reason that does not pass, or after the last try.
    """
    for number in range(1, tries + 1):
        problem = problem_of(command)
        if problem is None:
            return
        if PERMANENT.search(problem):
            tell(problem)
            raise HookError("a retry would not help. Mend the error above, then run 'azd hooks run postdeploy'.")
        if number == tries:
            tell(problem)
            raise HookError(
                f"the subscription could not be deployed in {tries} tries. The last error of az is above.\n"
                "Check that the app runs (GET /api/health), then run 'azd hooks run postdeploy'."
                " Until then the sweep finds files."
            )
        tell(
            f"postdeploy: not yet (try {number} of {tries}). The host may still be loading the functions."
            f" Next try in {pause_s:g} s."
        )
        time.sleep(pause_s)


def main() -> int:
    """Deploy the subscription; return the exit status."""
    if os.environ.get(DELIVERY) == "queue":
        print(
            "postdeploy: nothing to do. Events arrive by the queue csv-events; main.bicep deployed their subscription.",
            flush=True,
        )
        return 0
    try:
        settings = required_settings(dict(os.environ))
        tries = int(os.environ.get("LANDFALL_HOOK_TRIES") or TRIES)
        deploy(deployment_command(settings), tries, float(os.environ.get("LANDFALL_HOOK_PAUSE_S") or PAUSE_S))
    except HookError as error:
        tell(f"postdeploy: {error}")
        return 1
    container, app = settings["AZURE_INPUT_CONTAINER_NAME"], settings["AZURE_FUNCTION_APP_NAME"]
    print(f"postdeploy: Event Grid delivers the events of new CSVs in '{container}' to {app}.", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
