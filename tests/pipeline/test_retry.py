"""A second try: a run that ended without a promotion begins its next attempt, once nothing speaks against it."""

from dataclasses import MISSING, fields, replace
from typing import Any

import pytest

from shared.errors import NoAnswerError, RejectedError
from shared.ports.training_service import JobState
from shared.records.history import broken_links
from shared.records.run import Run
from shared.records.run_states import RunState
from tests.pipeline.operator_calls import ask, go_back, promote
from tests.pipeline.world import FAULT, World, assert_closed, example_routes


def failed(world: World, name: str = "census/a.csv") -> Run:
    """Land a file whose job fails, say for a setting that is wrong."""
    run = world.land(name, name)
    world.training.fail(run.job_id, "there is no column 'incme'")
    world.tick()
    assert world.run(run.run_id).state is RunState.FAILED
    return world.run(run.run_id)


def timed_out(world: World) -> Run:
    """Land a file whose job never ends and cannot be cancelled."""
    run = world.land()
    world.training.faults.fail_next("cancel", NoAnswerError(FAULT), times=10_000)
    world.training.say(run.job_id, JobState.RUNNING, "Running")
    run = world.settle(run, 1800)
    assert run.state is RunState.TIMED_OUT
    world.training.faults.forget("cancel")
    return run


def retry(world: World, run: Run, **more: str) -> tuple[int, Any]:
    """Ask for a second try."""
    return ask(world, "retry", run=run.run_id, by="alice", **more)


def test_a_failed_run_is_tried_again_and_promoted(world: World) -> None:
    """The next attempt pins, trains and promotes; the history names who asked, when and why, and stays one chain."""
    run = failed(world)
    status, body = retry(world, run, reason="the label is spelt right now")

    assert (status, body["run"]["state"], body["run"]["attempt"]) == (200, "landed", 2)
    assert body["run"]["job_id"] is None
    world.tick()
    again = world.run(run.run_id)
    assert again.input_blob == f"training/{run.run_id}/2/input.csv"
    world.finish(again)
    again = world.settle(again)
    assert (again.state, again.attempt, world.served()) == (RunState.PROMOTED, 2, "better")
    entries = world.runs.history(run.route, run.run_id)
    entry = next(entry for entry in entries if entry.reason.startswith("Retried by"))
    assert (entry.actor, entry.reason) == ("operator alice", "Retried by alice: the label is spelt right now")
    assert broken_links(again, entries) == []
    assert [job.starts for job in world.training.jobs.values()] == [1, 1]
    assert_closed(world)


def test_a_reason_may_be_left_out(world: World) -> None:
    """Who asked stands there all the same."""
    run = failed(world)
    assert retry(world, run)[0] == 200
    assert world.run(run.run_id).reason == "Retried by alice."


def test_what_the_first_attempt_came_to_is_not_taken_for_the_second(world: World) -> None:
    """A rejected run's decision, metrics, answers and notes are gone from the row while the second attempt trains."""
    world.settle(world.train("first", 0.9))
    run = world.train("worse", 0.85, "census/b.csv")
    assert run.state is RunState.REJECTED
    assert retry(world, run, reason="the policy was wrong")[0] == 200
    again = world.run(run.run_id)

    assert (run.decision, run.challenger) != (None, None)
    kept = {field.name for field in fields(Run) if field.default is not MISSING}
    kept -= {"size", "reason", "revision", "attempt", "input_blob", "actor", "chain"}
    assert [name for name in kept if getattr(again, name) != Run.__dataclass_fields__[name].default] == []
    assert (again.generation, again.landed_at, again.size) == (run.generation, run.landed_at, run.size)
    world.tick()
    world.finish(world.run(run.run_id), "best", 0.95)
    assert world.settle(run).state is RunState.PROMOTED
    assert world.served() == "best"


