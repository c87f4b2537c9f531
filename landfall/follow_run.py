"""Follows a run: gives every step as it is written, until it has ended or a person must go on."""

import time
from collections.abc import Callable, Iterator

from shared.errors import RetryableError
from shared.ports import RunStore
from shared.records.history import HistoryEntry
from shared.records.run import TERMINAL, RunState

LOOK_S = 0.3


def follow_run(store: RunStore, route: str, run_id: str, alive: Callable[[], None]) -> Iterator[HistoryEntry]:
    """Give the steps of a run, old ones first, until it has its outcome or is held; waits for one that is not there.

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
        if entries and (entries[-1].state in TERMINAL or entries[-1].state is RunState.HELD):
            return
        time.sleep(LOOK_S)
