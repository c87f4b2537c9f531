"""Landing: every version gets its one run, what is claimed is what is trained, and a job starts once."""

import pytest

from shared.errors import KeyRefusedError, NoAnswerError, RejectedError, ServiceFault, UnavailableError
from shared.pipeline import landing, sweeping
from shared.records.run_identity import UNROUTED, run_id_for
from shared.records.run_states import RunState
from shared.services import Services
from tests.pipeline.world import World, example_routes

DOWN = ServiceFault("submit job", "http://127.0.0.1:8600/jobs", 0, "", "connection refused")


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


def test_a_job_may_use_the_storage_until_its_deadlines() -> None:
    """It may wait, and then run, as long as the route says; an hour more is for whoever is late to end it."""
    world = World(example_routes(("not_started = 86400, running = 86400", "not_started = 600, running = 1200")))
    run = world.land()

    assert world.training.jobs[run.job_id].request.valid_s == 600 + 1200 + 3600


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


def test_an_unrouted_file_is_trained_once_a_route_matches(world: World) -> None:
    """After the routes are corrected the sweep claims the file under its route, and that is its one run."""
    unrouted = world.land("other/a.csv")
    corrected = with_routes(world, ("census/*.csv", "other/*.csv"))

    assert sweeping.sweep(corrected) == 1
    assert sweeping.sweep(corrected) == 0
    (run,) = [stored.run for stored in world.runs.list_runs()]
    assert (run.run_id, run.route, run.state) == (unrouted.run_id, "census", RunState.STARTED)


@pytest.mark.parametrize(
    "change",
    [
        ("census/*.csv", "people/*.csv"),  # no route matches any more
        ("routes.census", "routes.people"),  # another one does: it has the pattern now
    ],
    ids=["pattern", "name"],
)
@pytest.mark.parametrize("late_s", [0, 86_400], ids=["at once", "a day later"])
def test_a_version_keeps_its_run_when_the_routes_change(world: World, change: tuple[str, str], late_s: int) -> None:
    """Whatever finds the file again, its run counts: it becomes neither unrouted nor trained a second time."""
    run = world.settle(world.train())
    jobs = len(world.training.jobs)
    changed = with_routes(world, change)
    world.clock.advance(late_s)

    assert sweeping.sweep(changed) == 0
    if late_s or change[0] == "census/*.csv":
        assert not landing.land(changed, "incoming", run.blob)
    assert [stored.run for stored in world.runs.list_runs()] == [run]
    assert len(world.training.jobs) == jobs


def test_new_files_are_unrouted_after_such_a_change(world: World) -> None:
    """Only what has its run is left alone; a new version is recorded, once."""
    world.settle(world.train())
    changed = with_routes(world, ("census/*.csv", "people/*.csv"))
    world.drop("census/new.csv", "other")

    assert sweeping.sweep(changed) == 1
    assert sweeping.sweep(changed) == 0
    assert sorted(stored.run.route for stored in world.runs.list_runs()) == [UNROUTED, "census"]


def test_what_an_event_tells_of_is_not_looked_for(world: World) -> None:
    """A file that has just landed under a route costs no read more than its claim."""
    world.land()

    assert world.runs.faults.calls["routes"] == 0


def test_the_names_of_routes_are_read_once_in_a_while(world: World) -> None:
    """Not for every file that a sweep finds; again later, for another release may write under others."""
    for number in range(5):
        world.drop(f"other/{number}.csv")
    assert world.sweep() == 5
    assert world.runs.faults.calls["routes"] == 1
    world.clock.advance(601)
    world.drop("other/late.csv")
    world.sweep()
    assert world.runs.faults.calls["routes"] == 2


def with_routes(world: World, *changes: tuple[str, str]) -> Services:
    """Return the services of the same world after a start with other routes."""
    return Services(
        example_routes(*changes),
        world.runs,
        world.endpoints,
        world.blobs,
        world.training,
        world.scoring,
        world.clock,
    )


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


def test_a_service_that_is_down_is_waited_for(world: World) -> None:
    """The run stays, says why, tries ever less often, and goes on when the service is back."""
    world.training.faults.fail_next("submit", NoAnswerError(DOWN), times=4)
    run = world.land()
    assert run.state is RunState.LANDED
    assert "connection refused" in run.reason

    for _ in range(120):
        world.tick(5)
    assert world.training.faults.calls["submit"] == 5
    assert world.run(run.run_id).state is RunState.STARTED
    assert len(world.training.started) == 1


