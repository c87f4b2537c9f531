"""The rows of a route beside its runs keep their promises, in memory and on real table storage alike."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.errors import StaleWriteError
from shared.log_actions import LogAction
from shared.ports.intake_rows import NamedVersion, RouteRows, StoredBatch, StoredRouteState
from shared.ports.run_store import RunStore
from shared.records.batch import BatchRef, OpenBatch, Seal
from shared.records.route_state import RouteState
from shared.records.run_states import RunState
from shared.records.run_steps import LandedStep, WaitingStep
from tests.contract.records import NOON, a_run
from tests.log_lines import lines_about

LATER = NOON + timedelta(seconds=5, microseconds=1)
SEAL = Seal("0f", "training/batches/census/ab.json", 2, "ab", 1, LATER)


def test_a_route_begins_without_rows(run_store: RunStore) -> None:
    """What nobody has written yet is read as a beginning, also while there is no table."""
    batch = StoredBatch(OpenBatch(route="census"), None)
    state = StoredRouteState(RouteState(route="census"), None)

    assert run_store.in_progress("census") == RouteRows([], batch, state)
    assert run_store.open_batch("census") == batch
    assert run_store.route_state("census") == state
    assert run_store.trained_set("census", "ab") is None
    assert run_store.runs_of_blob("census", "census/june.csv") == []


def test_a_tick_reads_runs_batch_and_state_at_once(run_store: RunStore, caplog: pytest.LogCaptureFixture) -> None:
    """They stand in one range; none of them is taken for another or for unreadable, and no other route's is read."""
    claimed = run_store.claim(a_run())
    run_store.claim(a_run(state=RunState.FAILED, deadline_at=None))
    run_store.claim(a_run(route="census-2"))
    batch = run_store.save_batch(run_store.open_batch("census"), OpenBatch(route="census", seal=SEAL))
    state = run_store.save_route_state(run_store.route_state("census"), RouteState(route="census", schema=7))
    run_store.save_route_state(run_store.route_state("census-2"), RouteState(route="census-2", schema=1))

    assert run_store.in_progress("census") == RouteRows([claimed._replace(run_etag=None)], batch, state)
    assert run_store.active("census") == [claimed._replace(run_etag=None)]
    assert [stored.run for stored in run_store.list_runs("census")].count(claimed.run) == 1
    assert run_store.routes() == ["census", "census-2"]
    assert (run_store.open_batch("census"), run_store.route_state("census")) == (batch, state)
    assert lines_about(caplog, LogAction.RUN_UNREADABLE) == []


def test_batches_of_customers_are_apart(run_store: RunStore) -> None:
    """Each has a row of its own, and a tick of the route reads the route's."""
    run_store.save_batch(run_store.open_batch("census", "acme"), OpenBatch(route="census", customer="acme", seal=SEAL))

    assert run_store.open_batch("census", "acme").batch.seal == SEAL
    assert run_store.open_batch("census").batch.seal is None
    assert run_store.in_progress("census").batch.batch.seal is None


def test_only_one_first_row_is_written(run_store: RunStore) -> None:
    """Of two workers that saw no row, the second is refused."""
    batch, state = run_store.open_batch("census"), run_store.route_state("census")
    run_store.save_batch(batch, OpenBatch(route="census", seal=SEAL))
    run_store.save_route_state(state, RouteState(route="census", schema=1))

    with pytest.raises(StaleWriteError):
        run_store.save_batch(batch, OpenBatch(route="census", seal=SEAL._replace(carrier="1a")))
    with pytest.raises(StaleWriteError):
        run_store.save_route_state(state, RouteState(route="census", schema=2))

    assert run_store.open_batch("census").batch.seal == SEAL
    assert run_store.route_state("census").state.schema == 1


def test_the_state_of_a_route_is_written_by_one_at_a_time(run_store: RunStore) -> None:
    """Workers that count up side by side and try again when refused all get through."""

    def count_up(_: int) -> None:
        done = 0
        while done < 4:
            before = run_store.route_state("census")
            with suppress(StaleWriteError):
                run_store.save_route_state(before, replace(before.state, schema=before.state.schema + 1))
                done += 1

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(count_up, range(4)))

    assert run_store.route_state("census").state.schema == 16


def test_a_seal_is_batch_and_carrier_at_once(run_store: RunStore) -> None:
    """What it writes can be read, and its ETags fence the next write of each."""
    waiting = run_store.claim(a_run(state=RunState.WAITING, step=WaitingStep.BATCH, deadline_at=None))
    prepared = waiting.run.transitioned(LATER, RunState.LANDED, step=LandedStep.PREPARING)

    batch, carrier = run_store.seal(
        run_store.open_batch("census"), OpenBatch(route="census", seal=SEAL), waiting, prepared
    )

    rows = run_store.in_progress("census")
    assert (rows.batch, rows.runs) == (batch, [carrier._replace(run_etag=None)])
    assert [entry.state for entry in run_store.history("census", prepared.run_id)] == ["waiting", "landed"]
    done = run_store.save_batch(batch, OpenBatch(route="census", seal=SEAL._replace(done=True)))
    run_store.save(carrier, prepared.evolve(LATER, reason="assembled"))
    assert run_store.open_batch("census") == done


