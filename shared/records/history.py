"""The history of a run: one entry a write, each holding the hash of the one before (pure)."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from shared.held_secrets import hide
from shared.records.run import Run
from shared.records.run_secrets import without_secrets
from shared.records.run_states import RunState
from shared.records.times import iso


class HistoryEntry(NamedTuple):
    """One write of a run, as its append-only history keeps it.

    Attributes:
        reason: the cause.
        actor: who wrote it: the function's name, or the operator.
        chain: the hash of this entry and of `chain` of the one before; "" in a history that is not chained.
    """

    at: datetime
    state: RunState
    step: str
    reason: str
    attempt: int
    revision: int = 0
    actor: str = ""
    chain: str = ""


def entry_of(run: Run) -> HistoryEntry:
    """Return the entry that a run's present revision makes."""
    return HistoryEntry(
        run.updated_at, run.state, str(run.step or ""), run.reason, run.attempt, run.revision, run.actor, run.chain
    )


def chained(run: Run, actor: str, previous: str = "") -> Run:
    """Return a revision with its actor and its place in the chain; `previous` is the `chain` of the entry before.

    Every write of a run passes here, so here the secrets that the app holds are removed from its texts.
    """
    written = replace(without_secrets(run), actor=hide(actor))
    return replace(written, chain=entry_hash(run.run_id, entry_of(written), previous))


def entry_hash(run_id: str, entry: HistoryEntry, previous: str) -> str:
    """Return the hash of an entry behind `previous`: 64 hex digits."""
    hashed = [
        run_id,
        entry.revision,
        iso(entry.at),
        entry.state.value,
        entry.step,
        entry.reason,
        entry.attempt,
        entry.actor,
    ]
    return hashlib.sha256(json.dumps([*hashed, previous]).encode()).hexdigest()


def broken_links(run: Run, entries: Sequence[HistoryEntry]) -> list[str]:
    """Compare a run with its history, oldest first; return a sentence for every removed or edited entry."""
    broken: list[str] = []
    previous, expected = "", 0
    for entry in entries:
        if entry.revision == expected + 1:
            broken.append(f"entry {expected} of its history was removed")
        elif entry.revision != expected:
            broken.append(f"entries {expected} to {entry.revision - 1} of its history were removed")
        elif entry_hash(run.run_id, entry, previous) != entry.chain:
            broken.append(f"entry {entry.revision} of its history was edited, or not written by this app")
        previous, expected = entry.chain, entry.revision + 1
    if expected != run.revision + 1:
        broken.append(f"its history ends with entry {expected - 1}, the run itself is at {run.revision}")
    elif previous != run.chain:
        broken.append("its newest history entry is not the one that was written with the run")
    return broken
