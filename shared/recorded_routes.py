"""The routes under which runs are recorded: a version may have its run under a route that routes.toml had before."""

import threading

from shared.ports.clock import Clock
from shared.ports.run_store import RunStore
from shared.ports.stored_run import StoredRun
from shared.records.run_identity import UNROUTED

MAX_AGE_S = 600  # the list is read anew then: another release may still write under routes of its own


class RecordedRoutes:
    """A cache of the route names under which runs are recorded, past routes included."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._names: list[str] = []
        self._read_at_s: float | None = None  # on the monotonic clock

    def find_elsewhere(self, runs: RunStore, clock: Clock, run_id: str, route: str) -> StoredRun | None:
        """Return the run of that id under another route than `route`; an unrouted run is not meant."""
        for name in self._names_at(runs, clock):
            if name not in {route, UNROUTED}:
                stored = runs.get(name, run_id)
                if stored is not None:
                    return stored
        return None

    def _names_at(self, runs: RunStore, clock: Clock) -> list[str]:
        with self._lock:  # one thread of a sweep reads, the others wait
            now_s = clock.elapsed_s()
            if self._read_at_s is None or now_s - self._read_at_s > MAX_AGE_S:
                self._names = runs.routes()
                self._read_at_s = now_s
            return self._names
