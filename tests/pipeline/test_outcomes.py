"""What is known of an update: a refusal costs nobody a wait, an unknown fate does; a strange answer is no verdict."""

import itertools
from datetime import timedelta

import pytest

from shared.errors import BadAnswerError, LandfallError, NoAnswerError, RejectedError, ServiceFault, ThrottledError
from shared.ports.training_service import JobState
from shared.records.run_states import RunState
from tests.pipeline.world import FAULT, World, assert_closed, raising, without_staging

PAGE = ServiceFault("some call", "http://127.0.0.1:8600/x", 200, message="a page", foreign=True)
REFUSED = RejectedError(ServiceFault("PATCH endpoint", "http://x/y", 400, "BadArgument"))


def promoted_after_s(world: World) -> float:
    """Train one more file, and return how long it took from trained to promoted."""
    began = world.clock.now()
    run = world.settle(world.train("next", 0.95, "census/next.csv"))
    assert run.state is RunState.PROMOTED
    return (world.clock.now() - began).total_seconds()


def usual_s() -> float:
    """Return how long it takes when nothing came before."""
    return promoted_after_s(World())


def test_a_refused_staging_update_costs_the_next_run_nothing(world: World) -> None:
    """It is known to have changed nothing: the run fails, and the next is promoted in the usual time."""
    world.scoring.faults.fail_next("patch", REFUSED)
    run = world.settle(world.train())

    assert run.state is RunState.FAILED
    assert world.endpoints.get("census", "production").record.staging_in_flight_until is None
    assert promoted_after_s(world) <= usual_s()


def test_a_refused_serving_update_costs_the_next_run_nothing(world: World) -> None:
    """Nor does one of the serving endpoint."""
    world.scoring.faults.run_at_next("patch", lambda: None)  # staging
    world.scoring.faults.fail_next("patch", REFUSED)
    run = world.settle(world.train())

    assert run.state is RunState.FAILED
    assert promoted_after_s(world) <= usual_s()


@pytest.mark.parametrize("which", [0, 1], ids=["staging", "serving"])
def test_an_update_that_was_throttled_costs_nobody_a_wait(world: World, which: int) -> None:
    """The same run sends it again after the usual pause; neither it nor the next waits for what was never taken."""
    for _ in range(which):
        world.scoring.faults.run_at_next("patch", lambda: None)
    world.scoring.faults.fail_next("patch", ThrottledError(FAULT))
    run = world.settle(world.train())

    assert run.state is RunState.PROMOTED
    record = world.endpoints.get("census", "production").record
    assert (record.in_flight_until, record.staging_in_flight_until) == (None, None)
    assert promoted_after_s(world) <= usual_s()


@pytest.mark.parametrize(
    ("which", "error"),
    [(0, NoAnswerError(FAULT)), (0, BadAnswerError(PAGE)), (1, NoAnswerError(FAULT)), (1, BadAnswerError(PAGE))],
)
def test_an_unknown_fate_is_waited_for(world: World, which: int, error: LandfallError) -> None:
    """What may still arrive holds up the next run until it cannot any more."""
    for _ in range(which):
        world.scoring.faults.run_at_next("patch", lambda: None)
    world.scoring.faults.fail_next("patch", error)
    run = world.settle(world.train())

    assert run.state is RunState.PROMOTED
    record = world.endpoints.get("census", "production").record
    assert (record.in_flight_until if which else record.staging_in_flight_until) is not None
    assert promoted_after_s(world) > usual_s() + 20


def test_an_earlier_unknown_update_is_not_forgotten_by_a_refusal(world: World) -> None:
    """First no answer, then a refusal: the first may still arrive."""
    world.scoring.faults.fail_next("patch", NoAnswerError(FAULT))
    world.scoring.faults.fail_next("patch", REFUSED)
    run = world.settle(world.train())

    assert run.state is RunState.FAILED
    assert world.endpoints.get("census", "production").record.staging_in_flight_until is not None


def test_a_model_that_was_put_back_holds_up_nobody(world: World) -> None:
    """The update with the previous model was answered: nothing is on its way when the run has ended."""
    world.at["production"].ignore_patch = True
    run = world.settle(world.train())
    assert run.state is RunState.ROLLED_BACK
    assert world.endpoints.get("census", "production").record.in_flight_until is None

    world.at["production"].ignore_patch = False
    assert promoted_after_s(world) <= usual_s()


