"""From a pinned file to a started job: whatever is down, refused or lost meanwhile, one job is started."""

from shared.errors import KeyRefusedError, NoAnswerError, RejectedError, ServiceFault, UnavailableError
from shared.records.run_states import RunState
from tests.pipeline.world import DOWN, World, example_routes, raising


def test_a_job_may_use_the_storage_until_its_deadlines() -> None:
    """It may wait, and then run, as long as the route says; an hour more is for whoever is late to end it."""
    world = World(example_routes(("not_started = 86400, running = 86400", "not_started = 600, running = 1200")))
    run = world.land()

    assert world.training.jobs[run.job_id].request.valid_s == 600 + 1200 + 3600


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
    world.training.faults.run_at_next("submit", raising(NoAnswerError(DOWN)), after=True)
    run = world.land()
    world.tick(10)

    assert world.run(run.run_id).state is RunState.STARTED
    assert len(world.training.jobs) == 2
    assert len(world.training.started) == 1


def test_a_start_whose_answer_is_lost_starts_once(world: World) -> None:
    """Starting again what is started already is success."""
    world.training.faults.run_at_next("start", raising(NoAnswerError(DOWN)), after=True)
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


def test_a_run_that_never_starts_times_out(world: World) -> None:
    """A service that stays down for the whole deadline: the run ends and says what the last trouble was."""
    world.training.faults.fail_next("submit", NoAnswerError(DOWN), times=10_000)
    run = world.settle(world.land(), seconds=600, ticks=1000)

    assert run.state is RunState.TIMED_OUT
    assert "connection refused" in run.reason
