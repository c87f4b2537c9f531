"""The tick: polls what is pending, never lets one bad job stop the rest, and takes over what nobody finished."""

import contextvars
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.errors import NotFoundError, RejectedError, ServiceFault, UnavailableError
from shared.log_actions import LogAction
from shared.pipeline import polling
from shared.pipeline.polling import Ticker, poll_due
from shared.ports.training_service import JobState
from shared.records.heartbeats import Heartbeats
from shared.records.run_states import RunState
from tests.fakes.fake_clock import FakeClock
from tests.log_lines import lines_about
from tests.pipeline.world import FAULT, World


def test_a_finished_job_is_announced_once(world: World) -> None:
    """The tick that sees it finished gives the message; later ticks do not."""
    run = world.land()
    assert world.tick() == []
    world.finish(run)

    assert [message.run_id for message in world.tick()] == [run.run_id]
    assert world.run().state is RunState.TRAINED
    assert world.tick() == []


def test_a_tick_in_which_nothing_changed_writes_nothing(world: World) -> None:
    """One query a route, one status a job, no write."""
    world.land()
    world.tick()
    before = dict(world.runs.faults.calls), world.training.faults.calls["status"]

    world.tick()

    after = dict(world.runs.faults.calls), world.training.faults.calls["status"]
    assert after[0]["save"] == before[0]["save"]
    assert after[0]["active"] == before[0]["active"] + 1
    assert after[1] == before[1] + 1


def test_one_bad_job_never_stops_the_rest(world: World) -> None:
    """One poll fails, one raises what nobody expected; all others are seen finished in the same tick."""
    runs = [world.land(f"census/{number}.csv") for number in range(20)]
    for run in runs:
        world.finish(run)
    world.training.faults.fail_next("status", UnavailableError(FAULT))
    world.training.faults.fail_next("status", RuntimeError("a bug"))

    assert len(world.tick()) == 18
    assert len(world.tick(10)) == 2


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (JobState.NOT_STARTED, RunState.STARTED),
        (JobState.RUNNING, RunState.STARTED),
        (JobState.UNKNOWN, RunState.STARTED),
        (JobState.CANCELLED, RunState.CANCELLED),
        (JobState.FAILED, RunState.FAILED),
    ],
)
def test_what_a_status_means(world: World, state: JobState, expected: RunState) -> None:
    """Ends are ends; everything else, known or not, is still running."""
    run = world.land()
    world.training.say(run.job_id, state, "Perhaps")
    world.tick()

    assert world.run().state is expected


def test_a_failed_job_tells_its_details(world: World) -> None:
    """The run's reason holds what the service said."""
    run = world.land()
    world.training.fail(run.job_id, "Error 1000: all rows must have the same number of elements")
    world.tick()

    assert "same number of elements" in world.run().reason


def test_a_job_the_service_does_not_know_is_no_verdict(world: World) -> None:
    """404 is written down once and waited out; when the job is known again the reason goes."""
    world.land()
    world.training.faults.fail_next("status", NotFoundError(ServiceFault("job status", "http://x", 404)), times=3)
    for _ in range(3):
        world.tick()
    assert world.run().state is RunState.STARTED
    assert "404" in world.run().reason

    world.tick()
    assert world.run().reason == ""


def test_a_job_that_runs_too_long_is_cancelled(world: World) -> None:
    """At the deadline the job is cancelled, so that it cannot finish later, and the next attempt begins."""
    run = world.land()
    world.tick()
    world.tick(86_401)

    again = world.run()
    assert (again.state, again.attempt) == (RunState.STARTED, 2)
    assert world.training.jobs[run.job_id].state is JobState.CANCELLED
    assert world.training.jobs[again.job_id].request.input_path.endswith("/2/input.csv")


def test_after_the_last_attempt_the_run_times_out(world: World) -> None:
    """No attempt is left: the run ends and says how many there were; no job of it still runs."""
    run = world.settle(world.land(), seconds=50_000)

    assert run.state is RunState.TIMED_OUT
    assert "still running at its deadline. It was attempt 2, and routes.toml has attempts = 2." in run.reason
    assert {job.state for job in world.training.jobs.values()} == {JobState.CANCELLED}
    assert len(world.training.jobs) == 2


def test_a_job_that_finished_while_the_app_was_down_counts(world: World) -> None:
    """The deadline passed unseen: the job is asked first, and what it made is evaluated."""
    run = world.land()
    world.finish(run)
    world.clock.advance(5 * 86_400)

    assert [message.run_id for message in world.tick()] == [run.run_id]


def test_a_job_is_not_doubled_while_it_cannot_be_cancelled(world: World) -> None:
    """The service is down at the deadline: no second job is started until the first one is dead for certain."""
    run = world.land()
    world.tick()
    world.training.faults.fail_next("cancel", UnavailableError(FAULT), times=3)
    world.tick(86_401)
    assert world.run().step == "cancelling"
    assert len(world.training.jobs) == 1
    for _ in range(5):
        world.tick(300)

    assert world.training.jobs[run.job_id].state is JobState.CANCELLED
    assert (world.run().state, world.run().attempt) == (RunState.STARTED, 2)


def test_a_job_that_the_service_lost_is_trained_again(world: World) -> None:
    """Unknown for ten minutes is dead: the next attempt trains the same pinned content."""
    run = world.land(text="the rows")
    world.training.forget(run.job_id)
    world.tick()
    assert (world.run().attempt, world.run().state) == (1, RunState.STARTED)
    world.tick(601)

    again = world.run()
    assert (again.attempt, again.state) == (2, RunState.STARTED)
    assert world.blobs.text(again.input_blob) == "the rows"