def test_a_put_back_of_unknown_fate_is_waited_for(world: World) -> None:
    """Its answer was lost, so it may still arrive over the next model."""
    world.at["production"].ignore_patch = True
    run = world.train()
    while world.run(run.run_id).step != "put-back":
        world.tick()
    world.scoring.faults.fail_next("patch", NoAnswerError(FAULT))
    run = world.settle(run)

    assert run.state is RunState.ROLLED_BACK
    assert world.endpoints.get("census", "production").record.in_flight_until is not None


def test_a_link_that_cannot_be_made_leaves_the_endpoint_untouched() -> None:
    """Nothing was sent, so nothing needs to be restored, however long it lasts."""
    world = World(without_staging())
    world.blobs.faults.fail_next("link", NoAnswerError(FAULT), times=500)
    run = world.settle(world.train(), seconds=30)

    assert run.state is RunState.TIMED_OUT
    assert "is untouched" in run.reason
    assert world.at["production"].patches == []
    assert_closed(world)


@pytest.mark.parametrize("operation", ["submit", "start", "status", "read_output", "patch", "score"])
def test_a_page_instead_of_an_answer_ends_no_run(world: World, operation: str) -> None:
    """A maintenance page for a while, at any operation: the run waits and says so, and is promoted after it."""
    world.scoring.faults.fail_next(operation, BadAnswerError(PAGE), times=2)
    world.training.faults.fail_next(operation, BadAnswerError(PAGE), times=2)
    run = world.land()
    reasons: set[str] = set()
    for _ in range(100):
        if world.run(run.run_id).terminal:
            break
        jobs = [job for job in world.training.jobs.values() if job.starts and not job.outputs]
        for job in jobs:
            world.training.finish(job.job_id, "better", "Accuracy,AUC\n0.8,0.9\n")
        world.tick(5)
        reasons.add(world.run(run.run_id).reason)

    assert world.run(run.run_id).state is RunState.PROMOTED
    assert any("a page" in reason for reason in reasons) or operation == "score"
    assert [job.starts for job in world.training.jobs.values()] == [1]


def test_a_page_for_ever_ends_at_the_deadline(world: World) -> None:
    """It is never a failure: the run says what it met until its time was over."""
    world.training.faults.fail_next("submit", BadAnswerError(PAGE), times=10_000)
    run = world.settle(world.land(), seconds=400, ticks=1000)

    assert run.state is RunState.TIMED_OUT
    assert "a page" in run.reason


def test_a_start_without_effect_is_sent_again(world: World) -> None:
    """A gateway said 2xx and handed nothing on: after a minute the same job is started again, and the run says so."""
    world.training.ignored_starts = 1
    run = world.land()
    for _ in range(5):
        world.tick(11)
    assert world.run().reason == ""
    assert world.training.jobs[run.job_id].start_calls == 1

    world.tick(11)
    assert "is still not running" in world.run().reason
    assert "started again" in world.run().reason
    job = world.training.jobs[run.job_id]
    assert (job.starts, job.start_calls, len(world.training.jobs)) == (1, 2, 1)

    world.tick(11)
    assert (world.run().step, world.run().reason) == ("running", "")


def test_a_queued_job_is_started_again_ever_less_often(world: World) -> None:
    """A queue may be long: the start is repeated after one minute, two, four, at last an hour; else none is sent."""
    run = world.land()
    began = world.clock.now()
    job = world.training.jobs[run.job_id]
    job.start_calls = 0
    times: list[float] = []
    while world.clock.now() < began + timedelta(hours=5):
        world.training.say(run.job_id, JobState.NOT_STARTED, "NotStarted")
        writes, calls = world.runs.faults.calls["save"], job.start_calls
        world.tick(10)
        assert world.runs.faults.calls["save"] - writes == job.start_calls - calls
        if job.start_calls > calls:
            times.append((world.clock.now() - began).total_seconds())

    assert times[:6] == [60, 120, 240, 480, 960, 1920]
    assert max(late - early for early, late in itertools.pairwise(times)) == 3600
    assert world.run().state is RunState.STARTED


def test_a_job_that_is_cancelled_at_its_deadline_is_not_started_again(world: World) -> None:
    """The cancellation is what counts."""
    run = world.land()
    world.training.say(run.job_id, JobState.NOT_STARTED, "NotStarted")
    world.tick(90_000)
    calls = world.training.jobs[run.job_id].start_calls
    world.training.faults.run_at_next("patch", raising(NoAnswerError(FAULT)))
    world.tick(100)

    assert world.training.jobs[run.job_id].start_calls == calls
