"""The `runs` table: the runs of each route, their history, and what the app as a whole remembers.

A change of a run is one transaction over its rows. The history row, whose key is the run's revision, can be inserted
only once: so it fences also those writes that know no ETag. The active row is a full copy of the run: one query of
the range gives a tick all it needs, however many finished runs stand beside it. `run_rows` and `table_intake` name the
rows of a route. Beside the routes stand a row for the heartbeat of each source of ticks, one for each pass of a sweep
that did not come to its end, and one for each erasure that goes on.
"""

import heapq
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime

from azure.data.tables import TableEntity

from shared.adapters.storage.record_codec import from_columns, to_columns
from shared.adapters.storage.run_rows import add_claim, add_save, history_key, readable, run_of, stored_run
from shared.adapters.storage.table_client import Transaction, etag_of
from shared.adapters.storage.table_intake import TableIntakeRows
from shared.errors import AlreadyClaimedError, StaleWriteError
from shared.ports.stored_run import StoredRun
from shared.records.erasure import Erasure
from shared.records.heartbeats import Heartbeats, TickSource
from shared.records.history import HistoryEntry
from shared.records.json_codec import time_text
from shared.records.run import Run
from shared.records.run_identity import UNROUTED

_APP = "_app"  # the partition of what is no route's: a route's name cannot begin with "_"
_AWAITED = "heartbeat;awaited"