def test_a_refused_key_is_waited_for(world: World) -> None:
    """401: the run stays and says so; nothing is lost once the key is corrected."""
    world.training.faults.fail_next(
        "submit", KeyRefusedError(ServiceFault("submit job", "http://x", 401, "Unauthorized"))
    )
    run = world.land()
    assert run.state is RunState.LANDED
    assert "401 Unauthorized" in run.reason

    for _ in range(20):
        world.tick(5)
    assert world.run(run.run_id).state is RunState.STARTED


def test_a_rejected_job_fails_with_the_service_s_words(world: World) -> None:
    """400: trying again would change nothing, so the run ends with code, message and details."""
    fault = ServiceFault(
        "submit job", "http://x", 400, "BadArgument", "Invalid argument.", (("InvalidInputNames", "x"),)
    )
    world.training.faults.fail_next("submit", RejectedError(fault))
    run = world.land()

    assert run.state is RunState.FAILED
    assert "InvalidInputNames: x" in run.reason


def test_a_submit_whose_answer_is_lost_leaves_one_started_job(world: World) -> None:
    """The job may exist, but its id is not in the row: another is submitted, and only that one is started."""
    world.training.faults.run_at_next("submit", _lost, after=True)
    run = world.land()
    world.tick(10)

    assert world.run(run.run_id).state is RunState.STARTED
    assert len(world.training.jobs) == 2
    assert len(world.training.started) == 1


def _lost() -> None:
    raise NoAnswerError(DOWN)


def test_a_start_whose_answer_is_lost_starts_once(world: World) -> None:
    """Starting again what is started already is success."""
    world.training.faults.run_at_next("start", _lost, after=True)
    run = world.land()
    assert run.state is RunState.SUBMITTED
    world.tick(10)

    assert world.run(run.run_id).state is RunState.STARTED
    assert [job.starts for job in world.training.jobs.values()] == [1]


def test_a_job_dropped_before_its_start_is_submitted_anew(world: World) -> None:
    """The service drops unstarted jobs: the next attempt trains the same pinned content."""
    world.training.faults.fail_next("start", UnavailableError(DOWN))
    run = world.land(text="the rows")
    world.training.forget(run.job_id)
    world.drop(text="other rows")
    world.tick(10)

    again = world.run(run.run_id)
    assert (again.state, again.attempt) == (RunState.STARTED, 2)
    assert world.blobs.text(again.input_blob) == "the rows"
    assert len(world.training.started) == 1


def test_a_worker_that_died_after_its_claim_is_replaced(world: World) -> None:
    """Once the claim's lease has passed the tick goes on where the worker stopped."""
    version = world.drop()
    assert landing.claim(world.services, version) is not None
    world.tick(30)
    assert world.run().state is RunState.LANDED

    world.tick(31)
    assert world.run().state is RunState.STARTED


def test_a_run_that_never_starts_times_out(world: World) -> None:
    """A service that stays down for the whole deadline: the run ends and says what the last trouble was."""
    world.training.faults.fail_next("submit", NoAnswerError(DOWN), times=10_000)
    run = world.settle(world.land(), seconds=600, ticks=1000)

    assert run.state is RunState.TIMED_OUT
    assert "connection refused" in run.reason


def test_a_file_deleted_before_it_was_seen_leaves_no_run(world: World) -> None:
    """There is no version to claim."""
    assert not landing.land(world.services, "incoming", "census/gone.csv")
    assert world.runs.list_runs() == []


def test_the_sweep_lands_what_no_event_reported(world: World) -> None:
    """Every file of the container ends with a run; the run's generation is that of its data."""
    early = world.drop("census/early.csv")
    world.clock.advance(3600)
    late = world.land("census/late.csv")
    world.drop("other/x.csv")

    assert world.sweep() == 2  # the one under a route, and the unrouted one is recorded too
    assert world.sweep() == 0
    stored = world.runs.find(run_id_for("incoming", early.name, early.etag))
    assert stored is not None
    assert stored.run.state is RunState.STARTED
    assert stored.run.generation < late.generation


def test_one_bad_file_does_not_stop_the_sweep(world: World) -> None:
    """An error at one file is left for the next sweep; the others are landed."""
    for number in range(5):
        world.drop(f"census/{number}.csv")
    world.runs.faults.fail_next("claim", UnavailableError(DOWN))
    world.runs.faults.fail_next("claim", RejectedError(DOWN))
    world.runs.faults.fail_next("claim", ZeroDivisionError())

    assert world.sweep() == 2
    assert world.sweep() == 3


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
    world.blobs.delete("incoming", "census/old.csv")
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
    world.blobs.delete("training", f"{run.run_id}/1/input.csv")
    world.training.forget(run.job_id)
    world.tick()
    world.tick(700)

    run = world.run()
    assert (run.attempt, run.state) == (2, RunState.STARTED)
    assert world.blobs.text(run.input_blob) == "the rows"
