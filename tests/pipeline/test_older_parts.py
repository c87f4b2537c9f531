"""Files that were accepted under an older schema, holdout or spelling are read again before they are joined."""

from dataclasses import replace
from typing import Any

import pytest

from shared.errors import UnavailableError
from shared.intake.manifest import Manifest, manifest_from
from shared.intake.settings import BatchSettings, TrainingSetKind
from shared.lifecycle.job_paths import manifest_path
from shared.records.part import Part
from shared.records.run import Run
from shared.records.run_states import RunState
from shared.records.run_steps import WaitingStep
from tests.pipeline import reading_world
from tests.pipeline.holdout_world import HOLDOUT_TABLE, TRAINING_TABLE
from tests.pipeline.operator_calls import ask
from tests.pipeline.world import FAULT, World, example_routes

HEADER = "age,workclass,income\n"
FIRST = f"{HEADER}39,State-gov,no\n50,Private,yes\n"
BATCH = BatchSettings(training_set=TrainingSetKind.ACCUMULATE, debounce_s=0)


def world_with(**intake: Any) -> World:
    """Give a world whose training sets have all files so far; its label is `income`."""
    return reading_world.world_with(BATCH, **intake)


def run_on(world: World, run: Run, ticks: int = 6) -> Run:
    """Let ticks and messages come until a run is started, or has its outcome."""
    for _ in range(ticks):
        run = world.run(run.run_id)
        if run.terminal or run.state is RunState.STARTED:
            break
        world.tick(5)
        world.read()
    return world.run(run.run_id)


def trained(world: World, name: str, text: str) -> Run:
    """Land a file and let it come to its job, or to quarantine."""
    run = world.land(f"census/{name}.csv", text)
    world.read()
    return run_on(world, run)


def input_of(world: World, run: Run) -> str:
    """Return what the job of a run reads."""
    assert run.state is RunState.STARTED, run.reason
    text = world.blobs.text(run.input_blob)
    assert text is not None
    return text


def manifest_of(world: World, run: Run) -> Manifest:
    """Return the manifest of a run's set."""
    text = world.blobs.text(manifest_path(run))
    assert text is not None
    return manifest_from(text)


def parts(world: World) -> list[Part]:
    """Return the parts of the route, oldest first."""
    return list(world.runs.parts("census"))


def test_decided_schema() -> None:
    """A file that decides a decimal sign makes the older parts be read again: one header, one schema, all rows."""
    world = world_with()
    trained(world, "a", FIRST)
    run = trained(world, "b", f"{HEADER}39.5,Private,no\n")
    assert input_of(world, run) == f"{FIRST}39.5,Private,no\n"
    assert [part.schema for part in parts(world)] == [2, 2]
    assert manifest_of(world, run).unfit == ()


def test_nothing_is_read_again_without_need() -> None:
    """Parts that were checked against what still holds are joined as they are."""
    world = world_with()
    trained(world, "a", FIRST)
    before = world.blobs.faults.calls["read_chunks"]
    run = trained(world, "b", f"{HEADER}40,Private,no\n")
    assert input_of(world, run) == f"{FIRST}40,Private,no\n"
    assert world.blobs.faults.calls["read_chunks"] == before + 1


def test_added_column() -> None:
    """After a column was accepted, it is missing in the rows of older files, at its place."""
    world = world_with()
    trained(world, "a", FIRST)
    world.blobs.put("models", "golden/census.csv", "age,workclass,city\n39,State-gov,Bern\n")
    run = trained(world, "b", "age,workclass,city,income\n40,Private,Bern,no\n41,Private,Thun,yes\n")
    assert run.state is RunState.QUARANTINED
    assert ask(world, "schema", route="census", accept=run.run_id, by="Ada", reason="city")[0] == 200
    run = run_on(world, run)
    assert input_of(world, run) == (
        "age,workclass,income,city\n39,State-gov,no,\n50,Private,yes,\n40,Private,no,Bern\n41,Private,yes,Thun\n"
    )
    assert parts(world)[0].missing == {"city": 2}


def test_file_that_does_not_fit_any_more() -> None:
    """A file whose cells an accepted schema refuses is left out, and the manifest names it with the reason."""
    world = world_with()
    dated = "age,workclass,income\n2024-01-31,Private,no\n2024-02-01,Private,yes\n"
    world.blobs.put("models", "golden/census.csv", "age,workclass\n2024-01-31,State-gov\n")
    old = trained(world, "a", dated)
    world.blobs.put("models", "golden/census.csv", "age,workclass\n31.01.2024,State-gov\n")
    run = trained(world, "b", dated.replace("2024-01-31", "31.01.2024").replace("2024-02-01", "01.02.2024"))
    assert ask(world, "schema", route="census", accept=run.run_id, by="Ada", reason="dates")[0] == 200
    run = run_on(world, run)
    assert input_of(world, run).count("\n") == 3
    (unfit,) = manifest_of(world, run).unfit
    assert (unfit.run_id, unfit.blob) == (old.run_id, "census/a.csv")
    assert "Line 2, column 'age'" in unfit.reason
    assert run.intake is not None
    assert run.intake.left_out.unfit_file == 1


