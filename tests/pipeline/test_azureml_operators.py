"""Operators and the holdout on Azure Machine Learning: the same words, the same guarantees."""

from dataclasses import replace

import pytest

from shared.gates.holdout import Holdout
from shared.gates.known_metrics import Task
from shared.pipeline.reconciling import reconcile
from shared.records.endpoint_events import EndpointEventKind
from shared.records.run import Run
from shared.records.run_states import RunState
from tests.pipeline.azureml_world import AzureMlWorld, azureml_routes, deployment_of, kept
from tests.pipeline.holdout_world import holdout_csv
from tests.pipeline.operator_calls import ask, go_back
from tests.pipeline.world import assert_closed

DAY_S = 86_400


@pytest.fixture
def world() -> AzureMlWorld:
    """Give a world whose route is one of Azure Machine Learning."""
    return AzureMlWorld()


def test_going_back_gives_the_traffic_to_the_deployment_that_still_stands(world: AzureMlWorld) -> None:
    """No deployment is made for it, and the way forwards is barred for the model gone back from."""
    first = world.promote("first", 0.9, "census/a.csv")
    second = world.promote("second", 0.95, "census/b.csv")
    run = go_back(world)

    assert run.state is RunState.PROMOTED, run.reason
    assert world.online.traffic == {deployment_of(first): 100}
    assert world.online.created == [deployment_of(first), deployment_of(second)]
    assert second.generation in world.record.blocked_generations
    assert reconcile(world.services) == 0
    assert_closed(world)


def test_going_back_to_a_deployment_that_is_gone_makes_it_again(world: AzureMlWorld) -> None:
    """Its model is kept, so it takes the minutes of a new deployment and no more."""
    first = world.promote("first", 0.9, "census/a.csv")
    world.promote("second", 0.95, "census/b.csv")
    world.clock.advance(2 * DAY_S)
    reconcile(world.services)
    assert deployment_of(first) not in world.online.stands
    run = go_back(world)

    assert run.state is RunState.PROMOTED, run.reason
    assert world.online.traffic == {deployment_of(first): 100}
    assert world.online.created.count(deployment_of(first)) == 2


def test_going_back_to_a_model_that_answers_alike_needs_no_waiting(world: AzureMlWorld) -> None:
    """The deployment's name tells the two apart at once, where answers could not."""
    first = world.promote("first", 0.9, "census/a.csv")
    world.promote("second", 0.95, "census/b.csv")
    world.online.stands[deployment_of(first)].model = "second"
    run = go_back(world)
    at = {event.event: event.at for event in run.endpoint_events if event.role == "serve"}

    assert run.state is RunState.PROMOTED, run.reason
    assert (at[EndpointEventKind.ANSWERS] - at[EndpointEventKind.PATCHED]).total_seconds() < 60


def test_going_back_to_the_start_gives_the_traffic_to_the_initial_deployment(world: AzureMlWorld) -> None:
    """It is nobody's model in storage: the endpoint has it, and it answers as it did."""
    world.promote("first", 0.9, "census/a.csv")
    run = go_back(world)

    assert run.state is RunState.PROMOTED, run.reason
    assert world.online.traffic == {"blue": 100}
    assert world.record.champion is None
    assert len(world.online.created) == 1
    assert_closed(world)


def test_an_identical_model_folder_of_another_run_is_blocked_after_going_back(world: AzureMlWorld) -> None:
    """The bar is on what the model is, not on who trained it: a folder is told by all of its files."""
    world.promote("first", 0.9, "census/a.csv")
    world.promote("second", 0.95, "census/b.csv")
    go_back(world)
    run = world.promote("second", 0.96, "census/c.csv")

    assert run.state is RunState.REJECTED
    assert "an identical model file was rolled back" in run.reason


