"""Queue messages: what they make happen."""

from dataclasses import replace

import pytest

from shared.errors import BadMessageError, UnavailableError
from shared.operators import endpoint_overrides
from shared.pipeline import evaluation_message
from shared.records.messages import EvaluationMessage
from shared.records.run_states import RunState
from tests.pipeline.world import FAULT, World


def test_a_message_takes_its_run_further() -> None:
    """The trained run that it names is evaluated."""
    world = World()
    run = world.land()
    world.finish(run)
    (message,) = world.tick()
    evaluation_message.evaluate(world.services, message.to_text())

    assert world.run(run.run_id).state is RunState.STAGED


def test_a_message_about_nothing_known_does_nothing() -> None:
    """A route that is gone, or a run that never was."""
    world = World()
    for message in (EvaluationMessage("gone", "0" * 32), EvaluationMessage("census", "0" * 32)):
        evaluation_message.evaluate(world.services, message.to_text())

    assert world.runs.list_runs() == []


def test_what_cannot_be_worked_off_is_given_back_to_the_host() -> None:
    """An unreadable message, and storage that does not answer, fail the execution: the host delivers it again."""
    world = World()
    with pytest.raises(BadMessageError):
        evaluation_message.evaluate(world.services, "{}")
    world.runs.faults.fail_next("get", UnavailableError(FAULT))
    with pytest.raises(UnavailableError):
        evaluation_message.evaluate(world.services, EvaluationMessage("census", "0" * 32).to_text())


def test_a_message_that_comes_again_does_not_cut_a_pause_short() -> None:
    """The service asked to be left alone: the tick goes on once the time is over, and no message earlier."""
    world = World()
    run = world.land()
    world.finish(run)
    (message,) = world.tick()
    world.training.faults.fail_next("status", UnavailableError(replace(FAULT, retry_after_s=100)))
    world.evaluate([message])
    status_calls = world.training.faults.calls["status"]
    world.clock.advance(50)
    world.evaluate([message])
    assert world.training.faults.calls["status"] == status_calls

    world.tick(60)
    assert world.run(run.run_id).state is RunState.STAGED


def test_a_run_whose_message_met_a_taken_endpoint_goes_on_as_soon_as_it_is_free() -> None:
    """Five files at once: after one is promoted the next begins, and none waits for a message that is gone."""
    world = World()
    runs = [world.land(f"census/{number}.csv") for number in range(5)]
    for number, run in enumerate(runs):
        world.finish(run, f"model {number}", 0.9 + number / 100)
    world.evaluate(world.tick(1))
    waiting = [world.run(run.run_id) for run in runs]
    assert sum("Waiting for run" in run.reason for run in waiting) == 4
    assert all(run.not_before <= world.clock.now() for run in waiting)

    began_s = world.clock.elapsed_s()
    for run in runs:
        world.settle(run, seconds=1)
    assert world.clock.elapsed_s() - began_s < 20


def test_a_message_that_met_a_frozen_endpoint_is_not_waited_for() -> None:
    """Once it is not frozen any more, the next tick goes on."""
    world = World()
    endpoint_overrides.freeze(world.services, "production", "somebody", "a release")
    run = world.train()
    assert "is frozen by somebody" in run.reason

    endpoint_overrides.unfreeze(world.services, "production", "somebody", "it is over")
    world.tick(1)
    assert world.run(run.run_id).state is not RunState.TRAINED