def test_a_deadline_counts_from_the_moment_the_job_runs(world: World) -> None:
    """A job that was queued for most of a day still has its whole time to run."""
    run = world.land()
    world.training.say(run.job_id, JobState.NOT_STARTED, "NotStarted")
    world.tick(80_000)
    world.training.say(run.job_id, JobState.RUNNING, "Running")
    world.tick()
    world.tick(80_000)

    assert world.run().state is RunState.STARTED


def test_polls_of_an_old_job_are_spaced_out() -> None:
    """A job is polled at every tick at first, then ever less often, but at least every five minutes or so."""
    clock = FakeClock()
    since, previous, gaps, last = clock.now(), None, [], clock.now()
    for _ in range(2000):
        now = clock.advance(5)
        if poll_due(since, now, previous):
            gaps.append((now - last).total_seconds())
            last = now
        previous = now

    assert gaps[:20] == [5.0] * 20
    assert max(gaps) <= 305
    assert gaps[-1] >= 295
    assert poll_due(since, since + timedelta(days=1), None)  # a new worker polls at once


def test_the_ticker_remembers_only_when(world: World) -> None:
    """A job just landed is polled at each of its ticks."""
    ticker = Ticker()
    run = world.land()
    ticker.tick(world.services)
    world.finish(run)
    world.clock.advance(2)

    assert [message.run_id for message in ticker.tick(world.services).messages] == [run.run_id]


def test_a_row_that_cannot_be_written_does_not_stop_the_others(world: World) -> None:
    """Storage refuses one run's row, even the note about it, and a bug hits another: the rest are seen finished."""
    for number in range(5):
        world.finish(world.land(f"census/{number}.csv"))
    refused = RejectedError(ServiceFault("write rows", "http://x", 400, "PropertyValueTooLarge"))
    world.runs.faults.fail_next("save", refused, times=2)
    world.runs.faults.fail_next("save", ZeroDivisionError(), times=2)

    messages = len(world.tick())
    assert messages >= 1
    assert messages + len(world.tick(20)) == 5


def test_a_slow_service_does_not_keep_a_tick_for_ever(world: World) -> None:
    """After its budget a tick begins no step; another one begins elsewhere, so every run gets its turn."""
    runs = [world.land(f"census/{number}.csv") for number in range(60)]
    for run in runs:
        world.finish(run)
    for _ in range(60):
        world.training.faults.run_at_next("status", lambda: world.clock.advance(30), after=True)

    announced: set[str] = set()
    for _ in range(40):
        messages = world.tick()
        assert len(messages) < 60
        announced |= {message.run_id for message in messages}
        if len(announced) == 60:
            break
    assert len(announced) == 60


def test_a_route_that_cannot_be_read_is_left_for_the_next_tick(world: World) -> None:
    """Storage busy at the query: no message, no error, and the next tick goes on."""
    run = world.land()
    world.finish(run)
    world.runs.faults.fail_next("active", UnavailableError(FAULT))

    assert world.tick() == []
    assert len(world.tick()) == 1


def test_the_poller_leaves_a_heartbeat(world: World) -> None:
    """At most every five minutes; an idle tick writes nothing else."""
    ticker = Ticker()
    for _ in range(200):
        ticker.tick(world.services)
        world.clock.advance(2)

    assert world.runs.faults.calls["write_heartbeat"] == 2
    assert world.runs.faults.calls["save"] == 0
    assert world.runs.heartbeats() == Heartbeats(timer=world.clock.now() - timedelta(seconds=100))


def test_a_busy_service_is_left_alone_as_long_as_it_asks(world: World) -> None:
    """`Retry-After`: the job is not polled before."""
    world.land()
    world.training.faults.fail_next("status", UnavailableError(replace(FAULT, retry_after_s=100)))
    for _ in range(45):
        world.tick(2)
    assert world.training.faults.calls["status"] == 1
    for _ in range(10):
        world.tick(2)
    assert world.training.faults.calls["status"] > 1


@pytest.mark.parametrize(("after_s", "lines_written"), [(86_400 + 800, 0), (86_400 + 1_200, 1)])
def test_an_overdue_run_is_told_of(
    world: World, after_s: float, lines_written: int, caplog: pytest.LogCaptureFixture
) -> None:
    """A run that no tick could end a quarter of an hour after its deadline is named; before, the tick has its try."""
    run = world.land()
    world.clock.advance(after_s)
    world.training.faults.fail_next("status", UnavailableError(FAULT))
    polling.tick(world.services)

    lines = lines_about(caplog, LogAction.RUNS_STUCK)
    assert lines == [f"runs stuck: 1; the oldest: {run.run_id[:8]} of census/a.csv (started)"] * lines_written


def test_a_step_that_fails_again_and_again_is_told_of_rarely(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Ten failures in a row make it stuck; then a line every five minutes, however often the tick comes."""
    world.training.faults.fail_next("submit", UnavailableError(FAULT), times=20)
    run = world.land()
    ticker = Ticker()
    for _ in range(400):
        ticker.tick(world.services)
        world.clock.advance(5)
    assert world.run(run.run_id).consecutive_failures >= 10

    lines = lines_about(caplog, LogAction.RUNS_STUCK)
    assert 1 <= len(lines) <= 4
    assert all(line.startswith("runs stuck: 1; ") for line in lines)


def test_a_line_of_a_thread_belongs_to_the_invocation(world: World) -> None:
    """The worker knows by the context which invocation a line is of, and the host drops lines that are of none."""
    invocation = contextvars.ContextVar("invocation", default="none")
    token = invocation.set("this one")
    try:
        services = replace(world.services, max_concurrency=4)
        assert services.map_concurrently(lambda _: invocation.get(), range(20)) == ["this one"] * 20
    finally:
        invocation.reset(token)
