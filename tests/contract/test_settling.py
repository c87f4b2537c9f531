"""A run that waits for a file to settle gives way to the version that settled, in memory and on real tables alike."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import pytest

from shared.errors import AlreadyClaimedError, StaleWriteError
from shared.ports.intake_rows import NamedVersion
from shared.ports.run_store import RunStore
from shared.ports.stored_run import StoredRun
from shared.records.run import Run
from shared.records.run_identity import run_id_for
from shared.records.run_states import RunState
from shared.records.run_steps import WaitingStep
from tests.contract.records import NOON, a_run

LATER = NOON + timedelta(seconds=5, microseconds=1)


def _settling(store: RunStore, writes: int = 0) -> StoredRun:
    run_id = run_id_for("incoming", "census/june.csv", "settle")
    stored = store.claim(a_run(run_id=run_id, state=RunState.WAITING, step=WaitingStep.SETTLE, deadline_at=None))
    for number in range(writes):
        stored = store.save(stored, stored.run.evolve(LATER, reason=f"still growing: look {number}"))
    return stored


def _real(**changes: object) -> Run:
    return a_run(run_id=run_id_for("incoming", "census/june.csv", "0x8DC"), **changes)


def _check_gone(store: RunStore, run: Run) -> None:
    assert store.get(run.route, run.run_id) is None
    assert store.history(run.route, run.run_id) == []
    assert run.run_id not in [stored.run.run_id for stored in store.active(run.route)]


@pytest.mark.parametrize("writes", [0, 3, 93, 94, 250])
def test_a_settled_version_takes_the_place_of_the_wait(run_store: RunStore, writes: int) -> None:
    """However often the wait was written, one run remains: that of the version, as if nothing had waited."""
    before = _settling(run_store, writes)

    claimed = run_store.settle(before, _real())

    _check_gone(run_store, before.run)
    assert [stored.run for stored in run_store.list_runs()] == [claimed.run]
    assert run_store.active("census") == [claimed._replace(run_etag=None)]
    assert run_store.runs_of_blob("census", "census/june.csv") == [
        NamedVersion(claimed.run.generation, claimed.run.run_id)
    ]
    assert [entry.state for entry in run_store.history("census", claimed.run.run_id)] == ["landed"]
    run_store.save(claimed, claimed.run.transitioned(LATER, RunState.SUBMITTED))


def test_a_wait_can_settle_from_a_ticks_read(run_store: RunStore) -> None:
    """What a tick reads is enough."""
    before = _settling(run_store, 2)
    (read,) = run_store.in_progress("census").runs

    run_store.settle(read, _real())

    _check_gone(run_store, before.run)


def test_a_file_may_settle_again(run_store: RunStore) -> None:
    """The next version under the name waits in the same row, from its first entry on."""
    run_store.settle(_settling(run_store, 2), _real())

    assert run_store.history("census", _settling(run_store, 1).run.run_id)[0].revision == 0


def test_a_version_that_is_gone_may_end_at_once(run_store: RunStore) -> None:
    """A file that was deleted while it settled has a run with an outcome, and nothing waits."""
    before = _settling(run_store)

    ended = run_store.settle(before, _real(state=RunState.SUPERSEDED, deadline_at=None))

    _check_gone(run_store, before.run)
    assert run_store.in_progress("census").runs == []
    assert run_store.get("census", ended.run.run_id) == ended


def test_a_version_with_a_run_is_not_claimed_twice(run_store: RunStore) -> None:
    """The run that it has stays as it is, and the wait ends all the same."""
    real = run_store.claim(_real())
    before = _settling(run_store, 1)

    with pytest.raises(AlreadyClaimedError):
        run_store.settle(before, _real(reason="again"))

    _check_gone(run_store, before.run)
    assert run_store.active("census") == [real._replace(run_etag=None)]


def _by_get(store: RunStore, run: Run) -> StoredRun:
    stored = store.get(run.route, run.run_id)
    assert stored is not None
    return stored


def _by_tick(store: RunStore, run: Run) -> StoredRun:
    return next(stored for stored in store.in_progress(run.route).runs if stored.run.run_id == run.run_id)


@pytest.mark.parametrize("read", [_by_get, _by_tick])
def test_an_old_read_settles_nothing(run_store: RunStore, read: Callable[[RunStore, Run], StoredRun]) -> None:
    """If the file was seen to grow since, the wait goes on and no version is claimed, whatever kind of read it was."""
    claimed = _settling(run_store)
    old = read(run_store, claimed.run)
    after = run_store.save(claimed, claimed.run.evolve(LATER, reason="grew"))

    for before in (old, claimed):
        with pytest.raises(StaleWriteError):
            run_store.settle(before, _real())

    assert run_store.get("census", _real().run_id) is None
    assert [stored.run for stored in run_store.list_runs()] == [after.run]


def test_an_old_read_deletes_nothing(run_store: RunStore) -> None:
    """Also where the version has its run already."""
    run_store.claim(_real())
    before = _settling(run_store)
    after = run_store.save(before, before.run.evolve(LATER, reason="grew"))

    with pytest.raises(StaleWriteError):
        run_store.settle(before, _real())

    assert run_store.find(before.run.run_id) == after._replace(active_etag=None)


def test_a_wait_settles_once(run_store: RunStore) -> None:
    """Of workers that settle it at once, one claims the version."""
    before = _settling(run_store, 3)

    def settle(_: int) -> bool:
        with suppress(StaleWriteError, AlreadyClaimedError):
            run_store.settle(before, _real())
            return True
        return False

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(settle, range(4))) == 1
    _check_gone(run_store, before.run)


def test_a_wait_is_of_its_route(run_store: RunStore) -> None:
    """A claim under another route is a mistake in the caller."""
    before = _settling(run_store)

    with pytest.raises(ValueError, match="cannot settle one of route census"):
        run_store.settle(before, _real(route="wine"))
