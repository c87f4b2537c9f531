"""Runs the Azure CLI and azd, and says in words why one of them did not do it."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from typing import Any

from landfall.errors import CommandError
from shared.redaction import redact

TIMEOUT_S = 120
_HOW = {
    "az": "install the Azure CLI and sign in with `az login`",
    "azd": "install the Azure Developer CLI, or say --resource-group",
}


def az(*arguments: str) -> Any:
    """Return what `az` answers, as JSON.

    Raises:
        CommandError: it is not there, refuses, or does not answer.
    """
    text = _run("az", [*arguments, "--output", "json"])
    try:
        return json.loads(text) if text.strip() else None
    except ValueError:
        raise CommandError(f"`az {' '.join(arguments[:3])}` answered no JSON") from None


def azd_value(name: str) -> str:
    """Return a value of the azd environment of this folder.

    Raises:
        CommandError: azd is not there, or has no such value.
    """
    return _run("azd", ["env", "get-value", name]).strip()


def _run(program: str, arguments: Sequence[str]) -> str:
    found = shutil.which(program)
    if found is None:
        raise CommandError(f"`{program}` is not on the PATH: {_HOW[program]}")
    called = f"`{program} {' '.join(arguments[:3])}`"
    try:
        done = subprocess.run(
            [found, *arguments],
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        raise CommandError(f"{called} did not answer within {TIMEOUT_S} s") from None
    if done.returncode:
        said = [line for line in (done.stderr.strip() or done.stdout.strip()).splitlines() if line.strip()]
        raise CommandError(f"{called} failed: {redact(said[0]) if said else f'status {done.returncode}'}")
    return done.stdout
