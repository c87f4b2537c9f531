"""A set that has not moved from the champion's is not trained again, where the route says so; its files stay in it."""

from dataclasses import replace

import pytest

from shared.blob_path import BlobPath
from shared.intake.settings import (
    BatchSettings,
    DriftMeasure,
    DriftSettings,
    IntakeSettings,
    SchemaSource,
    TrainingSetKind,
)
from shared.lifecycle.job_paths import profile_path
from shared.records.endpoint_record import Champion
from shared.records.run import Run
from shared.records.run_states import RunState
from tests.pipeline.batch_world import BatchWorld, batch_routes
from tests.pipeline.operator_calls import go_back

INTAKE = IntakeSettings(schema=SchemaSource.NONE)


def rows_of(age: int, income: str) -> str:
    """Return clean rows about an age; no two incomes give the same bytes."""
    return "".join(f"{age + n % 9},{income}\n" for n in range(300))


def world_with(drift: DriftSettings | None) -> BatchWorld:
    """Return a world whose route joins the files of a burst."""
    routes = batch_routes(BatchSettings(training_set=TrainingSetKind.BATCH), INTAKE)
    return BatchWorld(replace(routes, routes={"census": replace(routes.routes["census"], drift=drift)}))


def trained(world: BatchWorld, name: str, rows: str) -> Run:
    """Return the run of a file that has been carried on to its job, or to its end without one."""
    world.accept(name, rows, rows=300)
    return world.assemble(world.seal())


def landed(world: BatchWorld, name: str, age: int, added: str = "") -> Run:
    """Land a file about an age, and deliver its messages; returns its run."""
    rows = "".join(f"{age + n % 9},Private,{'yes' if n % 2 else 'no'}\n" for n in range(300))
    run = world.land(f"census/{name}", f"age,workclass,income\n{rows}{added}")
    world.read()
    return world.run(run.run_id)


def serve(world: BatchWorld, run: Run) -> None:
    """Let a run's model be the champion, with the profile of its set beside it."""
    assert run.training_set is not None
    model = f"models/census/{run.run_id}.ilearner"
    world.blobs.copy(profile_path(run.training_set.manifest), profile_path(model))
    champion = Champion(
        run_id=run.run_id,
        generation=run.generation,
        model=model,
        metrics={},
        promoted_at=world.clock.now(),
    )
    stored = world.endpoints.get("census", "production")
    world.endpoints.save(stored, replace(stored.record, champion=champion))
    world.promote(run)


@pytest.mark.parametrize(("at_least", "state"), [(0.2, RunState.UNCHANGED), (None, RunState.STARTED)])
def test_a_set_that_has_not_moved(at_least: float | None, state: RunState) -> None:
    """With `at_least` the run ends without a job and says why; without it drift is only measured."""
    world = world_with(DriftSettings(at_least=at_least))
    first = trained(world, "a.csv", rows_of(20, "yes"))
    assert first.state is RunState.STARTED
    assert first.drift is not None
    assert first.drift.reference is None
    serve(world, first)

    same = trained(world, "b.csv", rows_of(20, "yes") + "21,yes\n")
    assert same.state is state
    assert same.drift is not None
    assert same.drift.reference == first.run_id
    assert bool(same.job_id) is (state is RunState.STARTED)
    if at_least is not None:
        assert "no column drifted by 0.2: not trained" in same.reason
        assert same.training_set is not None
    assert len(list(world.runs.parts("census"))) == 2


def test_a_set_that_has_moved_is_trained() -> None:
    """One column is enough."""
    world = world_with(DriftSettings(at_least=0.2))
    serve(world, trained(world, "a.csv", rows_of(20, "yes")))
    moved = trained(world, "b.csv", rows_of(60, "yes"))
    assert moved.state is RunState.STARTED
    assert moved.drift is not None
    assert moved.drift.trained


def test_a_file_that_stays_as_it_is_is_measured_too() -> None:
    """With `normalise = false` the set is the original: its columns are sketched while it is checked."""
    routes = batch_routes(None, IntakeSettings(schema=SchemaSource.NONE, normalise=False, label="income"))
    route = replace(routes.routes["census"], drift=DriftSettings(at_least=0.2))
    world = BatchWorld(replace(routes, routes={"census": route}))

    first = landed(world, "a.csv", 20)
    assert (first.state, first.reason) == (RunState.STARTED, "")
    serve(world, first)
    same, moved = landed(world, "b.csv", 20, "21,Private,yes\n"), landed(world, "c.csv", 60)

    assert (same.state, same.drift and same.drift.reference) == (RunState.UNCHANGED, first.run_id)
    assert moved.state is RunState.STARTED
    assert moved.drift is not None
    assert moved.drift.columns[0].column == "age"


@pytest.mark.parametrize("measure", list(DriftMeasure))
def test_after_a_rollback_the_set_of_the_model_in_service_is_the_reference(measure: DriftMeasure) -> None:
    """Each archived model keeps its own profile: what drifted from the second model's set may not from the first's."""
    routes = batch_routes(None, IntakeSettings(schema=SchemaSource.NONE, label="income"))
    drift = DriftSettings(measure=measure, at_least=0.2)
    world = BatchWorld(replace(routes, routes={"census": replace(routes.routes["census"], drift=drift)}))

    def promoted(run: Run, model: str, auc: float) -> Run:
        world.finish(run, model, auc)
        world.evaluate(world.tick())
        return world.settle(run)

    first = promoted(landed(world, "a.csv", 20), "first", 0.9)
    second = promoted(landed(world, "b.csv", 60), "second", 0.95)
    assert (first.state, second.state) == (RunState.PROMOTED, RunState.PROMOTED)
    assert second.drift is not None
    assert (second.drift.reference, second.drift.columns[0].column) == (first.run_id, "age")
    assert go_back(world).state is RunState.PROMOTED

    like_second, like_first = (
        landed(world, "c.csv", 60, "61,Private,yes\n"),
        landed(world, "d.csv", 20, "21,Private,no\n"),
    )

    assert like_second.state is RunState.STARTED
    assert like_first.state is RunState.UNCHANGED
    assert like_first.drift is not None
    assert like_first.drift.reference == first.run_id


def test_without_drift_nothing_is_measured() -> None:
    """A route that does not ask for it writes no profile."""
    world = world_with(None)
    run = trained(world, "a.csv", rows_of(20, "yes"))
    assert (run.state, run.drift) == (RunState.STARTED, None)
    assert not [version for version in world.blobs.versions("training") if "profile" in version.name]


def test_a_promotion_keeps_the_profile_and_the_classes_of_its_set() -> None:
    """The next set is compared with them: one lies beside the archived model, one in the endpoint's row."""
    world = world_with(DriftSettings(at_least=0.2))
    world.accept("a.csv", rows_of(20, "yes"), rows=300, labels={"no": 100, "yes": 200})
    run = world.assemble(world.seal())
    world.finish(run)
    promoted = world.settle(run)

    assert promoted.state is RunState.PROMOTED
    champion = world.endpoints.get("census", "production").record.champion
    assert champion is not None
    assert champion.classes == ("no", "yes")
    assert world.blobs.version(*BlobPath.parse(profile_path(champion.model))) is not None
    same = trained(world, "b.csv", rows_of(20, "yes") + "21,yes\n")
    assert (same.state, same.drift and same.drift.reference) == (RunState.UNCHANGED, run.run_id)
