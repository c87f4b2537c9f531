"""The rows of a run: their keys, their columns, and how a claim and a save change them in one transaction.

Per route: `run;<run_id>`, `active;<run_id>` while it has no outcome, `hist;<run_id>;<revision>`, and
`name;<hash of the blob's name>;<generation>;<run_id>`, so that the versions of a name are one range.
A generation holds slashes, which a key may not: they become underscores.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from azure.data.tables import TableEntity

from shared.adapters.storage.record_codec import from_columns, to_columns
from shared.adapters.storage.table_client import Transaction
from shared.errors import UnreadableRowError
from shared.log_actions import LogAction, get_log, log_fields
from shared.ports.intake_rows import NamedVersion
from shared.ports.stored_run import StoredRun
from shared.records.history import entry_of
from shared.records.run import Run
from shared.records.run_states import RunState, step_of
from shared.records.run_steps import WaitingStep

_log = get_log("runs")


def check_successor(before: Run, run: Run) -> None:
    """Refuse to save anything but the next revision of the same run: the history's row keys depend on it.

    Raises:
        ValueError: `run` is another run, or not one revision later.
    """
    if (run.route, run.run_id, run.revision) != (before.route, before.run_id, before.revision + 1):
        raise ValueError(
            f"run {run.run_id} revision {run.revision} cannot follow run {before.run_id} revision {before.revision}"
        )


def run_key(run: Run) -> str:
    """Return the key of the run's own row."""
    return f"run;{run.run_id}"


def active_key(run: Run) -> str:
    """Return the key of the copy that a tick reads."""
    return f"active;{run.run_id}"


def history_key(run: Run) -> str:
    """Return the key of the history entry of the run's present revision."""
    return f"hist;{run.run_id};{run.revision:06d}"


def name_key(run: Run) -> str:
    """Return the key under which a version is found by its name."""
    return f"{name_prefix(run.blob)};{key_text(run.generation)};{run.run_id}"


def name_prefix(name: str) -> str:
    """Return what the keys of all versions of a name begin with."""
    return f"name;{hashlib.sha256(name.encode(errors='surrogatepass')).hexdigest()[:32]}"


def named_version(key: str) -> NamedVersion:
    """Return the version that a row of a name is of."""
    _, _, generation, run_id = key.split(";")
    return NamedVersion(generation.replace("_", "/"), run_id)


def key_text(generation: str) -> str:
    """Return a generation as it stands in a key; the order stays."""
    return generation.replace("/", "_")


def has_name_row(run: Run) -> bool:
    """Tell whether a run is found by its file's name: one that waits for the file to settle is of no version yet."""
    return run.step is not WaitingStep.SETTLE


def add_claim(change: Transaction, run: Run) -> None:
    """Add the rows of a new run."""
    change.insert(run_key(run), to_columns(run))
    if not run.terminal:
        change.insert(active_key(run), to_columns(run))
    change.insert(history_key(run), to_columns(entry_of(run)))
    if has_name_row(run):
        change.insert(name_key(run), {})


def add_save(change: Transaction, before: StoredRun, run: Run) -> None:
    """Add what replaces a run by its next revision.

    Raises:
        ValueError: `run` is not the next revision of `before`.
    """
    check_successor(before.run, run)
    change.replace(run_key(run), to_columns(run), before.run_etag)
    match before.run.terminal, run.terminal:
        case False, False:
            change.replace(active_key(run), to_columns(run), before.active_etag)
        case False, True:
            change.delete(active_key(run), before.active_etag)
        case True, False:
            change.insert(active_key(run), to_columns(run))
    change.insert(history_key(run), to_columns(entry_of(run)))


def stored_run(run: Run, etags: Mapping[str, str | None]) -> StoredRun:
    """Return a run as a transaction wrote it."""
    return StoredRun(run, etags[run_key(run)], None if run.terminal else etags[active_key(run)])


def run_of(row: Mapping[str, Any]) -> Run:
    """Read a run: which steps there are depends on its state.

    Raises:
        UnreadableRowError: a column is absent or holds something else, or the state has no such step.
    """
    return from_columns(Run, row, step=lambda: step_of(RunState(row["state"]), str(row.get("step", ""))))


def readable(rows: Iterable[TableEntity]) -> Iterator[tuple[TableEntity, Run]]:
    """Leave rows out that cannot be read, say after a downgrade: one of them must not stop all the others."""
    for row in rows:
        try:
            yield row, run_of(row)
        except UnreadableRowError as error:
            _, _, run_id = str(row["RowKey"]).partition(";")
            _log.error(
                "the row of a run is left out: %s",
                error,
                extra=log_fields(LogAction.RUN_UNREADABLE, run_id=run_id, route=str(row["PartitionKey"])),
            )
