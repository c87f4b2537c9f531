"""Runs the commands of azure_trial.py, and waits for what Azure does later."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parent.parent
PAUSE_S = 15.0


class TrialError(Exception):
    """A step failed; the text says which, and what it wrote."""


def run(*command: str, shown: bool = False) -> str:
    """Run a command in the repository and return its output; `shown` passes it on instead.

    Raises:
        TrialError: it failed. Its arguments are not repeated: some are keys.
    """
    path = shutil.which(command[0])
    if path is None:
        raise TrialError(f"{command[0]} is not installed")
    print(f"$ {' '.join(command[:3])} …", flush=True)
    output = None if shown else subprocess.PIPE
    done = subprocess.run([path, *command[1:]], cwd=ROOT, stdout=output, stderr=output, text=True, check=False)
    if done.returncode:
        tail = "" if shown else f":\n{(done.stderr or done.stdout).strip()[-3000:]}"
        raise TrialError(f"{' '.join(command[:3])} failed (exit status {done.returncode}){tail}")
    return "" if shown else done.stdout.strip()


def az(*arguments: str) -> Any:
    """Return the answer of the Azure CLI."""
    return json.loads(run("az", *arguments, "--output", "json") or "null")


def until(what: str, limit_s: float, attempt: Callable[[], bool]) -> None:
    """Repeat an attempt until it returns True.

    Raises:
        TrialError: it did not within the limit; the text has the attempt's last error.
    """
    deadline, last = time.monotonic() + limit_s, ""
    while True:
        try:
            if attempt():
                return
        except (TrialError, requests.RequestException) as error:
            last = f": {error}"
        if time.monotonic() > deadline:
            raise TrialError(f"{what}: not within {limit_s:.0f} s{last}")
        time.sleep(PAUSE_S)


def setting(name: str) -> str:
    """Return a variable of the trial.

    Raises:
        TrialError: it is not set.
    """
    value = os.environ.get(name, "")
    if not value:
        raise TrialError(f"{name} is not set")
    return value


def sign_in_again() -> None:
    """Sign the Azure CLI in with a new token of GitHub, in a workflow; elsewhere do nothing.

    az keeps the token of its sign-in, which is valid for minutes: later it gets no access token for a service that it
    has not called yet, such as the vault (AADSTS700024, https://github.com/Azure/azure-cli/issues/28708).

    Raises:
        TrialError: GitHub gives no token, or Azure refuses it.
    """
    url = os.environ.get("ACTIONS_ID_TOKEN_REQUEST_URL", "")
    if not url:
        return
    headers = {"Authorization": f"Bearer {setting('ACTIONS_ID_TOKEN_REQUEST_TOKEN')}"}
    try:
        answer = requests.get(url, params={"audience": "api://AzureADTokenExchange"}, headers=headers, timeout=60)
        answer.raise_for_status()
        token = answer.json()["value"]
    except (requests.RequestException, KeyError) as error:
        raise TrialError(f"GitHub gives no token to sign in to Azure with: {error}") from None
    account = az("account", "show")
    identity = ["--username", account["user"]["name"], "--tenant", account["tenantId"]]
    run("az", "login", "--service-principal", *identity, "--federated-token", token)
    run("az", "account", "set", "--subscription", account["id"])


def signed_in_as() -> str:
    """Return the object id of whoever the Azure CLI is signed in as; a service principal may not ask the directory."""
    claims = az("account", "get-access-token")["accessToken"].split(".")[1]
    return str(json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["oid"])
