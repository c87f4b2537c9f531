"""The port of the `runs` table."""

from datetime import datetime
from typing import Protocol

from shared.ports.intake_rows import IntakeRows
from shared.ports.stored_run import StoredRun
from shared.records.erasure import Erasure
from shared.records.heartbeats import Heartbeats, TickSource
from shared.records.history import HistoryEntry
from shared.records.run import Run


class RunStore(IntakeRows, Protocol):
    """The `runs` table."""

    def claim(self, run: Run) -> StoredRun:
        """Insert a new run, its active row (unless terminal) and its first history entry, all or nothing.

        Raises:
            AlreadyClaimedError: this route has a run of that id; nothing was written.
        """

    def save(self, before: StoredRun, run: Run) -> StoredRun:
        """Replace `before` by `run` (`run.revision` is one higher) and append a history entry, all or nothing.

        A terminal run loses its active row.

        Raises:
            StaleWriteError: the run was written since `before` was read; nothing was written.
        """

    def get(self, route: str, run_id: str) -> StoredRun | None:
        """Read one run."""

    def active(self, route: str) -> list[StoredRun]:
        """Read every run of the route that has no outcome yet, in one query."""

    def find(self, run_id: str) -> StoredRun | None:
        """Find a run by its id alone; if two share the id, return the one under a route."""

    def list_runs(self, route: str | None = None, limit: int = 100) -> list[StoredRun]:
        """Read the newest runs (by `landed_at`, newest first), of one route or of all.

        A run that is recorded both as unrouted and under a route is listed once, under the route.
        """

    def routes(self) -> list[str]:
        """Read the names under which runs are recorded: present and past routes, and the name for unrouted files."""

    def history(self, route: str, run_id: str) -> list[HistoryEntry]:
        """Read a run's history, oldest first."""

    def write_heartbeat(self, source: TickSource, now: datetime) -> None:
        """Record that a source of ticks lives; the latest writer counts."""

    def heartbeats(self) -> Heartbeats:
        """Read the last heartbeat of each source, in one request."""

    def await_heartbeat(self, now: datetime) -> None:
        """Record that the timer's first heartbeat is awaited since `now`; the first record stays."""

    def save_position(self, what: str, name: str) -> None:
        """Record where a pass over many items stopped: the name of the last item; "" if it reached the end."""

    def position(self, what: str) -> str:
        """Read where the last such pass stopped; "" if it reached the end, or there was none."""

    def save_erasure(self, erasure: Erasure) -> None:
        """Record that a forgotten file is deleted by every sweep until `erasure.until`; the latest writer counts."""

    def erasures(self) -> list[Erasure]:
        """Read the erasures that go on, in one query."""

    def end_erasure(self, erasure: Erasure) -> None:
        """Delete the record of an erasure; one that is gone is gone."""
