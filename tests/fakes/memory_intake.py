"""What the `runs` table keeps of a route beside its runs, in memory."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from shared.adapters.storage.record_codec import from_columns, to_columns
from shared.adapters.storage.run_rows import run_of
from shared.adapters.storage.run_transactions import check_fits, in_transactions
from shared.errors import StaleWriteError
from shared.ports.intake_rows import NamedVersion, RouteRows, RunChange, StoredBatch, StoredRouteState, StoredSet
from shared.ports.stored_run import StoredRun
from shared.records.batch import OpenBatch
from shared.records.part import Part
from shared.records.route_state import RouteState
from shared.records.run import Run
from tests.fakes.memory_rows import MemoryRunRows


class MemoryIntakeRows(MemoryRunRows):
    """`IntakeRows` in memory; `faults` arranges failures of the operations named as the methods."""

    def __init__(self) -> None:
        super().__init__()
        self._beside: dict[tuple[str, ...], tuple[dict[str, Any], str]] = {}  # batches, states, sets -> columns, ETag
        self._parts: dict[tuple[str, str, str], dict[str, Any]] = {}  # (route, generation, run id) -> columns

    def active(self, route: str) -> list[StoredRun]:
        """Read every run of the route that has no outcome yet."""
        with self.faults.call("active"), self._lock:
            return self._active_runs(route)

    def in_progress(self, route: str) -> RouteRows:
        """Read what a tick needs of a route."""
        with self.faults.call("in_progress"), self._lock:
            return RouteRows(self._active_runs(route), self._batch(route, ""), self._state(route))

    def route_state(self, route: str) -> StoredRouteState:
        """Read the state of a route; a route without a row has the one that it begins with."""
        with self.faults.call("route_state"), self._lock:
            return self._state(route)

    def save_route_state(self, before: StoredRouteState, state: RouteState) -> StoredRouteState:
        """Replace the state of a route."""
        with self.faults.call("save_route_state"), self._lock:
            return StoredRouteState(state, self._put_over(("state", state.route), to_columns(state), before.etag))

    def open_batch(self, route: str, customer: str = "") -> StoredBatch:
        """Read the open batch of a route; one without a row has never been sealed."""
        with self.faults.call("open_batch"), self._lock:
            return self._batch(route, customer)

    def save_batch(self, before: StoredBatch, batch: OpenBatch) -> StoredBatch:
        """Replace the open batch."""
        with self.faults.call("save_batch"), self._lock:
            return StoredBatch(batch, self._put_over(_batch_key(batch), to_columns(batch), before.etag))

    def accept(self, before: StoredRun, run: Run, part: Part) -> StoredRun:
        """Save a run and write its part; a part of an earlier attempt is replaced."""
        if (part.route, part.run_id, part.generation) != (run.route, run.run_id, run.file_generation):
            raise ValueError(f"the part of run {part.run_id} is not of run {run.run_id}")
        with self.faults.call("accept"), self._lock:
            self._check_fresh(before, run)
            self._parts[_part_key(part)] = to_columns(part)
            return self._write(run)

    def seal(
        self, before: StoredBatch, sealed: OpenBatch, carrier: StoredRun, run: Run
    ) -> tuple[StoredBatch, StoredRun]:
        """Replace the open batch by the sealed one, and save the run that carries it."""
        if sealed.route != run.route:
            raise ValueError(f"a run of route {run.route} cannot carry a batch of route {sealed.route}")
        with self.faults.call("seal"), self._lock:
            self._check_fresh(carrier, run)
            etag = self._put_over(_batch_key(sealed), to_columns(sealed), before.etag)
            return StoredBatch(sealed, etag), self._write(run)

    def carriers(self, route: str, since: datetime) -> list[StoredRun]:
        """Read the runs of a route that carry a batch and were written at `since` or later."""
        with self.faults.call("carriers"), self._lock:
            rows = [row for key, row in self._runs.items() if key[0] == route]
        stored = [StoredRun(run_of(columns), etag, None) for columns, etag in rows]
        return [item for item in stored if item.run.batch is not None and item.run.updated_at >= since]

    def save_many(self, changes: Sequence[RunChange]) -> list[StoredRun]:
        """Save runs of one route, all or nothing, with a history entry each."""
        check_fits(changes)
        with self.faults.call("save_many"), self._lock:
            for before, run in changes:
                self._check_fresh(before, run)
            return [self._write(run) for _, run in changes]

    def in_transactions(self, changes: Sequence[RunChange]) -> Iterator[Sequence[RunChange]]:
        """Divide changes into the least number of `save_many`, in order."""
        return in_transactions(changes)

    def parts(self, route: str, customer: str = "") -> Iterator[Part]:
        """Read the parts of a route in the order of their generations."""
        with self.faults.call("parts"), self._lock:
            rows = [] if customer else sorted((key, row) for key, row in self._parts.items() if key[0] == route)
        return (from_columns(Part, columns) for _, columns in rows)

    def part(self, run: Run) -> Part | None:
        """Read the part of a run; None if it has none."""
        with self.faults.call("part"), self._lock:
            columns = self._parts.get(_part_key(run))
            return None if columns is None else from_columns(Part, columns)

    def replace_part(self, part: Part) -> None:
        """Replace the part of a run, which was written anew."""
        with self.faults.call("replace_part"), self._lock:
            if _part_key(part) not in self._parts:
                raise StaleWriteError(f"the part of run {part.run_id} was deleted")
            self._parts[_part_key(part)] = to_columns(part)

    def forget(self, before: StoredRun, run: Run) -> StoredRun:
        """Save a run, and delete its part if it has one."""
        with self.faults.call("forget"), self._lock:
            self._check_fresh(before, run)
            self._parts.pop(_part_key(run), None)
            return self._write(run)

    def settle(self, before: StoredRun, run: Run) -> StoredRun:
        """Delete every row of a run that waited for a file to settle, and claim the version that it settled at."""
        if before.run.route != run.route:
            raise ValueError(f"a run of route {run.route} cannot settle one of route {before.run.route}")
        with self.faults.call("settle"), self._lock:
            if not self._is_held(before):
                raise StaleWriteError(f"run {before.run.run_id} was written since it was read")
            self._delete(before.run)
            return self._insert(run)

    def trained_set(self, route: str, sha256: str) -> StoredSet | None:
        """Read which run trains, or trained, on the set of this content; None if none does."""
        with self.faults.call("trained_set"), self._lock:
            row = self._beside.get(("set", route, sha256))
            return None if row is None else StoredSet(row[0]["run_id"], row[1])

    def claim_set(self, route: str, sha256: str, run_id: str, before: StoredSet | None) -> StoredSet:
        """Record that a run trains on the set of this content, in place of the run that `before` names."""
        with self.faults.call("claim_set"), self._lock:
            etag = self._put_over(("set", route, sha256), {"run_id": run_id}, None if before is None else before.etag)
            return StoredSet(run_id, etag)

    def runs_of_blob(self, route: str, name: str) -> list[NamedVersion]:
        """Read which versions of a name have runs of the route, in the order of their generations."""
        with self.faults.call("runs_of_blob"), self._lock:
            return sorted(self._names.get((route, name), ()))

    def _active_runs(self, route: str) -> list[StoredRun]:
        rows = sorted((key, row) for key, row in self._active.items() if key[0] == route)
        return [StoredRun(run_of(columns), None, etag) for _, (columns, etag) in rows]

    def _batch(self, route: str, customer: str) -> StoredBatch:
        empty = OpenBatch(route=route, customer=customer)
        row = self._beside.get(_batch_key(empty))
        return StoredBatch(empty, None) if row is None else StoredBatch(from_columns(OpenBatch, row[0]), row[1])

    def _state(self, route: str) -> StoredRouteState:
        row = self._beside.get(("state", route))
        if row is None:
            return StoredRouteState(RouteState(route=route), None)
        return StoredRouteState(from_columns(RouteState, row[0]), row[1])

    def _put_over(self, key: tuple[str, ...], columns: dict[str, Any], etag: str | None) -> str:
        row = self._beside.get(key)
        if etag != (None if row is None else row[1]):
            raise StaleWriteError(f"{' '.join(key)} was written since it was read")
        self._beside[key] = (columns, f"beside-{next(self._etags)}")
        return self._beside[key][1]


def _batch_key(batch: OpenBatch) -> tuple[str, ...]:
    return ("batch", batch.route, batch.customer)


def _part_key(part: Part | Run) -> tuple[str, str, str]:
    generation = part.generation if isinstance(part, Part) else part.file_generation
    return (part.route, generation, part.run_id)
