"""The store of runs keeps its promises, in memory and on real table storage alike."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings

from shared.errors import StaleWriteError
from shared.ports.run_store import RunStore
from shared.ports.stored_run import StoredRun
from shared.records.erasure import Erasure
from shared.records.heartbeats import Heartbeats, TickSource
from shared.records.history import HistoryEntry
from shared.records.run import Run
from shared.records.run_identity import UNROUTED
from shared.records.run_states import RunState
from shared.records.run_steps import SubmittedStep
from tests.contract.records import ACTIVE_STATES, NOON, STATES, a_run, runs

LATER = NOON + timedelta(seconds=5, microseconds=1)


def _by_get(store: RunStore, run: Run) -> StoredRun:
    stored_run = store.get(run.route, run.run_id)
    assert stored_run is not None
    return stored_run


def _by_active(store: RunStore, run: Run) -> StoredRun:
    return next(stored for stored in store.active(run.route) if stored.run.run_id == run.run_id)


READERS = pytest.mark.parametrize("read", [_by_get, _by_active])
type Reader = Callable[[RunStore, Run], StoredRun]


@READERS
def test_a_run_is_saved_from_any_read(run_store: RunStore, read: Reader) -> None:
    """What was read by `get` or by `active` can be saved, and what was saved can be saved again."""
    run = a_run()
    run_store.claim(run)

    submitted = run_store.save(
        read(run_store, run),
        run.transitioned(LATER, RunState.SUBMITTED, "", step=SubmittedStep.CANCELLING, job_id="job-1"),
    )
    started = run_store.save(submitted, submitted.run.transitioned(LATER, RunState.STARTED, "runs"))

    assert _by_get(run_store, run) == StoredRun(started.run, started.run_etag, None)
    assert _by_active(run_store, run) == StoredRun(started.run, None, started.active_etag)
    assert run_store.history("census", run.run_id) == [
        HistoryEntry(NOON, RunState.LANDED, "", "", 1),
        HistoryEntry(LATER, RunState.SUBMITTED, "cancelling", "", 1, 1),
        HistoryEntry(LATER, RunState.STARTED, "", "runs", 1, 2),
    ]


@READERS
def test_a_save_from_an_old_read_changes_nothing(run_store: RunStore, read: Reader) -> None:
    """Whoever read before another worker wrote is refused, whatever kind of read it was."""
    run = a_run()
    claimed = run_store.claim(run)
    old = read(run_store, run)
    saved = run_store.save(claimed, run.transitioned(LATER, RunState.SUBMITTED, job_id="job-1"))

    for stale in (old, claimed):
        with pytest.raises(StaleWriteError):
            run_store.save(stale, run.transitioned(LATER, RunState.SUBMITTED, job_id="job-2"))

    assert _by_get(run_store, run).run == saved.run
    assert _by_active(run_store, run).run == saved.run
    assert len(run_store.history("census", run.run_id)) == 2


@READERS
def test_an_old_read_cannot_revive_an_ended_run(run_store: RunStore, read: Reader) -> None:
    """Once a run has its outcome, a paused worker that still saw it active is refused."""
    run = a_run()
    claimed = run_store.claim(run)
    old = read(run_store, run)
    run_store.save(claimed, run.transitioned(LATER, RunState.FAILED, "no"))

    with pytest.raises(StaleWriteError):
        run_store.save(old, run.transitioned(LATER, RunState.SUBMITTED))

    assert run_store.active("census") == []
    assert _by_get(run_store, run).run.state is RunState.FAILED


def test_saving_a_run_that_nobody_claimed_is_stale(run_store: RunStore) -> None:
    """There is no way around the claim."""
    run = a_run()

    with pytest.raises(StaleWriteError):
        run_store.save(StoredRun(run, None, None), run.transitioned(LATER, RunState.SUBMITTED))

    assert run_store.list_runs() == []


@READERS
def test_a_terminal_run_is_no_longer_active(run_store: RunStore, read: Reader) -> None:
    """An outcome takes the run out of what a tick reads; everything else of it stays."""
    run, second = a_run(), a_run()
    run_store.claim(run)
    run_store.claim(second)

    ended = run_store.save(read(run_store, run), run.transitioned(LATER, RunState.QUARANTINED, "empty"))

    assert ended.active_etag is None
    assert [stored.run for stored in run_store.active("census")] == [second]
    assert _by_get(run_store, run) == ended
    assert run_store.find(run.run_id) == ended


def test_a_terminal_run_can_be_claimed_and_noted_on(run_store: RunStore) -> None:
    """A run that is terminal from the start is never active, and its reason may be written anew."""
    run = a_run(route=UNROUTED, state=RunState.UNROUTED, deadline_at=None)

    claimed = run_store.claim(run)
    noted = run_store.save(claimed, run.transitioned(LATER, RunState.UNROUTED, "no route matches"))

    assert (claimed.active_etag, noted.active_etag) == (None, None)
    assert run_store.active(UNROUTED) == []
    assert _by_get(run_store, run).run.reason == "no route matches"


def test_a_terminal_run_can_be_taken_up_again(run_store: RunStore) -> None:
    """A run that leaves its outcome, as by an operator's replay, is active again."""
    run = a_run(state=RunState.FAILED, deadline_at=None)
    claimed = run_store.claim(run)

    again = run_store.save(claimed, run.transitioned(LATER, RunState.LANDED, attempt=2))

    assert run_store.active("census") == [StoredRun(again.run, None, again.active_etag)]