@pytest.mark.parametrize("stale", ["batch", "carrier"])
def test_a_seal_with_an_old_read_writes_nothing(run_store: RunStore, stale: str) -> None:
    """If the batch was sealed or the carrier was written since, neither the batch nor the run changes."""
    waiting = run_store.claim(a_run(state=RunState.WAITING, step=WaitingStep.BATCH, deadline_at=None))
    batch = run_store.open_batch("census")
    if stale == "batch":
        run_store.save_batch(batch, OpenBatch(route="census", seal=SEAL))
    else:
        run_store.save(waiting, waiting.run.evolve(LATER, reason="written"))
    before = run_store.in_progress("census")

    with pytest.raises(StaleWriteError):
        run_store.seal(
            batch,
            OpenBatch(route="census", seal=SEAL._replace(carrier="1a")),
            waiting,
            waiting.run.transitioned(LATER, RunState.LANDED, step=LandedStep.PREPARING),
        )

    assert run_store.in_progress("census") == before


def test_of_eight_seals_at_once_one_wins(run_store: RunStore) -> None:
    """Whatever carriers they chose, one batch is sealed and one run carries it."""
    runs = [run_store.claim(a_run(state=RunState.WAITING, step=WaitingStep.BATCH, deadline_at=None)) for _ in range(8)]
    batch = run_store.open_batch("census")

    def seal(number: int) -> str | None:
        run = runs[number].run
        sealed = OpenBatch(route="census", seal=SEAL._replace(carrier=run.run_id))
        with suppress(StaleWriteError):
            run_store.seal(batch, sealed, runs[number], run.transitioned(LATER, RunState.LANDED))
            return run.run_id
        return None

    with ThreadPoolExecutor(8) as pool:
        winners = [run_id for run_id in pool.map(seal, range(8)) if run_id]

    rows = run_store.in_progress("census")
    assert rows.batch.batch.seal is not None
    assert winners == [rows.batch.batch.seal.carrier]
    assert [stored.run.run_id for stored in rows.runs if stored.run.state is RunState.LANDED] == winners


def test_a_seal_is_of_one_route(run_store: RunStore) -> None:
    """A run of another route is a mistake in the caller."""
    waiting = run_store.claim(a_run(route="wine"))

    with pytest.raises(ValueError, match="cannot carry a batch of route census"):
        run_store.seal(run_store.open_batch("census"), OpenBatch(route="census"), waiting, waiting.run.evolve(LATER))


def test_a_set_has_one_run(run_store: RunStore) -> None:
    """The first claim of a content holds; it passes on only from the run that was seen to hold it."""
    claimed = run_store.claim_set("census", "ab", "0f", None)

    assert run_store.trained_set("census", "ab") == claimed
    assert run_store.trained_set("wine", "ab") is None
    assert run_store.trained_set("census", "abc") is None
    with pytest.raises(StaleWriteError):
        run_store.claim_set("census", "ab", "1a", None)
    passed_on = run_store.claim_set("census", "ab", "1a", claimed)
    with pytest.raises(StaleWriteError):
        run_store.claim_set("census", "ab", "2b", claimed)
    assert run_store.trained_set("census", "ab") == passed_on
    assert passed_on.run_id == "1a"
    assert run_store.list_runs() == []


def test_the_versions_of_a_name_are_found(run_store: RunStore) -> None:
    """In the order of their generations, of that name and that route alone, whatever became of them."""
    generations = [f"2026-11-23T12:00:0{second}Z/0000179543520000000{second}/0f" for second in range(3)]
    runs = [a_run(generation=generation, blob="a/b ü.csv") for generation in generations]
    for run in runs[::-1]:
        claimed = run_store.claim(run)
    run_store.save(claimed, claimed.run.transitioned(LATER, RunState.SUPERSEDED))
    run_store.claim(a_run(blob="a/b ü.csv", route="wine"))
    run_store.claim(a_run(blob="a/b ü.csv2"))

    assert run_store.runs_of_blob("census", "a/b ü.csv") == [NamedVersion(run.generation, run.run_id) for run in runs]


def test_the_runs_that_carry_a_batch_are_found(run_store: RunStore) -> None:
    """Of that route, written since the given time, with or without an outcome; a member carries none."""
    batch = BatchRef("training/members/census/ab.json", 2, "ab", 1)
    early, active, ended, *others = [
        run_store.claim(replace(a_run(), updated_at=when, **more))
        for when, more in (
            (LATER - timedelta(microseconds=1), {"batch": batch}),
            (LATER, {"batch": batch}),
            (LATER + timedelta(days=1), {"batch": batch, "state": RunState.FAILED}),
            (LATER, {"batch_run_id": "0f", "state": RunState.BATCHED}),
            (LATER, {"batch": batch, "route": "wine"}),
            (LATER, {}),
        )
    ]

    carriers = run_store.carriers("census", LATER)

    assert {stored.run.run_id for stored in carriers} == {active.run.run_id, ended.run.run_id}
    assert [stored.run for stored in carriers if stored.run.run_id == ended.run.run_id] == [ended.run]
    assert len(run_store.carriers("census", NOON)) == 3
    assert {early.run.run_id, *(item.run.run_id for item in others)}.isdisjoint(
        stored.run.run_id for stored in carriers
    )


def test_a_file_that_is_settling_is_no_version_of_its_name(run_store: RunStore) -> None:
    """Its run stands for whatever the file becomes: it neither replaces a version nor is one."""
    run_store.claim(a_run(state=RunState.WAITING, step=WaitingStep.SETTLE, deadline_at=None))

    assert run_store.runs_of_blob("census", "census/june.csv") == []
