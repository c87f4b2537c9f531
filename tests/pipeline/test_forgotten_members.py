"""A forgotten file leaves no copy, and takes nothing of the other files of its sets with it."""

from shared.intake.settings import BatchSettings, TrainingSetKind
from shared.operators.forget import forget
from shared.ports.training_service import JobState
from shared.records.run import Run
from tests.pipeline.batch_world import BatchWorld, batch_routes


def names(world: BatchWorld, run: Run) -> set[str]:
    """Return the names of the files of a run's attempts."""
    return {version.name.rpartition("/")[2] for version in world.blobs.versions("training", f"{run.run_id}/")}


def test_the_originals_of_other_members_stay() -> None:
    """Joined inputs hold the file's rows and go. Another file's original stays: its part may be written anew."""
    world = BatchWorld(batch_routes(BatchSettings(training_set=TrainingSetKind.ACCUMULATE)))
    member = world.accept("a.csv")
    carrier = world.assemble(world.seal())
    assert carrier.run_id == member.run_id
    newer = world.accept("b.csv")
    joined = world.assemble(world.seal())
    assert joined.run_id == newer.run_id
    for run in (carrier, joined):
        world.training.say(world.run(run.run_id).job_id, JobState.FAILED, "Failed")
    world.tick(60)
    assert {"original.csv", "input.csv"} <= names(world, joined)

    forgotten = forget(world.services, "census/a.csv", "Ada", "a request", cancel=True)

    assert forgotten.runs == (member.run_id,)
    assert names(world, member).isdisjoint({"original.csv", "input.csv"})
    assert "original.csv" in names(world, joined)
    assert "input.csv" not in names(world, joined)
    assert [part.run_id for part in world.runs.parts("census")] == [newer.run_id]