def test_only_the_next_revision_of_the_same_run_is_saved(run_store: RunStore) -> None:
    """A skipped revision, or another run, is a mistake in the caller and never written."""
    claimed = run_store.claim(a_run())

    for wrong in (claimed.run, replace(claimed.run, revision=2), a_run(revision=1)):
        with pytest.raises(ValueError, match="cannot follow"):
            run_store.save(claimed, wrong)

    assert _by_get(run_store, claimed.run).run == claimed.run


def test_no_write_is_lost_between_workers(run_store: RunStore) -> None:
    """Workers that write the same run at once and try again when refused all get through, one after the other."""
    run = a_run()
    run_store.claim(run)

    def count_up(read: Reader) -> None:
        done = 0
        while done < 5:
            before = read(run_store, run)
            with suppress(StaleWriteError):
                run_store.save(
                    before, before.run.evolve(LATER, consecutive_failures=before.run.consecutive_failures + 1)
                )
                done += 1

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(count_up, [_by_get, _by_active, _by_get, _by_active]))

    assert _by_get(run_store, run).run.consecutive_failures == 20
    assert _by_active(run_store, run).run.consecutive_failures == 20
    assert len(run_store.history("census", run.run_id)) == 21


def test_active_runs_are_those_of_the_route(run_store: RunStore) -> None:
    """A route whose name another one begins with does not see its runs."""
    mine, elsewhere, terminal = a_run(), a_run(route="census-2"), a_run(state=RunState.PROMOTED, deadline_at=None)
    for run in (mine, elsewhere, terminal):
        run_store.claim(run)

    assert [stored.run for stored in run_store.active("census")] == [mine]


def test_runs_are_listed_newest_first(run_store: RunStore) -> None:
    """The list goes by the time of landing, across routes or in one, and stops at the limit."""
    landed = [
        a_run(route=route, landed_at=NOON + timedelta(microseconds=offset))
        for offset, route in enumerate(["census", "wine", "census", "wine", "census"])
    ]
    for run in landed[::2] + landed[1::2]:
        run_store.claim(run)

    def listed(route: str | None, limit: int) -> list[Run]:
        return [stored.run for stored in run_store.list_runs(route, limit)]

    assert listed(None, 100) == landed[::-1]
    assert listed(None, 2) == [landed[4], landed[3]]
    assert listed("wine", 100) == [landed[3], landed[1]]
    assert run_store.list_runs("wine", 1) == [_by_get(run_store, landed[3])]


def test_a_run_that_has_a_route_is_not_unrouted_as_well(run_store: RunStore) -> None:
    """Where both rows stand, the one under the route is the run, however old; unrouted alone, it is listed."""
    both, alone = a_run(), a_run(route=UNROUTED, state=RunState.UNROUTED, deadline_at=None)
    late = replace(both, route=UNROUTED, state=RunState.UNROUTED, deadline_at=None, landed_at=LATER)
    for run in (late, both, alone, a_run(route="zinc", landed_at=NOON - timedelta(days=1))):
        run_store.claim(run)

    def listed(route: str | None, limit: int = 100) -> list[tuple[str, str]]:
        return [(stored.run.run_id, stored.run.route) for stored in run_store.list_runs(route, limit)]

    assert (both.run_id, "census") in listed(None)
    assert (both.run_id, UNROUTED) not in listed(None)
    assert len(listed(None)) == 3
    assert len(listed(None, 1)) == 1
    assert listed(UNROUTED) == [(alone.run_id, UNROUTED)]
    stored_run = run_store.find(both.run_id)
    assert stored_run is not None
    assert stored_run.run == both


