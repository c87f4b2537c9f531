"""Runs `az` and `azd` for the hooks: under any Python from 3.9 on, with the standard library alone, on every system."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import Any

ANSWER_S = 300.0  # LANDFALL_HOOK_ANSWER_S replaces it
SIGN_IN = {"az": "az login", "azd": "azd auth login"}


class CliError(Exception):
    """A command is missing or failed; the text says which, and what it wrote last."""


def run(command: str, *arguments: str) -> str:
    """Run `az` or `azd`; returns what it writes to stdout.

    Raises:
        CliError: it is not installed, it fails, or it does not answer in time.
    """
    path = shutil.which(command)  # with its extension: on Windows az is az.cmd
    if path is None:
        raise CliError(f"{command} is not on the PATH. Install it and sign in ('{SIGN_IN[command]}').")
    call = f"'{command} {' '.join(arguments[:3])} …'"
    answer_s = float(os.environ.get("LANDFALL_HOOK_ANSWER_S") or ANSWER_S)
    try:
        done = subprocess.run(
            [path, *arguments],
            stdin=subprocess.DEVNULL,  # it must fail, not ask
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            timeout=answer_s,
        )
    except subprocess.TimeoutExpired as error:
        raise CliError(f"{call} did not answer in {answer_s:g} s.") from error
    if done.returncode != 0:
        last = " ".join(done.stderr.split())[-400:]
        raise CliError(f"{call} failed with status {done.returncode}: {last}")
    return done.stdout


def az_json(*arguments: str) -> Any:
    """Run `az`; returns its answer.

    Raises:
        CliError: as `run`, or it writes no JSON.
    """
    text = run("az", *arguments, "--only-show-errors", "--output", "json")
    try:
        return json.loads(text)
    except ValueError as error:
        raise CliError(f"'az {' '.join(arguments[:3])} …' wrote no JSON: {error}") from error
