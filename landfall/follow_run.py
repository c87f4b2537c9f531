"""Follows a run: yields every step as it is written, until the run has its outcome or waits for a person."""

import time
from collections.abc import Callable, Iterator

from shared.errors import RetryableError
from shared.ports.run_store import RunStore
from shared.records.history import HistoryEntry
from shared.records.run_states import TERMINAL, RunState

POLL_S = 0.3


def follow_run(store: RunStore, route: str, run_id: str, check: Callable[[], None]) -> Iterator[HistoryEntry]:
    """Yield the steps of a run, oldest first, until it has its outcome or is held; waits for a run that is not there.

    `check` is called before each read; it raises if waiting makes no sense any more.
    """
    yielded = 0
    while True:
        check()
        try:
            entries = store.history(route, run_id)
        except RetryableError:
            entries = []
        yield from entries[yielded:]
        yielded = max(yielded, len(entries))
        if entries and (entries[-1].state in TERMINAL or entries[-1].state is RunState.HELD):
            return
        time.sleep(POLL_S)