def test_the_names_of_all_routes_with_runs_are_read(run_store: RunStore) -> None:
    """Each once, in order, whatever else stands in the table; none while there is no table."""
    assert run_store.routes() == []
    run_store.write_heartbeat(TickSource.TIMER, NOON)
    run_store.await_heartbeat(NOON)
    for route in ("wine", "census", "0-first", "census", "census-2", UNROUTED):
        run_store.claim(a_run(route=route))

    assert run_store.routes() == sorted({"wine", "census", "0-first", "census-2", UNROUTED})


def test_history_keeps_its_order_beyond_nine_entries(run_store: RunStore) -> None:
    """The history is in the order of the writes, however many."""
    stored = run_store.claim(a_run())
    for number in range(12):
        stored = run_store.save(stored, stored.run.evolve(LATER, reason=f"reason {number}"))

    entries = run_store.history("census", stored.run.run_id)

    assert [entry.reason for entry in entries] == ["", *(f"reason {number}" for number in range(12))]


_SHARED_STORE = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


@_SHARED_STORE
@given(run=runs(STATES))
def test_any_run_comes_back_exactly(run_store: RunStore, run: Run) -> None:
    """Whatever a run holds, to the microsecond and the last character, is read as it was written."""
    run_store.claim(run)

    assert _by_get(run_store, run).run == run


@_SHARED_STORE
@given(run=runs(ACTIVE_STATES))
def test_any_active_run_comes_back_exactly(run_store: RunStore, run: Run) -> None:
    """A tick reads from the active row all that the run's own row holds."""
    saved = run_store.save(run_store.claim(run), run.evolve(LATER, consecutive_failures=3))

    assert _by_active(run_store, run).run == saved.run


def test_a_heartbeat_is_read_back(run_store: RunStore) -> None:
    """The last one of each source counts, and none stands for another; it is no run."""
    assert run_store.heartbeats() == Heartbeats()
    run_store.write_heartbeat(TickSource.HTTP, NOON)
    assert run_store.heartbeats() == Heartbeats(http=NOON)
    run_store.write_heartbeat(TickSource.TIMER, NOON)
    run_store.write_heartbeat(TickSource.TIMER, LATER)

    assert run_store.heartbeats() == Heartbeats(timer=LATER, http=NOON)
    assert run_store.list_runs() == []
    assert run_store.routes() == []


def test_the_first_wait_for_a_heartbeat_stays(run_store: RunStore) -> None:
    """Whoever asks later does not begin the wait anew, also after the first heartbeat."""
    run_store.await_heartbeat(NOON)
    run_store.await_heartbeat(LATER)
    assert run_store.heartbeats() == Heartbeats(awaited_since=NOON)

    run_store.write_heartbeat(TickSource.TIMER, LATER)
    run_store.await_heartbeat(LATER)
    assert run_store.heartbeats() == Heartbeats(timer=LATER, awaited_since=NOON)


@pytest.mark.parametrize("name", ["a/b c.csv", "\u202e'\"?#%/\\", "x" * 1024])
def test_a_position_is_read_back(run_store: RunStore, name: str) -> None:
    """The last one counts, for each pass; a name of any kind; it is no run and no heartbeat."""
    runs, heartbeats = len(run_store.list_runs()), run_store.heartbeats()
    run_store.save_position("files", "before")
    run_store.save_position("files", name)

    assert run_store.position("files") == name
    assert run_store.position("endpoints") == ""
    run_store.save_position("files", "")
    assert run_store.position("files") == ""
    assert (len(run_store.list_runs()), run_store.heartbeats()) == (runs, heartbeats)


def test_an_erasure_goes_on_until_it_is_ended(run_store: RunStore) -> None:
    """The later record of a run counts; the end of one is the end of no other, and ending it twice is harmless."""
    first = Erasure("census", "a1", (), NOON)
    second = Erasure("census", "b2", ("c3/1", "c3/2"), NOON)
    later = first._replace(until=NOON + timedelta(hours=1))

    for erasure in (first, second, later):
        run_store.save_erasure(erasure)
    assert sorted(run_store.erasures()) == [later, second]

    run_store.end_erasure(first)
    run_store.end_erasure(first)
    assert run_store.erasures() == [second]
    assert run_store.routes() == []