def test_the_model_of_an_earlier_attempt_is_not_promoted_instead(world: World) -> None:
    """The first attempt kept its model, then the endpoint refused it: the second attempt keeps and sends its own."""
    world.scoring.faults.run_at_next("patch", lambda: None)  # staging takes it
    world.scoring.faults.fail_next("patch", RejectedError(FAULT))
    run = world.settle(world.train("first", 0.9))
    assert run.state is RunState.FAILED
    assert retry(world, run, reason="the resource is named right now")[0] == 200
    world.tick()
    world.finish(world.run(run.run_id), "second", 0.95)
    run = world.settle(run)

    assert (run.state, world.served()) == (RunState.PROMOTED, "second")
    champion = world.endpoints.get("census", "production").record.champion
    assert champion is not None
    assert (champion.model, world.blobs.text(champion.model)) == (f"models/census/{run.run_id}-2.ilearner", "second")
    assert world.blobs.text(f"models/census/{run.run_id}.ilearner") == "first"


@pytest.mark.parametrize("lost", ["the file", "the pinned copy"])
def test_the_version_is_trained_from_whichever_copy_is_left(world: World, lost: str) -> None:
    """The pinned copy once the file was overwritten; the file itself once the copy is gone."""
    run = failed(world)
    if lost == "the file":
        world.drop("census/a.csv", "another version")
    else:
        world.blobs.remove("training", f"{run.run_id}/1/input.csv")

    assert retry(world, run)[0] == 200
    world.tick()
    assert world.blobs.text(f"training/{run.run_id}/2/input.csv") == "census/a.csv"


def test_a_copy_that_no_job_ever_read_counts_too(world: World) -> None:
    """The submit was refused after the input was pinned, and the file was deleted since."""
    world.training.faults.fail_next("submit", RejectedError(FAULT))
    run = world.land("census/a.csv", "rows")
    assert (run.state, run.input_blob) == (RunState.FAILED, "")
    world.blobs.remove("incoming", "census/a.csv")

    assert retry(world, run)[0] == 200
    world.tick()
    assert world.blobs.text(f"training/{run.run_id}/2/input.csv") == "rows"


def test_without_any_copy_it_is_refused(world: World) -> None:
    """By name, with what to do; nothing is written."""
    run = failed(world)
    world.blobs.remove("training", f"{run.run_id}/1/input.csv")
    world.drop("census/a.csv", "another version")
    status, body = retry(world, run)

    assert status == 409
    assert "was overwritten, and no copy of this version was pinned: upload the file again" in body["error"]
    assert world.run(run.run_id) == run


def test_what_went_well_or_goes_on_is_refused(world: World) -> None:
    """Promoted, unchanged, on its way, a rollback, unrouted, unknown: each with its sentence."""
    promoted = promote(world, "first", 0.9)
    unchanged = world.settle(world.train("first", 0.95, "census/same.csv"))
    assert unchanged.state is RunState.UNCHANGED
    going = world.land("census/going.csv")
    unrouted = world.land("elsewhere/a.csv")
    world.training.fail(going.job_id, "no")
    back = go_back(world)
    going = world.land("census/going-on.csv")

    for run, status, reason in (
        (promoted, 409, "is promoted. Only a run that ended without this outcome"),
        (unchanged, 409, "is unchanged. Only a run that ended without this outcome"),
        (going, 409, "is started. It has not ended"),
        (unrouted, 409, "No route matches the file"),
        (back, 409, "Request the rollback again"),
    ):
        answer = retry(world, run)
        assert (answer[0], reason in answer[1]["error"]) == (status, True), answer
        assert world.run(run.run_id) == run
    assert ask(world, "retry", run="0" * 32, by="alice") == (404, {"error": f"there is no run {'0' * 32}"})
    status, body = retry(world, going, even_if_running="maybe")
    assert (status, body["error"]) == (400, "even_if_running must be true or false, not 'maybe'")


def test_newer_data_and_a_rollback_stand_in_the_way(world: World) -> None:
    """No job is paid for a model that could not go into service: newer data won, or it was rolled back."""
    old = failed(world)
    promote(world, "newer", 0.9)
    status, body = retry(world, old)
    assert status == 409
    assert "The model in service comes from newer data" in body["error"]

    world.at["production"].ignore_patch = True
    world.clock.advance(60)
    back = world.settle(world.train("second", 0.95, "census/c.csv", "c"))
    assert back.state is RunState.ROLLED_BACK
    status, body = retry(world, back)
    assert status == 409
    assert "is blocked: its model was rolled back" in body["error"]


