"""What the `runs` table keeps of a route beside its runs.

Per route: `active;!batch;<customer>` (the open batch) and `active;!route` (the state of the route), which stand in the
range that a tick reads; `set;<sha256>`, which run trains on a set of that content. `table_parts` has the parts.
A row that decides about runs is written in one transaction with them.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from azure.data.tables import TableEntity

from shared.adapters.storage.record_codec import from_columns, to_columns
from shared.adapters.storage.run_rows import (
    active_key,
    add_claim,
    add_save,
    history_key,
    name_prefix,
    named_version,
    readable,
    run_key,
    stored_run,
)
from shared.adapters.storage.run_transactions import check_fits, in_transactions
from shared.adapters.storage.table_client import MAX_OPERATIONS, Transaction, etag_of
from shared.adapters.storage.table_parts import TablePartRows
from shared.errors import AlreadyClaimedError, StaleWriteError
from shared.ports.intake_rows import NamedVersion, RouteRows, RunChange, StoredBatch, StoredRouteState, StoredSet
from shared.ports.stored_run import StoredRun
from shared.records.batch import OpenBatch
from shared.records.json_codec import time_text
from shared.records.route_state import RouteState
from shared.records.run import Run

_STATE = "active;!route"
_BESIDE_RUNS = "active;!"  # what stands among the active runs; no run's id begins like that
_CLAIM_OPERATIONS = 4
_HELD_OPERATIONS = 2  # the run's own row, and its active one


class TableIntakeRows(TablePartRows):
    """`IntakeRows` on Azure Table Storage."""

    def in_progress(self, route: str) -> RouteRows:
        """Read what a tick needs of a route, in one query.

        Raises:
            UnreadableRowError: the open batch or the state of the route cannot be read; runs that cannot are left out.
        """
        rows = list(
            self._table.query("PartitionKey eq @route and RowKey ge 'active;' and RowKey lt 'active<'", route=route)
        )
        beside = {str(row["RowKey"]): row for row in rows if str(row["RowKey"]).startswith(_BESIDE_RUNS)}
        runs = readable(row for row in rows if str(row["RowKey"]) not in beside)
        return RouteRows(
            [StoredRun(run, None, etag_of(row)) for row, run in runs],
            _stored_batch(route, "", beside.get(_batch_key(""))),
            _stored_state(route, beside.get(_STATE)),
        )

    def route_state(self, route: str) -> StoredRouteState:
        """Read the state of a route; a route without a row has the one that it begins with."""
        return _stored_state(route, self._table.read(route, _STATE))

    def save_route_state(self, before: StoredRouteState, state: RouteState) -> StoredRouteState:
        """Replace the state of a route.

        Raises:
            StaleWriteError: it was written since it was read.
        """
        change = Transaction(state.route, fence=_STATE)
        change.put_over(_STATE, to_columns(state), before.etag)
        try:
            return StoredRouteState(state, self._table.write(change)[_STATE])
        except StaleWriteError:
            raise StaleWriteError(f"the state of route {state.route} was written since it was read") from None

    def open_batch(self, route: str, customer: str = "") -> StoredBatch:
        """Read the open batch of a route; one without a row has never been sealed."""
        return _stored_batch(route, customer, self._table.read(route, _batch_key(customer)))

    def save_batch(self, before: StoredBatch, batch: OpenBatch) -> StoredBatch:
        """Replace the open batch.

        Raises:
            StaleWriteError: it was written since it was read.
        """
        key = _batch_key(batch.customer)
        change = Transaction(batch.route, fence=key)
        change.put_over(key, to_columns(batch), before.etag)
        return StoredBatch(batch, self._write(change, f"the batch of route {batch.route}")[key])

    def seal(
        self, before: StoredBatch, sealed: OpenBatch, carrier: StoredRun, run: Run
    ) -> tuple[StoredBatch, StoredRun]:
        """Replace the open batch by the sealed one, and save the run that carries it.

        Raises:
            StaleWriteError: the batch or the run was written since it was read.
            ValueError: they are of different routes.
        """
        if sealed.route != run.route:
            raise ValueError(f"a run of route {run.route} cannot carry a batch of route {sealed.route}")
        key = _batch_key(sealed.customer)
        change = Transaction(run.route, fence=history_key(run))
        change.put_over(key, to_columns(sealed), before.etag)
        add_save(change, carrier, run)
        etags = self._write(change, f"the batch of route {run.route}, or run {run.run_id},")
        return StoredBatch(sealed, etags[key]), stored_run(run, etags)

    def carriers(self, route: str, since: datetime) -> list[StoredRun]:
        """Read the runs of a route that carry a batch and were written at `since` or later, in one query.

        The storage leaves the others out, which are nearly all: a comparison with an absent column is false.
        """
        rows = self._table.query(
            "PartitionKey eq @route and RowKey ge 'run;' and RowKey lt 'run<' and batch gt '' and updated_at ge @since",
            route=route,
            since=time_text(since),
        )
        return [StoredRun(run, etag_of(row), None) for row, run in readable(rows)]

    def save_many(self, changes: Sequence[RunChange]) -> list[StoredRun]:
        """Save runs of one route, all or nothing, with a history entry each.

        Raises:
            StaleWriteError: one of them was written since it was read.
            ValueError: there are none, they are of several routes, or they do not fit into one transaction.
        """
        check_fits(changes)
        _, first = changes[0]
        change = Transaction(first.route, fence=history_key(first))
        for before, run in changes:
            add_save(change, before, run)
        etags = self._write(change, f"one of {len(changes)} runs of route {first.route}")
        return [stored_run(run, etags) for _, run in changes]

    def in_transactions(self, changes: Sequence[RunChange]) -> Iterator[Sequence[RunChange]]:
        """Divide changes into the least number of `save_many`, in order."""
        return in_transactions(changes)

    def settle(self, before: StoredRun, run: Run) -> StoredRun:
        """Delete every row of a run that waited for a file to settle, and claim the version that the file settled at.

        Raises:
            AlreadyClaimedError: that version has its run already; the rows of the waiting run are deleted.
            StaleWriteError: the waiting run was written, or settled, since it was read.
            ValueError: the two are of different routes.
        """
        if before.run.route != run.route:
            raise ValueError(f"a run of route {run.route} cannot settle one of route {before.run.route}")
        change = Transaction(run.route, fence=history_key(run))
        self._delete_waiting(change, before)
        waiting = list(change.operations)
        add_claim(change, run)
        try:
            return stored_run(run, self._table.write(change))
        except StaleWriteError:
            if self._table.read(run.route, run_key(run)) is None:
                raise StaleWriteError(f"run {before.run.run_id} was written since it was read") from None
        self._write(Transaction(run.route, fence="", operations=waiting), f"run {before.run.run_id}")
        raise AlreadyClaimedError(f"{run.container}/{run.blob} has its run {run.run_id} already")

    def trained_set(self, route: str, sha256: str) -> StoredSet | None:
        """Read which run trains, or trained, on the set of this content; None if none does."""
        row = self._table.read(route, _set_key(sha256))
        return None if row is None else StoredSet(str(row["run_id"]), etag_of(row))

    def claim_set(self, route: str, sha256: str, run_id: str, before: StoredSet | None) -> StoredSet:
        """Record that a run trains on the set of this content, in place of the run that `before` names.

        Raises:
            StaleWriteError: another run has it since it was read.
        """
        key = _set_key(sha256)
        change = Transaction(route, fence=key)
        change.put_over(key, {"run_id": run_id}, None if before is None else before.etag)
        return StoredSet(run_id, self._write(change, f"the training set {sha256[:8]} of route {route}")[key])

    def runs_of_blob(self, route: str, name: str) -> list[NamedVersion]:
        """Read which versions of a name have runs of the route, in the order of their generations, in one query."""
        rows = self._table.query(
            "PartitionKey eq @route and RowKey ge @first and RowKey lt @end",
            route=route,
            first=f"{name_prefix(name)};",
            end=f"{name_prefix(name)}<",
        )
        return sorted(named_version(str(row["RowKey"])) for row in rows)

    def _delete_waiting(self, change: Transaction, before: StoredRun) -> None:
        """Add the deletion of a waiting run's rows; of a long history, the oldest entries are deleted beforehand."""
        run = before.run
        rows = self._table.query(
            "PartitionKey eq @route and RowKey ge @first and RowKey lt @end",
            route=run.route,
            first=f"hist;{run.run_id};",
            end=f"hist;{run.run_id}<",
        )
        keys = sorted(str(row["RowKey"]) for row in rows)
        room = MAX_OPERATIONS - _CLAIM_OPERATIONS - _HELD_OPERATIONS
        excess = max(0, len(keys) - room)
        for start in range(0, excess, MAX_OPERATIONS):
            early = Transaction(run.route, fence="")
            for key in keys[start : min(start + MAX_OPERATIONS, excess)]:
                early.delete(key, None)
            self._write(early, f"run {run.run_id}")
        change.delete(run_key(run), before.run_etag)
        change.delete(active_key(run), before.active_etag)
        for key in keys[excess:]:
            change.delete(key, None)


def _batch_key(customer: str) -> str:
    return f"active;!batch;{customer}"


def _set_key(sha256: str) -> str:
    return f"set;{sha256}"


def _stored_batch(route: str, customer: str, row: TableEntity | None) -> StoredBatch:
    if row is None:
        return StoredBatch(OpenBatch(route=route, customer=customer), None)
    return StoredBatch(from_columns(OpenBatch, row), etag_of(row))


def _stored_state(route: str, row: TableEntity | None) -> StoredRouteState:
    if row is None:
        return StoredRouteState(RouteState(route=route), None)
    return StoredRouteState(from_columns(RouteState, row), etag_of(row))
