"""Archived files: their runs wait until storage can read them again, and no deadline ends the wait."""

from shared.errors import NoAnswerError, RejectedError
from shared.records.run_states import RunState
from tests.pipeline.world import DOWN, World


def test_an_archived_file_waits_until_it_can_be_read(world: World) -> None:
    """The run says what to do, writes nothing while nothing changes, and goes on by itself: the version is the same."""
    version = world.drop("census/old.csv", "the rows")
    world.blobs.archive("incoming", "census/old.csv")
    world.sweep()
    run = world.run()
    assert (run.state, run.step, run.deadline_at) == (RunState.WAITING, "archived", None)
    assert run.reason.startswith("the blob is in the archive tier, where it cannot be read: set its tier to Hot")
    assert "census/old.csv" in run.reason

    writes = world.runs.faults.calls["save"]
    for _ in range(50):
        world.tick(7200)
    assert world.runs.faults.calls["save"] == writes

    world.blobs.archive("incoming", "census/old.csv", archived=False)
    world.tick(600)
    run = world.run()
    assert (run.state, run.etag) == (RunState.STARTED, version.etag)
    assert world.blobs.text(run.input_blob) == "the rows"
    assert [job.starts for job in world.training.jobs.values()] == [1]


def test_an_archived_file_that_is_deleted_waits_no_longer(world: World) -> None:
    """There is nothing left to wait for."""
    world.drop("census/old.csv")
    world.blobs.archive("incoming", "census/old.csv")
    world.sweep()
    world.blobs.remove("incoming", "census/old.csv")
    world.tick(600)

    assert world.run().state is RunState.SUPERSEDED


def test_what_was_wrong_while_a_file_was_archived_is_judged_once_it_landed(world: World) -> None:
    """A refusal of the storage is no verdict on a file that waits; tried once more, it is one."""
    world.drop("census/old.csv")
    world.blobs.archive("incoming", "census/old.csv")
    world.sweep()
    world.blobs.faults.fail_next("copy_version", NoAnswerError(DOWN))
    world.tick(600)
    assert (world.run().state, world.run().reason) == (RunState.WAITING, str(NoAnswerError(DOWN)))

    world.blobs.faults.fail_next("copy_version", RejectedError(DOWN), times=2)
    world.tick(600)
    assert world.run().state is RunState.LANDED
    world.tick(600)
    assert world.run().state is RunState.FAILED
