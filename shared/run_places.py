"""Under which routes a version may have its run: routes.toml may have changed since it landed."""

import threading

from shared.ports import Clock, RunStore, StoredRun
from shared.records.run import UNROUTED

NAMES_KNOWN_S = 600  # another release may still write under routes that this one does not know


class RunPlaces:
    """The names under which runs are recorded, of routes of now and of before; read once in a while."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._names: list[str] = []
        self._read_at_s: float | None = None  # on the clock that nobody sets

    def find(self, runs: RunStore, clock: Clock, run_id: str, but: str) -> StoredRun | None:
        """Return the run of that id under another route than `but`; one that is `unrouted` is no such run."""
        for name in self._known(runs, clock):
            if name not in {but, UNROUTED}:
                stored = runs.get(name, run_id)
                if stored is not None:
                    return stored
        return None

    def _known(self, runs: RunStore, clock: Clock) -> list[str]:
        with self._lock:  # of a sweep's threads one reads
            now_s = clock.elapsed_s()
            if self._read_at_s is None or now_s - self._read_at_s > NAMES_KNOWN_S:
                self._names = runs.routes()
                self._read_at_s = now_s
            return self._names
