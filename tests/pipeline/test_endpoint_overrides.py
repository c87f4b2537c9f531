"""An operator's word: freeze an endpoint, and go back to an earlier model, as safely as any promotion goes forwards."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from shared.errors import NoAnswerError
from shared.log_actions import LogAction
from shared.operators import approvals, http_operations
from shared.operators.authorization import Caller
from shared.pipeline import reconciling
from shared.records.run import Run
from shared.records.run_states import RunState
from tests.log_lines import lines_about
from tests.pipeline.world import FAULT, World, assert_closed, decision_of, example_routes, raising, without_staging


@pytest.fixture
def world() -> World:
    """Give a world with the example route."""
    return World()


def ask(world: World, operation: str, **body: str) -> tuple[int, Any]:
    """Call an operation as the HTTP function does; gives status and JSON."""
    status, text = http_operations.operate(lambda: world.services, operation, json.dumps(body).encode(), Caller())
    return status, json.loads(text)


def go_back(world: World, **more: str) -> Run:
    """Ask for a rollback of the serving endpoint and let it come to its end."""
    status, body = ask(world, "rollback", endpoint="production", by="alice", reason="complaints", **more)
    assert status == 200, body
    return world.settle(world.run(body["run"]["run_id"]), 31)


def promote(world: World, model: str, auc: float) -> Run:
    """Promote a model out of a file of its own."""
    world.clock.advance(60)
    run = world.settle(world.train(model, auc, f"census/{model}.csv", model))
    assert run.state is RunState.PROMOTED, run.reason
    return run


def test_going_back_serves_the_model_from_before(world: World) -> None:
    """The previous model is put in service and verified; the record says who and why; no job runs."""
    first, second = promote(world, "first", 0.9), promote(world, "second", 0.95)
    jobs = len(world.training.jobs)
    run = go_back(world)

    assert (run.state, world.served()) == (RunState.PROMOTED, "first")
    assert f"Rolled back by alice from the model of run {second.run_id} to that of run {first.run_id}" in run.reason
    assert run.reason.endswith("complaints")
    assert len(world.training.jobs) == jobs
    record = world.endpoints.get("census", "production").record
    assert record.champion is not None
    assert record.champion.run_id == first.run_id
    assert record.champion.metrics == {"Accuracy": 0.8, "AUC": 0.9}
    assert second.generation in record.blocked_generations
    assert_closed(world)
    assert reconciling.reconcile(world.services) == 0


def test_going_back_twice_goes_further_back(world: World) -> None:
    """From the second to the first, then to the initial model; then there is nothing left."""
    promote(world, "first", 0.9)
    promote(world, "second", 0.95)
    go_back(world)
    run = go_back(world)

    assert (run.state, world.served()) == (RunState.PROMOTED, "seed")
    assert "to the initial model" in run.reason
    assert world.endpoints.get("census", "production").record.champion is None
    status, body = ask(world, "rollback", endpoint="production", by="alice", reason="more")
    assert status == 409
    assert "there is nothing to roll back" in body["error"]


def test_going_back_to_a_run_that_is_named(world: World) -> None:
    """Over two promotions at once; the way forwards again is a promotion like any other."""
    first = promote(world, "first", 0.9)
    promote(world, "second", 0.92)
    promote(world, "third", 0.94)
    assert go_back(world, to=first.run_id).state is RunState.PROMOTED
    assert world.served() == "first"

    promote(world, "fourth", 0.96)
    assert world.served() == "fourth"
    go_back(world)
    assert world.served() == "first"


def test_an_operator_may_go_forwards_again(world: World) -> None:
    """Back from the second to the first, and then to the second once more: their word lifts the bar."""
    promote(world, "first", 0.9)
    second = promote(world, "second", 0.95)
    go_back(world)
    run = go_back(world, to=second.run_id)

    assert (run.state, world.served()) == (RunState.PROMOTED, "second")
    assert second.generation not in world.endpoints.get("census", "production").record.blocked_generations


def test_a_model_that_an_operator_went_back_to_is_no_longer_blocked(world: World) -> None:
    """Out of a newer file it is the model in service, and nothing that somebody did not want."""
    promote(world, "first", 0.9)
    second = promote(world, "second", 0.95)
    go_back(world)
    go_back(world, to=second.run_id)
    world.clock.advance(60)
    again = world.settle(world.train("second", 0.99, "census/again.csv", "again"))

    assert again.state is RunState.UNCHANGED, again.reason


def test_the_model_that_was_gone_back_from_is_not_tried_again(world: World) -> None:
    """The same model out of a newer file is rejected: an operator did not want it."""
    promote(world, "first", 0.9)
    promote(world, "second", 0.95)
    go_back(world)
    world.clock.advance(60)
    again = world.settle(world.train("second", 0.99, "census/again.csv", "again"))

    assert again.state is RunState.REJECTED
    assert "an identical model file was rolled back" in again.reason


def test_a_rollback_that_is_not_served_is_turned(world: World) -> None:
    """The endpoint ignores the update: the model in service stays, verified, and the rollback says that it failed."""
    promote(world, "first", 0.9)
    second = promote(world, "second", 0.95)
    world.at["production"].ignore_patch = True
    run = go_back(world)

    assert (run.state, world.served()) == (RunState.ROLLED_BACK, "second")
    record = world.endpoints.get("census", "production").record
    assert record.champion is not None
    assert record.champion.run_id == second.run_id
    assert_closed(world)


def test_models_that_answer_alike_can_be_exchanged_all_the_same(world: World) -> None:
    """New golden rows do not tell the two apart: an operator is obeyed, after the time that an update takes."""
    promote(world, "first", 0.9)
    promote(world, "second", 0.95)
    world.scoring.alike = {"first": "x", "second": "x"}
    world.blobs.put("models", "golden/census.csv", "age,workclass\n50,Private\n")
    run = go_back(world)

    assert (run.state, world.served()) == (RunState.PROMOTED, "first")


def test_without_a_staging_endpoint_the_change_is_what_counts() -> None:
    """Verified the same way as a promotion without one."""
    world = World(without_staging())
    promote(world, "first", 0.9)
    promote(world, "second", 0.95)

    assert go_back(world).state is RunState.PROMOTED
    assert world.served() == "first"


def test_a_newer_promotion_meanwhile_ends_the_rollback(world: World) -> None:
    """Asked for while the second was in service; the third came first: it is not what the operator meant."""
    promote(world, "first", 0.9)
    promote(world, "second", 0.95)
    third = world.train("third", 0.99, "census/third.csv", "third")
    while world.run(third.run_id).state is not RunState.VERIFYING:
        world.tick()
    status, body = ask(world, "rollback", endpoint="production", by="alice", reason="the second is bad")
    assert status == 200
    assert world.settle(third).state is RunState.PROMOTED
    run = world.settle(world.run(body["run"]["run_id"]))

    assert run.state is RunState.SUPERSEDED
    assert f"but run {third.run_id} is in service now" in run.reason
    assert world.served() == "third"


def test_lost_answers_do_not_stop_the_rollback(world: World) -> None:
    """Staging, PATCH and scoring fail once each: the run goes on."""
    promote(world, "first", 0.9)
    promote(world, "second", 0.95)
    for operation in ("patch", "score"):
        world.scoring.faults.run_at_next(operation, raising(NoAnswerError(FAULT)))

    assert go_back(world).state is RunState.PROMOTED
    assert world.served() == "first"


def test_a_frozen_endpoint_gets_no_new_model(world: World) -> None:
    """A better model waits, however long, and says for whom; unfrozen, it goes on."""
    assert ask(world, "freeze", endpoint="production", by="bob", reason="release day")[0] == 200
    run = world.train()
    for _ in range(20):
        world.tick(86_400 / 2)
    waiting = world.run(run.run_id)
    assert (waiting.state, waiting.reason) == (RunState.TRAINED, "Endpoint production is frozen by bob: release day")
    assert world.at["staging"].patches == []

    assert ask(world, "unfreeze", endpoint="production", by="bob")[1]["frozen"] is False
    assert world.settle(run).state is RunState.PROMOTED


def test_a_second_freeze_says_who_froze_first(world: World) -> None:
    """The word that stands is not lost in silence; the very same request again, after a lost answer, is none."""
    assert ask(world, "freeze", endpoint="production", by="bob", reason="release day")[0] == 200
    assert ask(world, "freeze", endpoint="production", by="bob", reason="release day")[0] == 200
    status, body = ask(world, "freeze", endpoint="production", by="ann", reason="holidays")

    assert status == 409
    assert re.search(r"frozen already, by bob since 2026-\S+ \S+ UTC: release day; .* unfreeze it first", body["error"])
    assert ask(world, "unfreeze", endpoint="production", by="ann")[0] == 200
    assert ask(world, "freeze", endpoint="production", by="ann", reason="holidays")[0] == 200


def test_who_unfroze_stands_in_the_log(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing of a freeze is left in the record, so the log tells by whom it was ended, and why."""
    caplog.set_level("INFO", "landfall.operations")
    ask(world, "freeze", endpoint="production", by="bob", reason="release day")
    ask(world, "unfreeze", endpoint="production", by="ann", reason="it is over")

    assert lines_about(caplog, LogAction.OPERATOR_FROZE) == ["endpoint census/production: frozen by bob: release day"]
    assert lines_about(caplog, LogAction.OPERATOR_UNFROZE) == [
        "endpoint census/production: unfrozen by ann: it is over"
    ]


