"""Clocks that jump: whatever a clock wrote that was ahead, nothing waits for as long as it was."""

from datetime import timedelta

import pytest

from shared.errors import NoAnswerError, UnavailableError
from shared.lifecycle.clocks import longest_pause_s
from shared.records.run import Run
from shared.records.run_states import RunState
from tests.pipeline.world import FAULT, World, assert_closed, example_routes, without_staging

JUMP_S = 7200.0


def jump(world: World, seconds: float) -> None:
    """Set the clock."""
    world.clock.set(world.clock.now() + timedelta(seconds=seconds))


def go_until(world: World, run: Run, state: RunState, step: str = "") -> None:
    """Tick until a run is somewhere on its way."""
    for _ in range(200):
        current = world.run(run.run_id)
        if current.state is state and step in {"", current.step}:
            return
        world.tick()
    raise AssertionError(f"{world.run(run.run_id)} is never {state} {step}")


def ended_after_s(world: World, run: Run) -> float:
    """Tick until a run has its outcome, and return how much time really passed."""
    began_s = world.clock.elapsed_s()
    world.settle(run, ticks=2000)
    assert world.run(run.run_id).terminal
    return world.clock.elapsed_s() - began_s


ON_THE_WAY = [RunState.STARTED, RunState.TRAINED, RunState.STAGED, RunState.VERIFYING]


@pytest.mark.parametrize("what", ["nothing", "error", "lost answer"])
@pytest.mark.parametrize("state", ON_THE_WAY)
def test_a_jump_that_is_set_right_holds_up_nothing(state: RunState, what: str) -> None:
    """Two hours ahead for a minute, wherever a run is: it is promoted in minutes, and so is the next one.

    A step that fails meanwhile fails past its deadline, so that run may end; but it does not wait.
    """
    world = World()
    world.scoring.add(world.route.serving, "seed").propagation_s = 5
    run = world.land()
    if state is not RunState.STARTED:
        world.finish(run)
    go_until(world, run, state)
    jump(world, JUMP_S)
    if what == "error":
        for operation in ("score", "resources", "patch"):
            world.scoring.faults.fail_next(operation, UnavailableError(FAULT))
        world.training.faults.fail_next("status", UnavailableError(FAULT))
    if what == "lost answer":
        world.scoring.faults.fail_next("patch", NoAnswerError(FAULT), after=True)
    for _ in range(6):
        world.tick(10)
    jump(world, -JUMP_S)
    if state is RunState.STARTED and not world.run(run.run_id).terminal:
        world.finish(run)

    assert ended_after_s(world, run) < 300
    assert_closed(world)
    if what == "nothing":
        assert world.run(run.run_id).state is RunState.PROMOTED
    following = world.train("next", 0.95, "census/next.csv")
    assert ended_after_s(world, following) < 300
    assert world.run(following.run_id).state is RunState.PROMOTED


def test_a_rollback_is_not_held_up_by_a_jump() -> None:
    """An endpoint that ignores the model is restored in minutes, although its update was accepted in the future."""
    world = World()
    world.at["production"].ignore_patch = True
    run = world.train()
    jump(world, JUMP_S)
    go_until(world, run, RunState.VERIFYING, "put-back-answers")
    jump(world, -JUMP_S)

    assert ended_after_s(world, run) < 300
    assert world.run(run.run_id).state is RunState.ROLLED_BACK
    assert_closed(world)


def test_an_unknown_update_of_the_future_is_waited_for_as_long_as_any() -> None:
    """Nobody knows when it was sent: the next run waits once for as long as such an update can take, and says so."""
    world = World(without_staging())
    first, following = world.land(), world.land("census/next.csv")
    jump(world, JUMP_S)
    world.scoring.faults.fail_next("patch", NoAnswerError(FAULT), after=True)
    world.finish(first)
    world.settle(first)
    assert world.endpoints.get("census", "production").record.in_flight_until is not None
    jump(world, -JUMP_S)
    world.finish(following, "next", 0.95)
    world.evaluate(world.tick())

    assert "The wait began anew" in world.run(following.run_id).reason
    assert 60 < ended_after_s(world, following) < 300
    assert world.run(following.run_id).state is RunState.PROMOTED


def test_a_cooldown_from_the_future_is_over() -> None:
    """Nobody knows how long ago the promotion was."""
    world = World(example_routes(("no_champion", "cooldown_s = 600\nno_champion")))
    first, following = world.land(), world.land("census/next.csv")
    jump(world, JUMP_S)
    world.finish(first)
    world.settle(first)
    jump(world, -JUMP_S)
    world.finish(following, "next", 0.95)

    assert ended_after_s(world, following) < 300
    assert world.run(following.run_id).state is RunState.PROMOTED


def test_a_usual_pause_is_kept() -> None:
    """The service asked for an hour, and a cooldown may be longer: neither is taken for a jump."""
    world = World(example_routes(("no_champion", "cooldown_s = 200000\nno_champion")))
    assert longest_pause_s(world.route) == 200000
    world.settle(world.train())
    following = world.train("next", 0.95, "census/next.csv")
    calls = world.training.faults.calls["status"]
    for _ in range(3):
        world.tick(60000)

    assert world.run(following.run_id).state is RunState.TRAINED
    assert world.training.faults.calls["status"] == calls


def test_an_old_job_is_polled_at_once_when_the_clock_was_set_back() -> None:
    """The previous tick lies ahead then: it says nothing of when the job was asked last."""
    world = World()
    run = world.land()
    world.tick(4000)
    world.finish(run)
    now = world.clock.now()

    assert not world.tick_after(now - timedelta(seconds=1))
    assert world.tick_after(now + timedelta(seconds=JUMP_S))
