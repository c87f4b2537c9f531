"""`after = "archive"`: originals of settled runs leave the input container, and nothing is lost or trained twice."""

import logging
from dataclasses import replace

import pytest

from shared.blob_path import BlobPath
from shared.errors import UnavailableError
from shared.lifecycle.job_paths import archived_original_path
from shared.log_actions import LogAction
from shared.records.run import Run
from shared.records.run_states import RunState
from tests.log_lines import lines_about
from tests.pipeline.operator_calls import ask
from tests.pipeline.world import DOWN, World, example_routes


@pytest.fixture
def world() -> World:
    """Give a world whose route archives."""
    routes = example_routes()
    return World(replace(routes, routes={"census": replace(routes.routes["census"], archives=True)}))


def present(world: World) -> list[str]:
    """Return the names in the input container."""
    return [version.name for version in world.blobs.versions("incoming")]


def archived(world: World, run: Run) -> str | None:
    """Return what the archive has of a run's original."""
    return world.blobs.text(archived_original_path(run))


def failed(world: World) -> Run:
    """Land a file whose job fails."""
    run = world.land(text="rows")
    world.training.fail(run.job_id, "it does not like the file")
    world.tick()
    return world.run(run.run_id)


def test_a_settled_original_moves(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """The sweep after the outcome moves it, one line says where, and its run stays the only one."""
    caplog.set_level(logging.INFO)
    run = world.settle(world.train(text="rows"))
    assert world.sweep() == 0

    assert present(world) == []
    assert archived(world, run) == "rows"
    (line,) = lines_about(caplog, LogAction.FILE_ARCHIVED)
    assert line.startswith(
        f"census/a.csv is settled: its original was moved to archive/census/{run.run_id}/census/a.csv"
    )
    assert world.sweep() == 0
    assert [stored.run for stored in world.runs.list_runs()] == [run]


def test_what_is_not_settled_stays(world: World) -> None:
    """While its run goes on a file may be needed again."""
    run = world.land()
    world.sweep()

    assert present(world) == [run.blob]
    assert archived(world, run) is None


def test_without_the_key_originals_stay() -> None:
    """`after = "keep"` is the default."""
    world = World()
    run = world.settle(world.train())
    world.sweep()

    assert present(world) == [run.blob]


def test_a_newer_version_stays(world: World) -> None:
    """It was written between the listing and the move: it is not the version that is settled, and gets its own run."""
    run = world.settle(world.train(text="old"))
    world.blobs.faults.run_at_next("copy_version", lambda: world.drop(text="new"))
    world.sweep()

    assert present(world) == [run.blob]
    assert world.blobs.text(f"incoming/{run.blob}") == "new"
    assert world.sweep() == 1


def test_a_version_that_is_written_after_the_copy_stays(world: World) -> None:
    """The deletion is conditional too."""
    run = world.settle(world.train(text="old"))
    world.blobs.faults.run_at_next("delete", lambda: world.drop(text="new"))
    world.sweep()

    assert (world.blobs.text(f"incoming/{run.blob}"), archived(world, run)) == ("new", "old")
    assert world.sweep() == 1


def test_a_copy_that_takes_long_is_waited_for(world: World) -> None:
    """Nothing is deleted before the copy is complete."""
    run = world.settle(world.train())
    world.blobs.slow_copies = True
    world.sweep()
    assert present(world) == [run.blob]
    world.blobs.finish_copies()
    world.sweep()
    assert present(world) == []


def test_a_file_in_the_archive_tier_stays(world: World) -> None:
    """It cannot be copied, and costs next to nothing where it is."""
    run = world.settle(world.train())
    world.blobs.archive("incoming", run.blob)
    world.sweep()

    assert present(world) == [run.blob]


def test_a_failure_is_made_up_for(world: World) -> None:
    """The sweep goes on with the other files, and the next sweep tries again."""
    runs = [world.settle(world.train(name=f"census/{name}.csv", text=name)) for name in "ab"]
    world.blobs.faults.fail_next("delete", UnavailableError(DOWN))
    world.sweep()
    assert present(world) == ["census/a.csv"]
    world.sweep()

    assert present(world) == []
    assert [archived(world, run) for run in runs] == ["a", "b"]


def test_a_retry_finds_the_original_in_the_archive(world: World) -> None:
    """Where no copy was pinned the archived one is trained."""
    run = failed(world)
    world.sweep()
    assert present(world) == []
    world.blobs.delete(f"training/{run.run_id}/1/input.csv")
    assert ask(world, "retry", run=run.run_id, by="alice")[0] == 200
    world.tick()

    again = world.run(run.run_id)
    assert (again.state, world.blobs.text(again.input_blob)) == (RunState.STARTED, "rows")


def test_a_retry_meets_the_sweep(world: World) -> None:
    """The original is moved after the retry has seen it: the attempt pins the archived copy, not nothing."""
    run = failed(world)
    world.blobs.delete(f"training/{run.run_id}/1/input.csv")
    assert ask(world, "retry", run=run.run_id, by="alice")[0] == 200
    version = world.blobs.version("incoming", run.blob)
    assert version is not None
    world.blobs.copy_version(version, *BlobPath.parse(archived_original_path(run)))
    world.blobs.delete(str(version.path), version.etag)
    world.tick()

    again = world.run(run.run_id)
    assert (again.state, world.blobs.text(again.input_blob)) == (RunState.STARTED, "rows")