def test_freezing_stops_what_is_decided_and_not_what_is_sent(world: World) -> None:
    """A decided run waits; one that is being promoted ends verified."""
    run = world.train()
    while world.run(run.run_id).state is not RunState.VERIFYING:
        world.tick()
    ask(world, "freeze", endpoint="census/production", by="bob", reason="now")
    assert world.settle(run).state is RunState.PROMOTED

    second_world = World()
    run = second_world.train()
    while second_world.run(run.run_id).state is not RunState.STAGED:
        second_world.tick()
    ask(second_world, "freeze", endpoint="production", by="bob", reason="now")
    for _ in range(20):
        second_world.tick(60)
    assert second_world.run(run.run_id).state is RunState.TRAINED
    assert second_world.at["production"].patches == []
    ask(second_world, "unfreeze", endpoint="production", by="bob")
    assert second_world.settle(run).state is RunState.PROMOTED


def test_an_operator_goes_back_on_a_frozen_endpoint(world: World) -> None:
    """Freeze first, think, then go back: the freeze holds up new models only, and stays."""
    promote(world, "first", 0.9)
    promote(world, "second", 0.95)
    ask(world, "freeze", endpoint="production", by="bob", reason="complaints")

    assert go_back(world).state is RunState.PROMOTED
    assert world.endpoints.get("census", "production").record.frozen is not None


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
    world.blobs.delete("models", "initial/census.ilearner")  # keeps it decided
    run = world.train("slow", 0.9, "census/slow.csv", "slow")
    assert run.state is RunState.DECIDED
    world.blobs.put("models", "initial/census.ilearner", "seed")
    first = world.endpoints.get("census", "production")
    world.endpoints.save(first, replace(first.record, initial_again_at=world.clock.now()))

    ended = world.settle(run, ticks=20)
    assert ended.state is RunState.HELD
    assert world.served() == "seed"


def test_what_cannot_be_done_is_refused_with_the_reason(world: World) -> None:
    """No such endpoint, no such run, a run that never served, the one in service, an archived model that is gone."""
    first = promote(world, "first", 0.9)
    second = promote(world, "second", 0.95)
    bad = world.settle(world.train("bad", 0.5, "census/bad.csv", "bad"))
    cases = [
        ({"endpoint": "nowhere"}, 404, "there are: census/production"),
        ({"endpoint": "production", "to": "0" * 32}, 404, "has no run"),
        ({"endpoint": "production", "to": bad.run_id}, 400, "roll back to a run whose model was promoted"),
        ({"endpoint": "production", "to": second.run_id}, 400, "is in service"),
    ]
    for body, expected, reason in cases:
        status, answered = ask(world, "rollback", by="alice", reason="r", **body)
        assert (status, reason in answered["error"]) == (expected, True), answered
    world.blobs.delete("models", f"census/{first.run_id}.ilearner")
    status, answered = ask(world, "rollback", endpoint="production", by="alice", reason="r")
    assert (status, "does not exist" in answered["error"]) == (409, True)
    assert world.served() == "second"
