"""Many runs are saved at once, in memory and on real table storage alike: a batch has hundreds of members."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.errors import StaleWriteError
from shared.ports.intake_rows import MAX_RUNS_AT_ONCE, RunChange
from shared.ports.run_store import RunStore
from shared.ports.stored_run import StoredRun
from shared.records.history import chained
from shared.records.run import Run
from shared.records.run_states import RunState
from shared.records.run_steps import WaitingStep
from tests.contract.records import NOON, a_run

LATER = NOON + timedelta(seconds=5, microseconds=1)


def _waiting(store: RunStore, count: int, **changes: object) -> list[StoredRun]:
    return [
        store.claim(a_run(state=RunState.WAITING, step=WaitingStep.BATCH, deadline_at=None, **changes))
        for _ in range(count)
    ]


def _batched(run: Run) -> Run:
    return run.transitioned(LATER, RunState.BATCHED, "trained with 0f", batch_run_id="0f")


def _changes(stored: Sequence[StoredRun]) -> list[RunChange]:
    return [(before, _batched(before.run)) for before in stored]


def test_runs_are_saved_together(run_store: RunStore) -> None:
    """Each is as `save` would have written it, with its history; some may end while others go on."""
    stored = _waiting(run_store, MAX_RUNS_AT_ONCE)
    changes = _changes(stored)
    changes[1] = (stored[1], stored[1].run.evolve(LATER, reason="goes on"))

    saved = run_store.save_many(changes)

    assert [after.run for after in saved] == [run for _, run in changes]
    assert run_store.active("census") == [saved[1]._replace(run_etag=None)]
    for after in (saved[0], saved[-1]):
        assert run_store.get("census", after.run.run_id) == after
        assert len(run_store.history("census", after.run.run_id)) == 2
    assert run_store.save(saved[1], _batched(saved[1].run)).run.terminal


@pytest.mark.parametrize("number", [0, 5])
def test_one_stale_run_stops_all(run_store: RunStore, number: int) -> None:
    """If one was written since it was read, none is saved."""
    stored = _waiting(run_store, 6)
    run_store.save(stored[number], stored[number].run.evolve(LATER, reason="written"))
    before = run_store.active("census")

    with pytest.raises(StaleWriteError):
        run_store.save_many(_changes(stored))

    assert run_store.active("census") == before


def test_runs_are_saved_from_a_ticks_read(run_store: RunStore) -> None:
    """What one query read is enough to re-point all members."""
    _waiting(run_store, 3)

    run_store.save_many(_changes(run_store.in_progress("census").runs))

    assert run_store.active("census") == []


def test_what_is_no_single_transaction_is_refused(run_store: RunStore) -> None:
    """None, those of two routes, and too many are mistakes in the caller; nothing is written."""
    stored = _waiting(run_store, MAX_RUNS_AT_ONCE + 1)
    foreign = _waiting(run_store, 1, route="wine")

    for changes, message in [
        ([], "0 routes"),
        (_changes([stored[0], *foreign]), "2 routes"),
        (_changes(stored), "do not fit"),
        ([(stored[0], replace(_batched(stored[0].run), revision=5))], "cannot follow"),
    ]:
        with pytest.raises(ValueError, match=message):
            run_store.save_many(changes)

    assert len(run_store.active("census")) == MAX_RUNS_AT_ONCE + 1


def test_two_hundred_members_are_divided(run_store: RunStore) -> None:
    """In order, in the least number of transactions, each of which is accepted."""
    stored = _waiting(run_store, 200)

    chunks = list(run_store.in_transactions(_changes(stored)))
    for chunk in chunks:
        run_store.save_many(chunk)

    assert [len(chunk) for chunk in chunks] == [33] * 6 + [2]
    assert [run.run_id for chunk in chunks for _, run in chunk] == [before.run.run_id for before in stored]
    assert run_store.active("census") == []
    assert len(run_store.list_runs("census", 1000)) == 200


def test_large_runs_are_divided_by_their_size(run_store: RunStore) -> None:
    """Runs with long notes meet the limit on bytes first; every transaction is accepted."""
    stored = _waiting(run_store, 12, notes=("é" * 60_000,))
    changes = [(before, before.run.evolve(LATER, reason="noted")) for before in stored]

    chunks = list(run_store.in_transactions(changes))
    for chunk in chunks:
        run_store.save_many(chunk)

    assert 2 <= len(chunks) < 12
    assert {after.run.reason for after in run_store.active("census")} == {"noted"}


def test_a_full_transaction_has_room_for_writer_and_hash(run_store: RunStore) -> None:
    """Changes are divided before each gets the name of its writer and its hash: they fit all the same."""
    stored = _waiting(run_store, 10)
    changes, size = _noted(stored, 150_000), 150_000
    while len(list(run_store.in_transactions(changes))) == 1:  # up to the last thousand that fits
        changes, size = _noted(stored, size + 1_000), size + 1_000
    changes = _noted(stored, size - 1_000)
    (chunk,) = run_store.in_transactions(changes)

    run_store.save_many([(before, chained(run, "w" * 1_000)) for before, run in chunk])

    assert {after.run.actor for after in run_store.active("census")} == {"w" * 1_000}


def _noted(stored: Sequence[StoredRun], size: int) -> list[RunChange]:
    return [(before, before.run.evolve(LATER, notes=("x" * size,))) for before in stored]


def test_what_is_too_large_together_is_refused(run_store: RunStore) -> None:
    """Before anything is sent."""
    stored = _waiting(run_store, 12)
    changes = [(before, before.run.evolve(LATER, notes=("é" * 60_000,))) for before in stored]

    with pytest.raises(ValueError, match="do not fit"):
        run_store.save_many(changes)

    assert {after.run.revision for after in run_store.active("census")} == {0}


def test_nothing_is_no_transaction(run_store: RunStore) -> None:
    """A batch of one file has no members to re-point."""
    assert list(run_store.in_transactions([])) == []