def test_a_freeze_keeps_a_new_model_away(world: AzureMlWorld) -> None:
    """No deployment is made while the endpoint is frozen; afterwards the run goes on."""
    status, _ = ask(world, "freeze", endpoint="production", by="alice", reason="holidays")
    assert status == 200
    run = world.train()
    world.clock.advance(600)
    world.tick()
    assert world.online.created == []
    ask(world, "unfreeze", endpoint="production", by="alice", reason="back")
    run = world.settle(run)

    assert run.state is RunState.PROMOTED


def with_holdout(*, needs_approval: bool = False) -> AzureMlWorld:
    """Give a world whose route measures both models on a holdout; models follow the signal by their skill."""
    routes = azureml_routes()
    route = replace(routes.routes["census"], holdout=HOLDOUT, needs_approval=needs_approval)
    world = AzureMlWorld(replace(routes, routes={"census": route}))
    world.blobs.put("models", "holdout/census.csv", holdout_csv())
    world.blobs.put("models", "golden/census.csv", "signal,age\n0.3,39\n0.8,50\n")
    world.online.skill = {"seed": 0.1, "poor": 0.3, "good": 0.9, "best": 1.0}
    return world


HOLDOUT = Holdout(data="models/holdout/census.csv", label="income", task=Task.BINARY, positive="yes", batch_rows=40)


def test_both_models_are_measured_before_the_traffic_moves() -> None:
    """The challenger by its name, the champion by its traffic; the better one is promoted."""
    world = with_holdout()
    good = world.promote("good", 0.9, "census/a.csv")
    best = world.promote("best", 0.9, "census/b.csv")
    poor = world.promote("poor", 0.99, "census/c.csv")

    assert (good.state, best.state) == (RunState.PROMOTED, RunState.PROMOTED)
    assert poor.state is RunState.REJECTED
    assert world.online.traffic == {deployment_of(best): 100}


def test_the_type_of_a_column_is_the_whole_holdouts() -> None:
    """A cell of its last batch makes a column one of texts in its first: a model must not get both."""
    world = with_holdout()
    whole = holdout_csv()
    world.blobs.put("models", "holdout/census.csv", whole + "0.9,unknown,yes\n")
    assert world.promote("good", 0.9, "census/a.csv").state is RunState.PROMOTED

    batches = [numbers for numbers in world.online.numbers if numbers is not None]
    assert len(batches) == 6
    assert set(batches) == {frozenset({"signal"})}


def held(world: AzureMlWorld) -> Run:
    """Bring a run to where it waits for a person."""
    run = world.train("good", 0.9)
    for _ in range(200):
        if world.run(run.run_id).state is RunState.HELD:
            break
        world.tick(30)
    assert world.run(run.run_id).state is RunState.HELD
    return world.run(run.run_id)


def test_a_run_that_waits_without_the_lease_keeps_its_deployment() -> None:
    """Approved and waiting for the end of a freeze, it is about to need it."""
    world = with_holdout(needs_approval=True)
    run = held(world)
    ask(world, "freeze", endpoint="production", by="alice", reason="holidays")
    ask(world, "approve", run=run.run_id, by="alice", reason="looks right")
    world.tick()
    assert world.record.lease is None
    world.clock.advance(2 * 3600)
    reconcile(world.services)

    assert world.online.created[0] in world.online.stands


def test_a_held_deployment_costs_nothing_after_its_time_and_is_made_again_when_approved() -> None:
    """A person's week must not cost a week of two deployments."""
    world = with_holdout(needs_approval=True)
    run = held(world)
    name = world.online.created[0]
    reconcile(world.services)
    assert name in world.online.stands
    world.clock.advance(3600)
    reconcile(world.services)
    assert name not in world.online.stands
    status, body = ask(world, "approve", run=run.run_id, by="alice", reason="looks right")
    assert status == 200, body
    run = world.settle(world.run(run.run_id))

    assert run.state is RunState.PROMOTED, run.reason
    assert kept(run) == world.online.stands[name].path
    assert world.online.created == [name, name]
