"""Finds a run by its id, or by the beginning of its id."""

from pathlib import Path

from landfall.command_line import command_line
from landfall.errors import CommandError
from shared.adapters.storage.table_runs import TableRunStore
from shared.ports.stored_run import StoredRun


def find_run(store: TableRunStore, beginning: str, state: Path) -> StoredRun:
    """Return the run whose id begins with a text; `state` is the state folder, for the error's advice.

    Raises:
        CommandError: no run's id begins with it, or several do.
    """
    exact = store.find(beginning) if len(beginning) == 32 else None
    if exact is not None:
        return exact
    matches = [stored for stored in store.list_runs(limit=10_000) if stored.run.run_id.startswith(beginning)]
    if len({stored.run.run_id for stored in matches}) > 1:
        ids = ", ".join(stored.run.run_id[:12] for stored in matches[:5])
        more = " …" if len(matches) > 5 else ""
        raise CommandError(f"{len(matches)} runs begin with {beginning!r}: {ids}{more}. Give more of the id.")
    if not matches:
        raise CommandError(f"there is no run {beginning!r}: {command_line('runs', state=state)} lists them")
    return matches[0]
