"""Follows a run: yields every step as it is written, until the run has its outcome or waits for a person."""

import time
from collections.abc import Callable, Iterator, Sequence

from shared.errors import RetryableError
from shared.ports.run_store import RunStore
from shared.records.history import HistoryEntry
from shared.records.run_states import TERMINAL, RunState

POLL_S = 0.3


def follow_run(
    store: RunStore, route: str, run_id: str, check: Callable[[], None], settling_id: str = ""
) -> Iterator[HistoryEntry]:
    """Yield the steps of a run, oldest first, until it has its outcome or is held; waits for a run that is not there.

    Args:
        store: has the run.
        route: of the run.
        run_id: the run.
        check: called before each read; it raises if waiting makes no sense any more.
        settling_id: the run that waits until the file settles: its steps come first.
    """
    yielded = waited = 0
    while True:
        check()
        entries = _history(store, route, run_id)
        if not entries and settling_id:
            waits = _history(store, route, settling_id)
            yield from waits[waited:]
            waited = max(waited, len(waits))
        yield from entries[yielded:]
        yielded = max(yielded, len(entries))
        if entries and (entries[-1].state in TERMINAL or entries[-1].state is RunState.HELD):
            return
        time.sleep(POLL_S)


def _history(store: RunStore, route: str, run_id: str) -> Sequence[HistoryEntry]:
    try:
        return store.history(route, run_id)
    except RetryableError:
        return []
