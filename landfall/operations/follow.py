"""Follows a run: gives every step as it is written."""

import time
from collections.abc import Callable, Iterator

from shared.adapters.storage.table_runs import TableRunStore
from shared.errors import RetryableError
from shared.records.history import HistoryEntry
from shared.records.run import TERMINAL

LOOK_S = 0.3


def follow(store: TableRunStore, route: str, run_id: str, alive: Callable[[], None]) -> Iterator[HistoryEntry]:
    """Give the steps of a run, old ones first, until it has its outcome; waits for a run that is not there yet.

    `alive` is called between two looks; it raises if there is no sense in waiting any longer.
    """
    seen = 0
    while True:
        alive()
        try:
            entries = store.history(route, run_id)
        except RetryableError:
            entries = []
        yield from entries[seen:]
        seen = max(seen, len(entries))
        if entries and entries[-1].state in TERMINAL:
            return
        time.sleep(LOOK_S)
