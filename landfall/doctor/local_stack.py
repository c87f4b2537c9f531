"""Checks a local stack: its storage, its studio, its functions host and the app."""

from landfall.command_line import command_line
from landfall.doctor.app_health import check_health
from landfall.doctor.checks import Checks
from landfall.stack.readiness import host_runs, studio_runs
from landfall.stack.run_store import open_runs
from landfall.stack.stack_state import StateFolder


def check_stack(checks: Checks, state: StateFolder) -> None:
    """Check the stack in a state folder: its storage, studio and functions host, and what the app says of itself."""
    restart = " and ".join(command_line(word, state=state.path) for word in ("down", "up"))
    do = f"read its log in {state.path / 'logs'}, then {restart}"
    with checks.catching("the stack", "start it, or name another state folder"):
        document = state.read_document()
    if not checks.ok:
        return
    with checks.catching("the storage", do):
        open_runs(document["storage"])
        checks.add("the storage", "it answers")
    if document["studio"]:
        if studio_runs(document["studio"]):
            checks.add("the studio", "it answers")
        else:
            checks.add("the studio", f"{document['studio']} does not answer", do)
    if host_runs(document["functions"], document.get("functions_nonce")):
        checks.add("the functions host", "it runs")
        check_health(checks, document["functions"], document["functions_key"])
    else:
        checks.add("the functions host", f"{document['functions']} does not answer", do)
