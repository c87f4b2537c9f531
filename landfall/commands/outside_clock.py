"""`landfall tick` and `landfall sweep`: stand in for the app's timers, on the local stack or on an app in Azure."""

import argparse
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from landfall.app_client import LOOPBACK, AppUnreachableError, NotJsonError, call_app
from landfall.console import console, escape, print_json
from landfall.errors import CommandError, UsageError
from landfall.exit_status import ExitStatus
from landfall.stack.stack_state import StateFolder
from shared.plurals import counted

KEY_VARIABLE = "LANDFALL_KEY"
CALL_TIMEOUT_S = 230  # the platform ends a request then; the app answers within a minute or so
MAX_CALLS = 100  # an app that has more to do than fits in these is not caught up by a command
# Counts that each call begins anew; the others are what is left, or there, at the end of the last call.
_SUMMED = frozenset({"due", "trained", "files_checked", "files_landed", "endpoints_checked", "endpoints_repaired"})


@dataclass(frozen=True)
class _App:
    """Where the app is, and its function key. `advice`: what to do if it does not answer, or refuses the key."""

    url: str
    key: str = field(repr=False)
    advice: str = ""


def tick(options: argparse.Namespace) -> int:
    """Let the app take ticks until no due step is left.

    Raises:
        CommandError: the app refuses, does not answer, or does not come to the end.
        UsageError: the options contradict each other.
    """
    return _repeat(options, "tick", {}, _ticked)


def sweep(options: argparse.Namespace) -> int:
    """Let the app sweep until the end of its files and endpoints is reached; with `--full` from their beginning.

    Raises:
        CommandError: the app refuses, does not answer, or does not come to the end.
        UsageError: the options contradict each other.
    """
    return _repeat(options, "sweep", {"full": True} if options.full else {}, _swept)


def _repeat(
    options: argparse.Namespace,
    operation: str,
    first: Mapping[str, bool],
    sentence: Callable[[Mapping[str, int]], str],
) -> int:
    app, out = _app(options), console(quiet=options.json)
    totals: dict[str, int] = {}
    for number in range(1, MAX_CALLS + 1):
        body = _call(app, operation, first if number == 1 else {})
        for name, count in body.items():
            if name != "done":
                totals[name] = count + (totals.get(name, 0) if name in _SUMMED else 0)
        if body["done"]:
            if options.json:
                print_json({"done": True, "calls": number, **totals})
            out.print(escape(sentence(totals)))
            return ExitStatus.SUCCESS
        out.print(escape(f"{sentence(totals)}; more is left"))
    raise CommandError(f"after {MAX_CALLS} calls there is still more left. Call it again; see `landfall runs`.")


def _ticked(totals: Mapping[str, int]) -> str:
    due = counted(totals["due"], "due step")
    return f"{due} of {counted(totals['active'], 'active run')}, {totals['trained']} trained now"


def _swept(totals: Mapping[str, int]) -> str:
    files, endpoints = counted(totals["files_checked"], "file"), counted(totals["endpoints_checked"], "endpoint")
    landed, repaired = totals["files_landed"], totals["endpoints_repaired"]
    return f"{files} checked, {landed} landed; {endpoints} checked, {repaired} repaired"


def _app(options: argparse.Namespace) -> _App:
    """Return the app of `--url`, or that of the stack in the state folder.

    Raises:
        UsageError: the URL is wrong or its key is missing, or a state folder is named as well.
    """
    if options.url is None:
        state = StateFolder(options.state)
        document = state.read_document()
        return _App(document["functions"], document["functions_key"], state.advice())
    if options.state_given:
        raise UsageError("--state DIR is a local stack, --url URL is not: keep one")
    url = str(options.url).rstrip("/")
    try:
        parts = urlsplit(url)
        allowed = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
        allowed = allowed and parts.port != 0  # reading the port raises ValueError for a number that is none
    except ValueError:
        allowed = False
    if not allowed or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise UsageError("--url must be the base URL of the app, such as https://NAME.azurewebsites.net")
    key = os.environ.get(KEY_VARIABLE, "").strip()
    if not key:
        raise UsageError(f"--url needs the app's function key in the environment variable {KEY_VARIABLE}")
    if not re.fullmatch(r"[!-~]+", key):
        raise UsageError(f"{KEY_VARIABLE} is no function key: such a key has no space and no character outside ASCII")
    return _App(url, key)


def _call(app: _App, operation: str, arguments: Mapping[str, bool]) -> Mapping[str, Any]:
    """Call the operation once; returns its answer.

    Raises:
        CommandError: the app refuses or does not answer, or the answer is not the app's.
    """
    url = f"{app.url}/api/{operation}"
    try:
        answer = call_app("POST", url, app.key, arguments, CALL_TIMEOUT_S)
    except AppUnreachableError as error:
        raise CommandError("\n  ".join(filter(None, (str(error), app.advice)))) from error
    except NotJsonError as error:
        if error.status in {401, 403}:
            advice = app.advice or f"Check {KEY_VARIABLE}. An app with LANDFALL_HTTP_AUTH = entra takes no key."
            raise CommandError(f"{url} refused the function key ({error.status}).\n  {advice}") from error
        raise
    if answer.status not in {200, 202}:
        raise CommandError(answer.refusal)
    counts = [count for name, count in answer.body.items() if name != "done"]
    is_done = answer.body.get("done")
    if is_done is not (answer.status == 200) or not counts or not all(type(count) is int for count in counts):
        raise CommandError(f"the answer of {url} is not the app's. Check that this URL is the app's.")
    return answer.body
