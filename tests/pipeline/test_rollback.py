"""An operator goes back to an earlier model, as safely as any promotion goes forwards."""

from shared.errors import NoAnswerError
from shared.pipeline import reconciling
from shared.records.run_states import RunState
from tests.pipeline.operator_calls import ask, go_back, promote
from tests.pipeline.world import FAULT, World, assert_closed, raising, without_staging


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
    world.blobs.remove("models", f"census/{first.run_id}.ilearner")
    status, answered = ask(world, "rollback", endpoint="production", by="alice", reason="r")
    assert (status, "does not exist" in answered["error"]) == (409, True)
    assert world.served() == "second"
