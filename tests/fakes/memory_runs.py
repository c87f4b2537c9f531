"""The `runs` table in memory. Rows go through the real columns, so what a table cannot hold fails here as well."""

from datetime import datetime

from shared.adapters.storage.run_rows import check_successor, run_of
from shared.ports.stored_run import StoredRun
from shared.records.erasure import Erasure
from shared.records.heartbeats import Heartbeats, TickSource
from shared.records.history import HistoryEntry
from shared.records.run import Run
from shared.records.run_identity import UNROUTED
from tests.fakes.memory_intake import MemoryIntakeRows


class MemoryRunStore(MemoryIntakeRows):
    """`RunStore` in memory; `faults` arranges failures of the operations named as the methods."""

    def __init__(self) -> None:
        super().__init__()
        self._heartbeats: dict[TickSource, datetime] = {}
        self._awaited_since: datetime | None = None
        self._positions: dict[str, str] = {}
        self._erasures: dict[tuple[str, str], Erasure] = {}

    def claim(self, run: Run) -> StoredRun:
        """Insert a new run, its active row (unless terminal) and its first history entry, all or nothing."""
        with self.faults.call("claim"), self._lock:
            return self._insert(run)

    def save(self, before: StoredRun, run: Run) -> StoredRun:
        """Replace `before` by `run` and append a history entry, all or nothing."""
        check_successor(before.run, run)
        with self.faults.call("save"), self._lock:
            self._check_fresh(before, run)
            return self._write(run)

    def get(self, route: str, run_id: str) -> StoredRun | None:
        """Read one run."""
        with self.faults.call("get"), self._lock:
            row = self._runs.get((route, run_id))
            return None if row is None else StoredRun(run_of(row[0]), row[1], None)

    def find(self, run_id: str) -> StoredRun | None:
        """Find a run whose route is not known; where two share the id, the one under a route."""
        with self.faults.call("find"), self._lock:
            keys = sorted((key for key in self._runs if key[1] == run_id), key=lambda key: key[0] == UNROUTED)
            if not keys:
                return None
            columns, etag = self._runs[keys[0]]
            return StoredRun(run_of(columns), etag, None)

    def list_runs(self, route: str | None = None, limit: int = 100) -> list[StoredRun]:
        """Read the newest runs (by `landed_at`, newest first), of one route or of all.

        One that is recorded as unrouted and stands under a route as well is the latter alone.
        """
        with self.faults.call("list_runs"), self._lock:
            routed = {run_id for name, run_id in self._runs if name != UNROUTED}
            hidden = {(UNROUTED, run_id) for run_id in routed}
            rows = [row for key, row in self._runs.items() if route in {None, key[0]} and key not in hidden]
            runs = [StoredRun(run_of(columns), etag, None) for columns, etag in rows]
        return sorted(runs, key=lambda stored: (stored.run.landed_at, stored.run.run_id), reverse=True)[:limit]

    def routes(self) -> list[str]:
        """Read the names under which runs are recorded."""
        with self.faults.call("routes"), self._lock:
            return sorted({name for name, _ in self._runs})

    def history(self, route: str, run_id: str) -> list[HistoryEntry]:
        """Read a run's history, oldest first."""
        with self.faults.call("history"), self._lock:
            entries = self._history.get((route, run_id), {})
            return [entries[revision] for revision in sorted(entries)]

    def write_heartbeat(self, source: TickSource, now: datetime) -> None:
        """Record that a source of ticks lives."""
        with self.faults.call("write_heartbeat"):
            self._heartbeats[source] = now

    def heartbeats(self) -> Heartbeats:
        """Read the last heartbeat of each source."""
        with self.faults.call("heartbeats"):
            timer, http = (self._heartbeats.get(source) for source in (TickSource.TIMER, TickSource.HTTP))
            return Heartbeats(timer, http, self._awaited_since)

    def await_heartbeat(self, now: datetime) -> None:
        """Record that the timer's first heartbeat is awaited since `now`; the first record stays."""
        with self.faults.call("await_heartbeat"):
            self._awaited_since = self._awaited_since or now

    def save_position(self, what: str, name: str) -> None:
        """Write down how far a pass over many things came."""
        with self.faults.call("save_position"):
            self._positions[what] = name

    def position(self, what: str) -> str:
        """Read how far the last such pass came."""
        with self.faults.call("position"):
            return self._positions.get(what, "")

    def save_erasure(self, erasure: Erasure) -> None:
        """Record an erasure."""
        with self.faults.call("save_erasure"):
            self._erasures[erasure.route, erasure.run_id] = erasure

    def erasures(self) -> list[Erasure]:
        """Read the erasures that go on."""
        with self.faults.call("erasures"):
            return list(self._erasures.values())

    def end_erasure(self, erasure: Erasure) -> None:
        """Delete the record of an erasure."""
        with self.faults.call("end_erasure"):
            self._erasures.pop((erasure.route, erasure.run_id), None)
