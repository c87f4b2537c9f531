"""Reconciling: an endpoint that serves something else than was verified is noticed and brought back."""

import pytest

from shared.errors import NoAnswerError
from shared.pipeline.reconciling import reconcile
from shared.runs import RunState
from tests.pipeline.world import FAULT, World, assert_closed


@pytest.fixture
def world() -> World:
    """Give a world in which two models were promoted, one after the other."""
    world = World()
    world.settle(world.train("first", 0.9))
    world.settle(world.train("second", 0.95, "census/b.csv"))
    assert world.served() == "second"
    return world


def patch_late(world: World, path: str) -> None:
    """Let a worker that was paused send its PATCH now."""
    world.scoring.patch(world.route.serving, world.blobs.link(path, 60))
    world.clock.advance(2)


def kept(world: World, index: int) -> str:
    """Return the kept model of the run that landed as number `index`."""
    return f"models/census/{world.runs.list_runs()[-1 - index].run.run_id}.ilearner"


def test_an_endpoint_that_serves_what_it_must_is_left_alone(world: World) -> None:
    """Nothing is sent and nothing is written."""
    saves, patches = world.endpoints.faults.calls["save"], world.scoring.faults.calls["patch"]
    assert reconcile(world.services) == 0
    assert (world.endpoints.faults.calls["save"], world.scoring.faults.calls["patch"]) == (saves, patches)


def test_an_older_model_that_came_late_is_replaced(world: World) -> None:
    """The next sweep gives the champion again; the one after it sees that it serves, and gives the lease back."""
    patch_late(world, kept(world, 0))
    assert world.served() == "first"
    assert reconcile(world.services) == 1
    world.clock.advance(2)

    assert world.served() == "second"
    assert reconcile(world.services) == 0
    assert_closed(world)


def test_a_repair_that_died_is_done_again(world: World) -> None:
    """Its PATCH was lost: once nothing of it can arrive any more, a sweep sends it again."""
    patch_late(world, kept(world, 0))
    world.scoring.faults.fail_next("patch", NoAnswerError(FAULT))
    assert reconcile(world.services) == 0
    assert reconcile(world.services) == 0
    world.clock.advance(200)
    assert reconcile(world.services) == 1
    world.clock.advance(2)
    assert world.served() == "second"


def test_a_promotion_waits_for_a_repair(world: World) -> None:
    """While the champion is given again nobody promotes; afterwards the newer run goes on."""
    patch_late(world, kept(world, 0))
    reconcile(world.services)
    run = world.train("third", 0.99, "census/c.csv")
    assert run.state is RunState.TRAINED
    assert "repair" in run.reason

    reconcile(world.services)
    assert world.settle(run).state is RunState.PROMOTED
    assert world.served() == "third"


def test_a_repair_that_is_never_finished_does_not_block_for_ever(world: World) -> None:
    """Its lease ends."""
    patch_late(world, kept(world, 0))
    reconcile(world.services)
    run = world.train("third", 0.99, "census/c.csv")

    assert world.settle(run).state is RunState.PROMOTED


def test_a_service_that_answers_in_two_ways_is_reported_and_not_patched_for_ever(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """It names the model that was verified, so giving it again would change nothing."""
    world.at["production"].model = "second, on another machine"
    patches = len(world.at["production"].patches)
    for _ in range(3):
        assert reconcile(world.services) == 0

    assert len(world.at["production"].patches) == patches
    assert "does not answer as it was verified" in caplog.text


def test_a_service_that_does_not_tell_its_model_is_judged_by_its_answers(world: World) -> None:
    """Other answers than verified: the model is given again."""
    world.at["production"].model, world.at["production"].relative = "first", ""
    assert reconcile(world.services) == 1
    world.clock.advance(2)
    assert world.served() == "second"


def test_a_model_of_somebody_else_is_reported_and_left(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever put it there had a reason, so nothing is sent; the log says what is there and what was verified."""
    world.blobs.put("elsewhere", "mine.ilearner", "mine")
    patch_late(world, "elsewhere/mine.ilearner")
    patches = len(world.at["production"].patches)

    assert reconcile(world.services) == 0
    assert len(world.at["production"].patches) == patches
    assert "was given elsewhere/mine.ilearner by somebody else" in caplog.text


def test_after_a_rollback_the_model_that_was_put_back_is_kept(world: World) -> None:
    """A late update with the rolled back model is repaired as well."""
    world.at["production"].ignore_patch = True
    run = world.settle(world.train("bad", 0.99, "census/c.csv"))
    assert run.state is RunState.ROLLED_BACK
    world.at["production"].ignore_patch = False
    patch_late(world, f"models/census/{run.run_id}.ilearner")
    assert world.served() == "bad"
    assert reconcile(world.services) == 1
    world.clock.advance(2)

    assert world.served() == "second"
