"""Calls the app's operations. The app carries them out, so an operator needs no key of any endpoint."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from landfall.app_client import TIMEOUT_S, AppUnreachableError, call_app
from landfall.errors import CommandError
from landfall.stack.stack_state import StateFolder

type Arguments = Mapping[str, str]
type Body = Mapping[str, Any]

# They look at every run of a route, or read a whole file; the platform ends a request after this time.
_TIMEOUTS_S = dict.fromkeys(("forget", "schema"), 230)


def call_operation(folder: Path, operation: str, **arguments: str | None) -> Body:
    """Call an operation of the app in a state folder's stack; arguments without a value are left out.

    Raises:
        CommandError: the app refuses or does not answer, or the answer is not the app's.
    """
    state = StateFolder(folder)
    document = state.read_document()
    url = f"{document['functions']}/api/operations/{operation}"
    sent = {name: value for name, value in arguments.items() if value}
    try:
        answer = call_app("POST", url, document["functions_key"], sent, _TIMEOUTS_S.get(operation, TIMEOUT_S))
    except AppUnreachableError as error:
        raise CommandError(f"{error}\n  {state.advice()}") from error
    if answer.status != 200:
        raise CommandError(answer.refusal)
    is_own_answer = _OWN_ANSWERS.get(operation, _is_about_run)
    if not is_own_answer(answer.body, sent):
        raise CommandError(
            f"the answer of {url} to {operation} is not the app's, so it is unknown whether the operation took place."
            " Check that this URL is the app's."
        )
    return answer.body


def _is_about_run(body: Body, sent: Arguments) -> bool:
    """Tell whether an answer is about a run; if the request named one, about that run."""
    run = body.get("run")
    return isinstance(run, dict) and isinstance(run.get("run_id"), str) and sent.get("run") in {None, run["run_id"]}


def _is_about_endpoint(body: Body, sent: Arguments, *, frozen: bool) -> bool:
    """Tell whether an answer says that the endpoint of the request is in the requested state."""
    names = {str(body.get("endpoint")), f"{body.get('route')}/{body.get('endpoint')}"}
    return body.get("frozen") is frozen and sent["endpoint"] in names


# How to recognize the app's own answer among others with status 200. Answers to other operations are about a run.
_OWN_ANSWERS: Mapping[str, Callable[[Body, Arguments], bool]] = {
    "invite": lambda body, _: str(body.get("link")).startswith("/api/approval#") and "expires_at" in body,
    "links": lambda body, sent: body.get("run_id") == sent["run"] and "valid_s" in body,
    "forget": lambda body, _: isinstance(body.get("runs"), list) and isinstance(body.get("deleted"), list),
    "schema": lambda body, sent: body.get("route") == sent["route"] and isinstance(body.get("version"), int),
    "freeze": lambda body, sent: _is_about_endpoint(body, sent, frozen=True),
    "unfreeze": lambda body, sent: _is_about_endpoint(body, sent, frozen=False),
}