class TableRunStore(TableIntakeRows):
    """`RunStore` on Azure Table Storage."""

    TABLE_NAME = "runs"

    def claim(self, run: Run) -> StoredRun:
        """Insert a new run, its active row (unless terminal) and its first history entry, all or nothing.

        Raises:
            AlreadyClaimedError: this route has a run of that id; nothing was written.
        """
        change = Transaction(run.route, fence=history_key(run))
        add_claim(change, run)
        try:
            return stored_run(run, self._table.write(change))
        except StaleWriteError:
            raise AlreadyClaimedError(f"{run.container}/{run.blob} has its run {run.run_id} already") from None

    def save(self, before: StoredRun, run: Run) -> StoredRun:
        """Replace `before` by `run` (`run.revision` is one higher) and append a history entry, all or nothing.

        A terminal run loses its active row.

        Raises:
            StaleWriteError: somebody wrote the run since `before` was read; nothing was written.
            ValueError: `run` is not the next revision of `before`.
        """
        change = Transaction(run.route, fence=history_key(run))
        add_save(change, before, run)
        try:
            return stored_run(run, self._table.write(change))
        except StaleWriteError:
            raise StaleWriteError(
                f"run {run.run_id} was written since revision {before.run.revision} was read"
            ) from None

    def get(self, route: str, run_id: str) -> StoredRun | None:
        """Read one run."""
        row = self._table.read(route, f"run;{run_id}")
        return None if row is None else StoredRun(run_of(row), etag_of(row), None)

    def active(self, route: str) -> list[StoredRun]:
        """Read every run of the route that has no outcome yet, in one query."""
        condition = "PartitionKey eq @route and RowKey ge 'active;0' and RowKey lt 'active<'"  # an id is hexadecimal
        return [StoredRun(run, None, etag_of(row)) for row, run in readable(self._table.query(condition, route=route))]

    def find(self, run_id: str) -> StoredRun | None:
        """Find a run whose route is not known; where two share the id, the one under a route."""
        rows = sorted(
            self._table.query("RowKey eq @key", key=f"run;{run_id}"), key=lambda row: row["PartitionKey"] == UNROUTED
        )
        return StoredRun(run_of(rows[0]), etag_of(rows[0]), None) if rows else None

    def list_runs(self, route: str | None = None, limit: int = 100) -> list[StoredRun]:
        """Read the newest runs (by `landed_at`, newest first), of one route or of all.

        One that is recorded as unrouted and stands under a route as well is the latter alone.
        """
        runs = self._runs_of(route) if route not in {None, UNROUTED} else self._once_each(routed=route is None)
        newest = heapq.nlargest(limit, runs, key=lambda pair: (pair[1].landed_at, pair[1].run_id))
        return [StoredRun(run, etag_of(row), None) for row, run in newest]

    def routes(self) -> list[str]:
        """Read the names under which runs are recorded: routes, also those of before, and that of unrouted files."""
        names: list[str] = []
        last = ""
        while True:  # from the first row of a partition to that of the next, however many rows lie between
            row = self._table.first("PartitionKey gt @last", last=last)
            if row is None:
                return names
            last = row["PartitionKey"]
            if last != _APP:
                names.append(last)

    def _runs_of(self, route: str | None) -> Iterator[tuple[TableEntity, Run]]:
        return readable(
            self._table.query("PartitionKey eq @route and RowKey ge 'run;' and RowKey lt 'run<'", route=route or "")
        )

    def _once_each(self, *, routed: bool) -> Iterator[tuple[TableEntity, Run]]:
        """Give the runs under all routes if they are wanted, and then those that are unrouted and under none."""
        unrouted = {run.run_id: (row, run) for row, run in self._runs_of(UNROUTED)}
        if not routed and not unrouted:
            return
        condition = "PartitionKey ne @unrouted and RowKey ge 'run;' and RowKey lt 'run<'"
        for row, run in readable(self._table.query(condition, unrouted=UNROUTED)):
            unrouted.pop(run.run_id, None)
            if routed:
                yield row, run
        yield from unrouted.values()

    def history(self, route: str, run_id: str) -> list[HistoryEntry]:
        """Read a run's history, oldest first."""
        rows = self._table.query(
            "PartitionKey eq @route and RowKey ge @first and RowKey lt @end",
            route=route,
            first=f"hist;{run_id};",
            end=f"hist;{run_id}<",
        )
        return [from_columns(HistoryEntry, row) for row in sorted(rows, key=lambda row: row["RowKey"])]

    def write_heartbeat(self, source: TickSource, now: datetime) -> None:
        """Record that a source of ticks lives; the latest writer counts."""
        self._table.put(_APP, f"heartbeat;{source}", {"at": time_text(now)})

    def heartbeats(self) -> Heartbeats:
        """Read the last heartbeat of each source, in one request."""
        condition = "PartitionKey eq @app and RowKey ge 'heartbeat;' and RowKey lt 'heartbeat<'"
        at = {row["RowKey"]: datetime.fromisoformat(row["at"]) for row in self._table.query(condition, app=_APP)}
        timer, http = (at.get(f"heartbeat;{source}") for source in (TickSource.TIMER, TickSource.HTTP))
        return Heartbeats(timer, http, at.get(_AWAITED))

    def await_heartbeat(self, now: datetime) -> None:
        """Record that the timer's first heartbeat is awaited since `now`; the first record stays."""
        change = Transaction(_APP, fence=_AWAITED)
        change.insert(_AWAITED, {"at": time_text(now)})
        with suppress(StaleWriteError):  # another worker was faster
            self._table.write(change)

    def save_position(self, what: str, name: str) -> None:
        """Write down how far a pass over many things came; the latest writer counts."""
        self._table.put(_APP, f"position;{what}", {"name": name})

    def position(self, what: str) -> str:
        """Read how far the last such pass came; "" if it came to the end, or there was none."""
        row = self._table.read(_APP, f"position;{what}")
        return "" if row is None else str(row.get("name") or "")

    def save_erasure(self, erasure: Erasure) -> None:
        """Record that a forgotten file is deleted by every sweep until `erasure.until`; the latest writer counts."""
        self._table.put(_APP, _erasure_key(erasure), to_columns(erasure))

    def erasures(self) -> list[Erasure]:
        """Read the erasures that go on, in one query."""
        condition = "PartitionKey eq @app and RowKey ge 'erasure;' and RowKey lt 'erasure<'"
        return [from_columns(Erasure, row) for row in self._table.query(condition, app=_APP)]

    def end_erasure(self, erasure: Erasure) -> None:
        """Delete the record of an erasure; one that is gone is gone."""
        change = Transaction(_APP, fence=_erasure_key(erasure))
        change.delete(_erasure_key(erasure), None)
        with suppress(StaleWriteError):
            self._table.write(change)


def _erasure_key(erasure: Erasure) -> str:
    return f"erasure;{erasure.route};{erasure.run_id}"
