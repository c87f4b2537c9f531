"""Reads the runs of a running stack."""

from pathlib import Path

from landfall.command_line import command
from landfall.errors import CommandError
from shared.adapters.storage.table_runs import TableRunStore
from shared.ports import StoredRun


def find_run(store: TableRunStore, beginning: str, state: Path) -> StoredRun:
    """Return the run whose id is, or begins with, a text; `state` is the state folder, for what to do if there is none.

    Raises:
        CommandError: there is none, or more than one.
    """
    exact = store.find(beginning) if len(beginning) == 32 else None
    if exact is not None:
        return exact
    found = [one for one in store.list_runs(limit=10_000) if one.run.run_id.startswith(beginning)]
    if len({one.run.run_id for one in found}) > 1:
        ids = ", ".join(one.run.run_id[:12] for one in found[:5])
        raise CommandError(f"{len(found)} runs begin with {beginning!r}: {ids}{' …' if len(found) > 5 else ''}")
    if not found:
        raise CommandError(f"there is no run {beginning!r}: {command('runs', state=state)} lists them")
    return found[0]
