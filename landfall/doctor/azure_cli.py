"""Runs the Azure CLI and azd, with the rights of the user; a failure becomes one sentence."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from typing import Any

from landfall.errors import CommandError
from shared.redaction import redact

TIMEOUT_S = 120
_REMEDIES = {
    "az": "install the Azure CLI and sign in with `az login`",
    "azd": "install the Azure Developer CLI, or give --resource-group",
}


def az(*arguments: str) -> Any:
    """Return the JSON that `az` prints; None if it prints nothing.

    Raises:
        CommandError: `az` is missing, fails, or does not answer in time.
    """
    text = _run("az", [*arguments, "--output", "json"])
    try:
        return json.loads(text) if text.strip() else None
    except ValueError:
        raise CommandError(f"`az {' '.join(arguments[:3])}` did not print JSON") from None


def az_list(*arguments: str) -> list[dict[str, Any]]:
    """Return the list that `az` prints; an empty one if it prints nothing.

    Raises:
        CommandError: `az` is missing, fails, or does not answer in time.
    """
    listed: list[dict[str, Any]] | None = az(*arguments)
    return [] if listed is None else listed


def azd_value(name: str) -> str:
    """Return a value of this folder's azd environment.

    Raises:
        CommandError: azd is missing, or has no such value.
    """
    return _run("azd", ["env", "get-value", name]).strip()


def _run(program: str, arguments: Sequence[str]) -> str:
    path = shutil.which(program)
    if path is None:
        raise CommandError(f"`{program}` is not on the PATH: {_REMEDIES[program]}")
    called = f"`{program} {' '.join(arguments[:3])}`"
    try:
        done = subprocess.run(
            [path, *arguments],
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        raise CommandError(f"{called} did not answer within {TIMEOUT_S} s") from None
    if done.returncode:
        text = done.stderr if done.stderr.strip() else done.stdout
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        raise CommandError(f"{called} failed: {redact(lines[0]) if lines else f'status {done.returncode}'}")
    return done.stdout
