"""Checks a local stack: its storage, its studio, its functions host and the app."""

from landfall.command_line import command
from landfall.doctor.app_health import check_health
from landfall.doctor.checks import Checks
from landfall.stack.readiness import host_runs, studio_runs
from landfall.stack.run_store import open_runs
from landfall.stack.stack_state import StateFolder


def check_stack(checks: Checks, state: StateFolder) -> None:
    """Check the stack in a state folder: its storage, studio and functions host, and what the app says of itself."""
    again = " and ".join(command(word, state=state.path) for word in ("down", "up"))
    do = f"look at its log in {state.path / 'logs'}, then {again}"
    with checks.of("the stack", "start it, if it is the one that is meant"):
        document = state.read_document()
    if not checks.ok:
        return
    with checks.of("the storage", do):
        open_runs(document["storage"])
        checks.add("the storage", "it answers")
    if document["studio"]:
        runs = studio_runs(document["studio"])
        checks.add("the studio", "it answers" if runs else f"{document['studio']} does not answer", "" if runs else do)
    runs = host_runs(document["functions"], document.get("functions_nonce"))
    checks.add(
        "the functions host", "it runs" if runs else f"{document['functions']} does not answer", "" if runs else do
    )
    if runs:
        check_health(checks, document["functions"], document["functions_key"])