def test_a_newer_model_that_is_promoted_meanwhile_still_wins(world: World) -> None:
    """The generation is that of the version: the second try of older data ends superseded."""
    old = failed(world)
    assert retry(world, old)[0] == 200
    world.tick()
    promote(world, "newer", 0.8)
    world.finish(world.run(old.run_id), "older", 0.99)

    assert world.settle(old).state is RunState.SUPERSEDED
    assert world.served() == "newer"


@pytest.mark.parametrize("answer", ["running", "silent"])
def test_a_job_that_may_still_run_is_not_doubled(world: World, answer: str) -> None:
    """A run that timed out is tried again only once its job is known to have ended, or by an explicit word."""
    run = timed_out(world)
    if answer == "silent":
        world.training.faults.fail_next("status", NoAnswerError(FAULT), times=2)
    status, body = retry(world, run)
    problem = f"job {run.job_id} of the previous attempt is still Running"
    if answer == "silent":
        problem = f"the state of job {run.job_id} could not be read"
    assert status == 409
    assert problem in body["error"]
    assert "--even-if-running" in body["error"]

    assert retry(world, run, even_if_running="true")[0] == 200
    assert world.training.jobs[run.job_id].state is JobState.CANCELLED
    world.tick()
    assert world.run(run.run_id).state is RunState.STARTED


def test_a_job_that_has_ended_or_is_forgotten_stands_in_nobodys_way(world: World) -> None:
    """It failed after the deadline, say, or the service dropped it."""
    run = timed_out(world)
    world.training.forget(run.job_id)
    assert retry(world, run)[0] == 200


def test_a_job_that_nobody_started_is_cancelled_first(world: World) -> None:
    """A start that comes late must not run it beside the job of the second attempt."""
    world.training.faults.fail_next("start", RejectedError(FAULT))
    run = world.land()
    assert (run.state, world.training.jobs[run.job_id].state) == (RunState.FAILED, JobState.NOT_STARTED)

    assert retry(world, run)[0] == 200
    assert world.training.jobs[run.job_id].state is JobState.CANCELLED


def test_one_word_is_one_attempt(world: World) -> None:
    """`attempts` is not given anew: a second try that times out as well ends, and does not begin a third by itself."""
    run = failed(world)
    assert retry(world, run)[0] == 200
    world.tick()
    again = world.run(run.run_id)
    world.training.say(again.job_id, JobState.RUNNING, "Running")
    run = world.settle(again, 3600)

    assert (run.state, run.attempt) == (RunState.TIMED_OUT, 2)
    assert "It was attempt 2, and routes.toml has attempts = 2." in run.reason
    assert retry(world, run)[0] == 200  # beyond `attempts`, by a word of its own
    assert world.run(run.run_id).attempt == 3


def test_of_two_who_ask_at_once_one_is_heard(world: World) -> None:
    """The row is written once: the other one is told to look again."""
    run = failed(world)
    world.runs.faults.run_at_next("save", lambda: retry(world, run))
    status, body = retry(world, run)

    assert (status, "was changed at the same moment" in body["error"]) == (409, True)
    assert world.run(run.run_id).attempt == 2


def test_a_route_that_left_is_said() -> None:
    """There is nothing to train with."""
    world = World()
    run = failed(world)
    world.services = replace(world.services, routes=example_routes(("routes.census", "routes.other")))
    status, body = retry(world, run)
    assert (status, "is no longer in routes.toml" in body["error"]) == (404, True)


def test_an_empty_file_is_quarantined_again(world: World) -> None:
    """A second try says what the first one said: the version has not changed."""
    run = world.land("census/empty.csv", "")
    assert run.state is RunState.QUARANTINED
    assert retry(world, run)[0] == 200
    again = world.settle(run)
    assert (again.state, again.attempt) == (RunState.QUARANTINED, 2)
