"""Landing: every version gets its one run, and what is claimed is pinned and trained."""

import pytest

from shared.pipeline import landing
from shared.records.run_identity import UNROUTED
from shared.records.run_states import RunState
from tests.pipeline.world import World, example_routes


def test_a_file_is_claimed_pinned_submitted_and_started(world: World) -> None:
    """After its event the run's job reads the pinned copy and writes model and evaluation beside it."""
    run = world.land(text="the rows")

    assert run.state is RunState.STARTED
    assert run.input_blob == f"training/{run.run_id}/1/input.csv"
    assert world.blobs.text(run.input_blob) == "the rows"
    request = world.training.jobs[run.job_id].request
    assert request.input_path == run.input_blob
    assert request.model_path.endswith(".ilearner")
    assert request.evaluation_path.endswith(".csv")
    assert [job.starts for job in world.training.jobs.values()] == [1]


@pytest.mark.parametrize(
    ("name", "pinned"),
    [
        ("census/p.tsv", "input.tsv"),
        ("census/2026/June.NH.CSV", "input.nh.csv"),
        ("census/p.nh.tsv", "input.nh.tsv"),
        ("census/p.arff", "input.arff"),
        ("census/p.CSV", "input.csv"),
        ("census/p.data", "input.csv"),
        ("census/tsv", "input.csv"),
    ],
)
def test_a_pinned_file_is_read_as_its_name_says(name: str, pinned: str) -> None:
    """Tabs, no header row, ARFF: a service knows it by the extension alone, so the copy keeps it, in every attempt."""
    world = World(example_routes(("census/*.csv", "census/**")))
    run = world.land(name, "1\t2\n")

    assert world.training.jobs[run.job_id].request.input_path == f"training/{run.run_id}/1/{pinned}"
    world.training.forget(run.job_id)
    world.tick()
    world.tick(700)
    again = world.run(run.run_id)
    assert again.input_blob == f"training/{run.run_id}/2/{pinned}"
    assert world.blobs.text(again.input_blob) == "1\t2\n"


def test_the_same_version_is_trained_once(world: World) -> None:
    """Events that repeat, and a sweep beside them, find the claim taken."""
    world.land()
    for _ in range(3):
        assert not landing.land(world.services, "incoming", "census/a.csv")
    assert world.sweep() == 0

    assert len(world.runs.list_runs()) == 1
    assert len(world.training.started) == 1


def test_an_overwrite_is_another_version(world: World) -> None:
    """New content under the old name is a run of its own."""
    first = world.land(text="1")
    second = world.land(text="2")

    assert first.run_id != second.run_id
    assert len(world.training.started) == 2


def test_a_file_no_route_matches_is_recorded(world: World) -> None:
    """It ends `unrouted`, naming the patterns there are; it is neither copied nor trained."""
    run = world.land("other/a.csv")

    assert (run.state, run.route) == (RunState.UNROUTED, UNROUTED)
    assert "census/*.csv" in run.reason
    assert world.training.jobs == {}
    assert world.sweep() == 0


def test_what_an_event_tells_of_is_not_looked_for(world: World) -> None:
    """A file that has just landed under a route costs no read more than its claim."""
    world.land()

    assert world.runs.faults.calls["routes"] == 0


def test_an_empty_file_is_quarantined(world: World) -> None:
    """Zero bytes: a copy goes to quarantine, the original stays, no job is submitted, and the reason says why."""
    run = world.land(text="")

    assert run.state is RunState.QUARANTINED
    assert "empty" in run.reason
    assert world.blobs.text(f"quarantine/census/{run.run_id}/census/a.csv") == ""
    assert world.blobs.text("incoming/census/a.csv") == ""
    assert world.training.jobs == {}


def test_an_overwrite_while_the_job_is_prepared(world: World) -> None:
    """The claimed version is gone before it could be pinned: superseded; the new version is trained."""
    world.blobs.faults.run_at_next("copy_version", lambda: _overwrite(world))
    run = world.land(text="old")

    assert run.state is RunState.SUPERSEDED
    assert "overwritten" in run.reason
    assert world.sweep() == 1
    newest = next(stored.run for stored in world.runs.list_runs() if stored.run.run_id != run.run_id)
    assert world.blobs.text(newest.input_blob) == "new"
    assert len(world.training.started) == 1


def _overwrite(world: World) -> None:
    world.drop(text="new")


def test_an_overwrite_after_pinning_changes_nothing(world: World) -> None:
    """The job trains on what was claimed, although the name now holds other content."""
    world.blobs.faults.run_at_next("copy_version", lambda: _overwrite(world), after=True)
    run = world.land(text="old")

    assert run.state is RunState.STARTED
    assert world.blobs.text(run.input_blob) == "old"


def test_a_slow_copy_is_waited_for(world: World) -> None:
    """A server-side copy that is pending holds the submit back until it is done."""
    world.blobs.slow_copies = True
    run = world.land()
    assert (run.state, world.training.jobs) == (RunState.LANDED, {})

    world.blobs.slow_copies = False
    world.blobs.finish_copies()
    world.tick(10)
    assert world.run(run.run_id).state is RunState.STARTED


def test_a_worker_that_died_after_its_claim_is_replaced(world: World) -> None:
    """Once the claim's lease has passed the tick goes on where the worker stopped."""
    version = world.drop()
    assert landing.claim(world.services, version) is not None
    world.tick(30)
    assert world.run().state is RunState.LANDED

    world.tick(31)
    assert world.run().state is RunState.STARTED


def test_a_file_deleted_before_it_was_seen_leaves_no_run(world: World) -> None:
    """There is no version to claim."""
    assert not landing.land(world.services, "incoming", "census/gone.csv")
    assert world.runs.list_runs() == []


def test_a_copy_that_takes_for_ever_ends_at_the_deadline(world: World) -> None:
    """The run says what it waits for, and does not wait past its time."""
    world.blobs.slow_copies = True
    run = world.land()
    assert "still copying the file" in run.reason
    run = world.settle(run, seconds=3600, ticks=40)

    assert run.state is RunState.TIMED_OUT
    assert "still copying the file" in run.reason


def test_a_later_attempt_takes_the_file_itself_where_its_copy_is_gone(world: World) -> None:
    """What an earlier attempt pinned was deleted; the version that was claimed is still there."""
    run = world.land(text="the rows")
    world.blobs.remove("training", f"{run.run_id}/1/input.csv")
    world.training.forget(run.job_id)
    world.tick()
    world.tick(700)

    run = world.run()
    assert (run.attempt, run.state) == (2, RunState.STARTED)
    assert world.blobs.text(run.input_blob) == "the rows"