def test_original_that_is_gone() -> None:
    """Without its pinned original a file cannot be read again: it is left out by name, and not joined as it was."""
    world = world_with()
    trained(world, "a", FIRST)
    original = parts(world)[0].original
    world.blobs.delete(original)
    run = trained(world, "b", f"{HEADER}39.5,Private,no\n40,Private,yes\n")
    assert input_of(world, run) == f"{HEADER}39.5,Private,no\n40,Private,yes\n"
    assert "original is gone" in manifest_of(world, run).unfit[0].reason


def test_other_spelling_of_a_label() -> None:
    """Without classes in a schema, labels of several files get one spelling: that of the oldest."""
    world = world_with(schema="none")
    trained(world, "a", FIRST)
    run = trained(world, "b", f"{HEADER}40,Private,NO\n41,Private,Yes\n")
    assert input_of(world, run) == f"{FIRST}40,Private,no\n41,Private,yes\n"
    assert parts(world)[1].labels == {"no": 1, "yes": 1}


@pytest.mark.parametrize("operation", ["replace_part", "route_state"])
def test_worker_that_fails_half_way(operation: str) -> None:
    """A worker that fails while it writes parts anew is followed by one that goes on: the set is the same."""
    world = world_with()
    trained(world, "a", FIRST)
    run = world.land("census/b.csv", f"{HEADER}39.5,Private,no\n")
    world.read()
    world.runs.faults.fail_next(operation, UnavailableError(FAULT))
    run = run_on(world, run, ticks=40)
    assert input_of(world, run) == f"{FIRST}39.5,Private,no\n"
    assert [part.schema for part in parts(world)] == [2, 2]


HOLDOUT = f"{HEADER}50,Private,yes\n33,Private,no\n"


def world_with_holdout(kind: TrainingSetKind) -> World:
    """Give a world whose route has a holdout, none of whose rows is in the files of this page."""
    route = example_routes((TRAINING_TABLE, HOLDOUT_TABLE)).routes["census"]
    batch = replace(BATCH, training_set=kind)
    world = reading_world.world_with(batch)
    route = replace(world.services.routes.routes["census"], batch=batch, holdout=route.holdout)
    world = World(replace(world.services.routes, routes={"census": route}))
    world.blobs.put("models", "holdout/census.csv", f"{HEADER}1,Private,yes\n2,Private,no\n")
    return world


@pytest.mark.parametrize("kind", [TrainingSetKind.FILE, TrainingSetKind.BATCH, TrainingSetKind.ACCUMULATE])
def test_holdout_that_changed_after_a_file_was_read(kind: TrainingSetKind) -> None:
    """A row that the holdout has when the set is decided is not in the set, also where a set is a single file."""
    world = world_with_holdout(kind)
    run = world.land("census/a.csv", f"{FIRST}40,Private,yes\n")
    world.read()
    assert world.run(run.run_id).step == WaitingStep.BATCH
    world.blobs.put("models", "holdout/census.csv", HOLDOUT)
    assert input_of(world, run_on(world, run)) == f"{HEADER}39,State-gov,no\n40,Private,yes\n"


def test_single_file_without_a_row_beside_the_holdout() -> None:
    """It is not trained, and the reason says why."""
    world = world_with_holdout(TrainingSetKind.FILE)
    run = world.land("census/a.csv", HOLDOUT)
    world.read()
    world.blobs.put("models", "holdout/census.csv", HOLDOUT)
    run = run_on(world, run)
    assert run.state is RunState.FAILED
    assert "each is of the holdout" in run.reason


@pytest.mark.parametrize("other_run_goes_on", [True, False])
def test_part_that_another_run_writes_anew_before_the_join(*, other_run_goes_on: bool) -> None:
    """An older file that is found late decides the labels' spelling: the set that had the other one is decided anew."""
    world = world_with(schema="none")
    late_file = world.drop("census/late.csv", f"{HEADER}60,Private,NO\n61,Private,Yes\n")
    world.clock.advance(60)
    run = world.land("census/a.csv", FIRST)
    world.read()
    together = f"{HEADER}60,Private,NO\n61,Private,Yes\n39,State-gov,NO\n50,Private,Yes\n"

    def meanwhile() -> None:
        late = run_on(world, world.land_version(late_file))
        assert input_of(world, late) == together
        if not other_run_goes_on:
            stored = world.runs.find(late.run_id)
            assert stored is not None
            failed = stored.run.transitioned(world.clock.now(), RunState.FAILED, "The job failed.")
            world.services.save_run(stored, failed)

    world.blobs.faults.run_at_next("join", meanwhile)
    run = run_on(world, run)
    assert run.attempt == 2
    if other_run_goes_on:
        assert run.state is RunState.UNCHANGED
    else:
        assert input_of(world, run) == together
    assert [part.labels for part in parts(world)] == [{"NO": 1, "Yes": 1}] * 2


def test_part_that_is_gone_though_its_row_is_not() -> None:
    """A set that is decided anew would be the same: the run says what is wrong, and takes no attempt after another."""
    world = world_with(schema="none")
    run = world.land("census/a.csv", FIRST)
    world.read()
    world.blobs.delete(parts(world)[0].path)
    run = run_on(world, run)
    assert (run.state, run.attempt) == (RunState.LANDED, 1)
    assert "overwritten or deleted" in run.reason
