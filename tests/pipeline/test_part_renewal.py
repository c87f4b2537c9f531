"""Parts of an earlier schema or holdout: they are read again from their originals before they are joined."""

from shared.effects.route_schema import put_in_force, schema_in_force
from shared.intake.manifest import manifest_from
from shared.intake.schema_reader import parse_schema
from shared.intake.settings import IntakeSettings, SchemaSource, TrainingSetKind
from shared.lifecycle.job_paths import kept_original_path, manifest_path
from shared.records.run import Run
from shared.records.run_states import RunState
from tests.pipeline import reading_world
from tests.pipeline.batch_world import BatchWorld, batch_routes, joined

SCHEMA = '{"fields": [{"name": "age", "type": "integer"}, {"name": "workclass", "type": "string"}%s]}'
OLD = SCHEMA % ""
NEW = SCHEMA % ', {"name": "town", "type": "string"}'


def world_with_schema() -> BatchWorld:
    """Return a world whose sets grow, with the first schema in force."""
    world = BatchWorld(batch_routes(joined(TrainingSetKind.ACCUMULATE), IntakeSettings(schema=SchemaSource.LEARN)))
    accept_schema(world, OLD)
    return world


def accept_schema(world: BatchWorld, text: str) -> None:
    """Put the next version of the schema in force."""
    put_in_force(world.services, schema_in_force(world.services, world.batch_route), parse_schema(text, "s"))


def read_file(world: BatchWorld, name: str, text: str) -> Run:
    """Land a file, and have it read."""
    run = world.land(f"census/{name}", text)
    world.read()
    return world.run(run.run_id)


def delete_originals(world: BatchWorld, run: Run) -> None:
    """Delete what an operator may delete by mistake: the pinned original, and its copy beside the part."""
    world.blobs.delete(run.original_blob)
    assert world.blobs.delete(kept_original_path(run))


def train(world: BatchWorld) -> tuple[Run, str]:
    """Seal what waits; return the carrier and what its job reads."""
    world.clock.advance(61)
    carrier = world.tend()
    assert carrier is not None
    world.read()
    run = world.run(carrier.run.run_id)
    return run, world.blobs.text(run.input_blob) or ""


def test_a_part_of_an_earlier_schema_is_written_anew() -> None:
    """A column that was added later is missing in older rows; all rows stand under one header."""
    world = world_with_schema()
    old = read_file(world, "old.csv", "age,workclass\n39,Private\n")
    first, text = train(world)
    assert (first.run_id, text.splitlines()) == (old.run_id, ["age,workclass", "39,Private"])
    accept_schema(world, NEW)
    world.clock.advance(1)
    new = read_file(world, "new.csv", "age,workclass,town\n50,State-gov,Bonn\n")
    second, text = train(world)
    assert second.run_id == new.run_id
    assert text.splitlines() == ["age,workclass,town", "39,Private,", "50,State-gov,Bonn"]
    part = world.runs.part(old)
    assert part is not None
    assert part.schema == schema_in_force(world.services, world.batch_route).number


def test_a_file_that_does_not_fit_the_new_schema_is_left_out_and_counted() -> None:
    """The manifest names it with the reason, and the run counts it; its original stays."""
    world = world_with_schema()
    old = read_file(world, "old.csv", "age,workclass\n39,Private\n")
    train(world)
    accept_schema(world, OLD.replace('"type": "string"', '"type": "string", "constraints": {"enum": ["State-gov"]}'))
    world.clock.advance(1)
    read_file(world, "new.csv", "age,workclass\n50,State-gov\n")
    run, text = train(world)
    assert text.splitlines() == ["age,workclass", "50,State-gov"]
    assert run.intake is not None
    assert run.intake.left_out.unfit_file == 1
    (unfit,) = manifest_from(world.blobs.text(manifest_path(run)) or "").unfit
    assert unfit.run_id == old.run_id
    assert "workclass" in unfit.reason
    assert world.blobs.text(old.original_blob) is not None


def test_a_file_whose_original_is_gone_is_left_out() -> None:
    """Its rows cannot be read by the new schema, so they are not trained on by the old one."""
    world = world_with_schema()
    old = read_file(world, "old.csv", "age,workclass\n39,Private\n")
    train(world)
    delete_originals(world, old)
    accept_schema(world, NEW)
    world.clock.advance(1)
    read_file(world, "new.csv", "age,workclass,town\n50,State-gov,Bonn\n")
    run, text = train(world)
    assert run.state is RunState.STARTED
    assert text.splitlines() == ["age,workclass,town", "50,State-gov,Bonn"]


def test_an_original_outlives_the_folder_of_its_attempt() -> None:
    """Storage deletes the folders of attempts by age; a file of a growing set is read again from beside its part."""
    world = world_with_schema()
    old = read_file(world, "old.csv", "age,workclass\n39,Private\n")
    train(world)
    for version in list(world.blobs.versions("training", f"{old.run_id}/")):
        world.blobs.delete(str(version.path))
    world.blobs.delete("incoming/census/old.csv")
    accept_schema(world, NEW)
    world.clock.advance(1)
    read_file(world, "new.csv", "age,workclass,town\n50,State-gov,Bonn\n")
    run, text = train(world)
    assert text.splitlines() == ["age,workclass,town", "39,Private,", "50,State-gov,Bonn"]
    assert manifest_from(world.blobs.text(manifest_path(run)) or "").unfit == ()


def test_an_original_is_kept_beside_its_part_only_where_sets_grow() -> None:
    """A set of one burst is joined once: its originals need not stay, and are not stored twice."""
    kinds = (TrainingSetKind.FILE, TrainingSetKind.BATCH, TrainingSetKind.ACCUMULATE, TrainingSetKind.WINDOW)
    kept = {}
    for kind in kinds:
        window = {"window_files": 2} if kind is TrainingSetKind.WINDOW else {}
        world = reading_world.world_with(joined(kind, **window))
        run = reading_world.read(world, "census/a.csv", "age,workclass,income\n39,State-gov,no\n50,Private,yes\n")
        part = world.runs.part(run)
        assert part is not None, run.reason
        kept[kind] = part.original == kept_original_path(run)
        assert kept[kind] == (world.blobs.text(kept_original_path(run)) is not None)
    assert [kind for kind in kinds if kept[kind]] == [TrainingSetKind.ACCUMULATE, TrainingSetKind.WINDOW]


def test_a_copy_of_an_original_that_is_not_done_is_no_part_yet() -> None:
    """The file is read again once storage has copied it; its rows are in the set once."""
    world = world_with_schema()
    run = world.land("census/a.csv", "age,workclass\n39,Private\n")
    world.blobs.slow_copies = True
    world.read()
    waits = world.run(run.run_id)
    assert "still copying the original" in waits.reason
    assert world.runs.part(waits) is None
    world.blobs.finish_copies()
    world.tick(10)
    world.read()
    assert train(world)[1].splitlines() == ["age,workclass", "39,Private"]


def test_a_part_of_the_schema_in_force_is_not_read_again() -> None:
    """Its original may even be gone: the set is joined from its part."""
    world = world_with_schema()
    old = read_file(world, "old.csv", "age,workclass\n39,Private\n")
    train(world)
    delete_originals(world, old)
    world.clock.advance(1)
    read_file(world, "new.csv", "age,workclass\n50,State-gov\n")
    assert train(world)[1].splitlines() == ["age,workclass", "39,Private", "50,State-gov"]
