"""The rows of runs in memory. They go through the real columns, so what a table cannot hold fails here as well."""

from itertools import count
from threading import RLock
from typing import Any

from shared.adapters.storage.record_codec import to_columns
from shared.adapters.storage.run_rows import check_successor, has_name_row
from shared.errors import AlreadyClaimedError, StaleWriteError
from shared.ports.intake_rows import NamedVersion
from shared.ports.stored_run import StoredRun
from shared.records.history import HistoryEntry, entry_of
from shared.records.run import Run
from tests.fakes.faults import Faults

type Rows = dict[tuple[str, str], tuple[dict[str, Any], str]]  # (route, run id) -> columns, ETag


class MemoryRunRows:
    """The rows of runs, and what every write of a run checks; `faults` arranges failures of a store's operations."""

    def __init__(self) -> None:
        self.faults = Faults()
        self._lock = RLock()
        self._etags = count(1)
        self._runs: Rows = {}
        self._active: Rows = {}
        self._history: dict[tuple[str, str], dict[int, HistoryEntry]] = {}
        self._names: dict[tuple[str, str], set[NamedVersion]] = {}  # (route, name of the blob)

    def _check_unclaimed(self, run: Run) -> None:
        if (run.route, run.run_id) in self._runs:
            raise AlreadyClaimedError(f"{run.container}/{run.blob} has its run {run.run_id} already")

    def _check_fresh(self, before: StoredRun, run: Run) -> None:
        check_successor(before.run, run)
        key = (run.route, run.run_id)
        fresh = (
            self._is_held(before)
            and not (before.run.terminal and not run.terminal and key in self._active)
            and run.revision not in self._history[key]
        )
        if not fresh:
            raise StaleWriteError(f"run {run.run_id} was written since revision {before.run.revision} was read")

    def _is_held(self, before: StoredRun) -> bool:
        """Tell whether a run's rows are in the versions that were read."""
        key = (before.run.route, before.run.run_id)
        return _matches(self._runs, key, before.run_etag) and (
            before.run.terminal or _matches(self._active, key, before.active_etag)
        )

    def _insert(self, run: Run) -> StoredRun:
        self._check_unclaimed(run)
        if has_name_row(run):
            self._names.setdefault((run.route, run.blob), set()).add(NamedVersion(run.generation, run.run_id))
        return self._write(run)

    def _write(self, run: Run) -> StoredRun:
        key = (run.route, run.run_id)
        columns, run_etag, active_etag = to_columns(run), f"run-{next(self._etags)}", None
        self._runs[key] = (columns, run_etag)
        if run.terminal:
            self._active.pop(key, None)
        else:
            active_etag = f"active-{next(self._etags)}"
            self._active[key] = (columns, active_etag)
        self._history.setdefault(key, {})[run.revision] = entry_of(run)
        return StoredRun(run, run_etag, active_etag)

    def _delete(self, run: Run) -> None:
        for rows in (self._runs, self._active, self._history):
            rows.pop((run.route, run.run_id), None)


def _matches(rows: Rows, key: tuple[str, str], etag: str | None) -> bool:
    return key in rows and etag in {None, rows[key][1]}
