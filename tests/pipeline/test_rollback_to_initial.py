"""A rollback to the initial model and from it: nothing is known of its metrics, so a gain must be shown."""

from dataclasses import replace

import pytest

from shared.operators import approvals
from shared.pipeline import reconciling
from shared.records.run_states import RunState
from tests.pipeline.operator_calls import ask, go_back, promote
from tests.pipeline.world import World, assert_closed, decision_of, example_routes, without_staging


def test_from_the_initial_model_an_operator_goes_forwards_to_any_promoted_one(world: World) -> None:
    """Back over both promotions to the initial model, then to the second, the first, and the initial one again."""
    first, second = promote(world, "first", 0.9), promote(world, "second", 0.95)
    go_back(world)
    initial = go_back(world)
    assert world.served() == "seed"

    for run, expected in ((second, "second"), (first, "first"), (initial, "seed"), (first, "first")):
        went = go_back(world, to=run.run_id)
        assert (went.state, world.served()) == (RunState.PROMOTED, expected), went.reason
        assert_closed(world)
        assert reconciling.reconcile(world.services) == 0
    record = world.endpoints.get("census", "production").record
    assert record.champion is not None
    assert (record.champion.run_id, record.initial_again_at) == (first.run_id, None)
    assert "from the initial model to that of run" in went.reason
    assert (went.champion, went.override and went.override.replaces) == (None, None)


def test_the_initial_model_is_put_back_where_the_way_forwards_fails(world: World) -> None:
    """The endpoint ignores the update: the initial model stays, verified, without a champion."""
    first = promote(world, "first", 0.9)
    go_back(world)
    world.at["production"].ignore_patch = True
    run = go_back(world, to=first.run_id)

    assert (run.state, world.served()) == (RunState.ROLLED_BACK, "seed")
    assert world.endpoints.get("census", "production").record.champion is None
    assert_closed(world)


def test_the_initial_model_cannot_be_gone_to_twice(world: World) -> None:
    """It is in service: the run that went back to it is no other model."""
    promote(world, "first", 0.9)
    initial = go_back(world)
    status, body = ask(world, "rollback", endpoint="production", by="alice", reason="r", to=initial.run_id)

    assert (status, "is in service" in body["error"]) == (400, True)


GAINS = ("at_least = 0.80, min_gain = 0.002", "min_gain = 0.002")


@pytest.mark.parametrize("no_champion", ["promote", "threshold-only", "hold"])
@pytest.mark.parametrize("staging", [True, False])
def test_after_a_rollback_to_the_initial_model_a_gain_must_be_shown(no_champion: str, staging: bool) -> None:
    """It is known what serves, and not how good it is: a new model is held for a person, whatever no_champion says."""
    changes = (GAINS, ('"threshold-only"', f'"{no_champion}"'))
    world = World(example_routes(*changes) if staging else without_staging(*changes))
    run = world.settle(world.train("first", 0.9, "census/first.csv", "first"), ticks=20)
    if no_champion == "hold":
        approvals.approve(world.services, run.run_id, "alice", "looks well")
        run = world.settle(run)
    assert run.state is RunState.PROMOTED
    go_back(world)
    world.clock.advance(60)
    shuffled = world.settle(world.train("shuffled", 0.51, "census/shuffled.csv", "shuffled"), ticks=20)

    assert (shuffled.state, world.served()) == (RunState.HELD, "seed")
    assert "its metrics are unknown" in shuffled.reason
    assert shuffled.decision is not None
    assert "the model that an operator went back to are not known" in decision_of(shuffled)["reasons"][0]
    approvals.approve(world.services, shuffled.run_id, "alice", "all the same")
    assert world.settle(shuffled).state is RunState.PROMOTED
    assert world.served() == "shuffled"
    after = world.settle(world.train("better", 0.6, "census/better.csv", "better"))  # a champion is known again
    assert after.state is RunState.PROMOTED


def test_floors_alone_go_on_after_a_rollback(world: World) -> None:
    """A policy that compares nothing needs no champion: its floor decides, even if no_champion would leave it out."""
    changes = (("at_least = 0.80, min_gain = 0.002", "at_least = 0.80"), ("threshold-only", "promote"))
    world = World(example_routes(*changes))
    promote(world, "first", 0.9)
    go_back(world)
    world.clock.advance(60)

    bad = world.settle(world.train("bad", 0.7, "census/bad.csv", "bad"))
    assert (bad.state, world.served()) == (RunState.REJECTED, "seed")
    promote(world, "good", 0.85)


def test_a_first_promotion_that_failed_is_no_rollback_of_an_operator(world: World) -> None:
    """There still is no champion, and nobody went back to anything: no_champion says what to do."""
    world.at["production"].ignore_patch = True
    assert world.settle(world.train("ignored", 0.9, "census/0.csv", "0"), 31).state is RunState.ROLLED_BACK
    world.at["production"].ignore_patch = False

    promote(world, "first", 0.9)


def test_a_decision_from_before_a_rollback_is_made_anew() -> None:
    """Without staging nobody holds the endpoint: decided without a champion, promoted and gone back meanwhile."""
    world = World(without_staging(GAINS))
    world.blobs.remove("models", "initial/census.ilearner")  # keeps it decided
    run = world.train("slow", 0.9, "census/slow.csv", "slow")
    assert run.state is RunState.DECIDED
    world.blobs.put("models", "initial/census.ilearner", "seed")
    first = world.endpoints.get("census", "production")
    world.endpoints.save(first, replace(first.record, initial_again_at=world.clock.now()))

    ended = world.settle(run, ticks=20)
    assert ended.state is RunState.HELD
    assert world.served() == "seed"
