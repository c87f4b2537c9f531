"""The parts of training sets keep their promises, in memory and on real table storage alike."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.errors import StaleWriteError
from shared.ports.run_store import RunStore
from shared.ports.stored_run import StoredRun
from shared.records.part import Part
from shared.records.run import Run
from shared.records.run_states import RunState
from shared.records.run_steps import WaitingStep
from tests.contract.records import NOON, a_part, a_run

LATER = NOON + timedelta(seconds=5, microseconds=1)


def _accepted(store: RunStore, run: Run, **changes: Any) -> tuple[StoredRun, Part]:
    claimed, part = store.claim(run), a_part(run, **changes)
    return store.accept(claimed, _waiting(run), part), part


def _waiting(run: Run) -> Run:
    return run.transitioned(LATER, RunState.WAITING, "for its batch", step=WaitingStep.BATCH)


def _generation(second: int) -> str:
    return f"2026-11-23T12:00:{second:02}Z/{second:020}/0f"


def test_an_accepted_file_has_its_part(run_store: RunStore) -> None:
    """The run's next record and its part are written at once; the part is read as it was written."""
    accepted, part = _accepted(run_store, a_run(), schema=3, rows=7, size=5_000_000_000)

    assert run_store.part(accepted.run) == part
    assert list(run_store.parts("census")) == [part]
    assert run_store.in_progress("census").runs == [accepted._replace(run_etag=None)]
    assert run_store.save(accepted, accepted.run.evolve(LATER)).run.revision == 2


def test_a_part_without_a_schema_comes_back(run_store: RunStore) -> None:
    """What is absent stays absent, and a number may be zero."""
    _, part = _accepted(run_store, a_run(), schema=None, rows=0, labels={}, header="x" * 70_000)

    assert list(run_store.parts("census")) == [part]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.text(max_size=40),
    labels=st.dictionaries(st.text(max_size=10), st.integers(0, 2**40), max_size=4),
    schema=st.none() | st.integers(0, 10_000),
)
def test_any_part_comes_back_exactly(
    run_store: RunStore, text: str, labels: dict[str, int], schema: int | None
) -> None:
    """Whatever its texts and labels hold."""
    run, part = _accepted(run_store, a_run(), header=text, encoding=text, labels=labels, missing=labels, schema=schema)

    assert run_store.part(run.run) == part


def test_a_stale_acceptance_leaves_no_part(run_store: RunStore) -> None:
    """A worker that was too slow adds nothing to any set."""
    claimed = run_store.claim(a_run())
    run_store.save(claimed, claimed.run.transitioned(LATER, RunState.QUARANTINED, "bad"))

    with pytest.raises(StaleWriteError):
        run_store.accept(claimed, _waiting(claimed.run), a_part(claimed.run))

    assert list(run_store.parts("census")) == []
    assert run_store.part(claimed.run) is None


def test_a_part_is_its_runs(run_store: RunStore) -> None:
    """Another run's part, or one of another generation, is a mistake in the caller."""
    claimed = run_store.claim(a_run())

    for wrong in ({"run_id": "0f"}, {"generation": _generation(1)}, {"route": "wine"}):
        with pytest.raises(ValueError, match="is not of run"):
            run_store.accept(claimed, _waiting(claimed.run), a_part(claimed.run, **wrong))


def test_the_parts_of_a_route_come_by_generation(run_store: RunStore) -> None:
    """The order of a set is that of the files' times, not that of their acceptance; other routes have their own."""
    parts = [
        _accepted(run_store, a_run(generation=_generation(second), route=route))[1]
        for second, route in [(3, "census"), (1, "census"), (2, "census-2"), (20, "census"), (2, "census")]
    ]

    assert [part.generation for part in run_store.parts("census")] == [_generation(second) for second in (1, 2, 3, 20)]
    assert list(run_store.parts("census-2")) == [parts[2]]
    assert list(run_store.parts("census", "acme")) == []
    assert list(run_store.parts("wine")) == []


def test_a_second_attempt_replaces_the_part(run_store: RunStore) -> None:
    """A file that is read again is in the sets once, as it was read last."""
    accepted, _ = _accepted(run_store, a_run())
    again = replace(accepted.run, attempt=2, revision=accepted.run.revision + 1)

    run_store.accept(accepted, again, a_part(again, rows=8))

    assert [(part.attempt, part.rows) for part in run_store.parts("census")] == [(2, 8)]


def test_a_part_is_written_anew(run_store: RunStore) -> None:
    """The new one takes the place of the old one, and the run stays as it is."""
    accepted, part = _accepted(run_store, a_run())

    run_store.replace_part(replace(part, schema=4, path="training/parts/census/4.csv"))

    assert [part.schema for part in run_store.parts("census")] == [4]
    assert run_store.in_progress("census").runs == [accepted._replace(run_etag=None)]


def test_what_is_forgotten_is_not_written_anew(run_store: RunStore) -> None:
    """A worker that writes the part anew at the same time does not bring it back; the run's record stays."""
    accepted, part = _accepted(run_store, a_run())
    kept = _accepted(run_store, a_run(generation=_generation(9)))[1]

    forgotten = run_store.forget(accepted, accepted.run.evolve(LATER, forgotten="by ann: erasure request"))

    with pytest.raises(StaleWriteError):
        run_store.replace_part(part)
    assert list(run_store.parts("census")) == [kept]
    assert run_store.get("census", part.run_id) == forgotten._replace(active_etag=None)
    assert forgotten.run.forgotten == "by ann: erasure request"


def test_a_run_without_a_part_is_forgotten_too(run_store: RunStore) -> None:
    """A quarantined file has none."""
    claimed = run_store.claim(a_run(state=RunState.QUARANTINED, deadline_at=None))

    forgotten = run_store.forget(claimed, claimed.run.evolve(LATER, forgotten="by ann"))

    assert forgotten.run.forgotten == "by ann"


def test_nothing_is_forgotten_by_an_old_read(run_store: RunStore) -> None:
    """If the run was written since it was read, it keeps its part."""
    accepted, part = _accepted(run_store, a_run())
    run_store.save(accepted, accepted.run.evolve(LATER, reason="written"))

    with pytest.raises(StaleWriteError):
        run_store.forget(accepted, accepted.run.evolve(LATER, forgotten="by ann"))

    assert run_store.part(accepted.run) == part
