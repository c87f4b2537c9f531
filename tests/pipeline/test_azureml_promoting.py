"""Promoting on Azure Machine Learning: a new deployment beside the old one, golden rows, traffic, and the way back."""

from datetime import timedelta

import pytest

from shared.errors import NoAnswerError, RejectedError, RetryableError
from shared.pipeline.reconciling import reconcile
from shared.records.run_states import RunState
from tests.pipeline.azureml_world import AzureMlWorld, deployment_of, kept
from tests.pipeline.world import FAULT, DiedError, assert_closed, die


@pytest.fixture
def world() -> AzureMlWorld:
    """Give a world whose route is one of Azure Machine Learning."""
    return AzureMlWorld()


def test_a_better_model_gets_the_traffic(world: AzureMlWorld) -> None:
    """The whole way: the folder is kept, deployed beside what serves, and gets the traffic once it answers."""
    run = world.settle(world.train())

    assert run.state is RunState.PROMOTED, run.reason
    assert [state.value for state in world.states(run)] == [
        *("landed", "submitted", "started", "trained", "staged", "decided", "promoting", "verifying", "promoted"),
    ]
    assert kept(run) == f"models/census/{run.run_id}"
    assert world.blobs.text(f"{kept(run)}/model.txt") == "better"
    assert world.blobs.text(f"{kept(run)}/more/about.txt") == "trained by hand"
    assert world.online.created == [deployment_of(run)]
    assert world.online.traffic == {deployment_of(run): 100}
    assert world.served() == "better"
    assert world.record.champion is not None
    assert world.record.champion.model == kept(run)
    assert_closed(world)


def test_a_deployment_in_the_making_is_waited_for_visibly(world: AzureMlWorld) -> None:
    """Ten minutes of it are no failure: the run says what it waits for, counts no failure and writes nothing more."""
    run = world.train()
    world.tick(60)
    waiting = world.run(run.run_id)
    world.tick(60)

    assert waiting.state is RunState.STAGED
    assert waiting.reason.endswith("is Creating.")
    assert waiting.consecutive_failures == 0
    assert world.run(run.run_id).revision == waiting.revision
    assert world.served() == "seed"


def test_a_deployment_that_is_never_ready_ends_at_the_deadline(world: AzureMlWorld) -> None:
    """Nothing was served otherwise meanwhile, and nobody holds the endpoint afterwards."""
    world.online.deploying_s = 1e9
    run = world.settle(world.train())

    assert run.state is RunState.TIMED_OUT
    assert "is Creating" in run.reason
    assert world.online.moved == []
    assert_closed(world)


def test_a_deployment_that_fails_ends_the_run_with_its_error(world: AzureMlWorld) -> None:
    """The traffic was never touched."""
    world.online.failing.add("better")
    run = world.settle(world.train())

    assert run.state is RunState.FAILED
    assert "the scoring script has no run()" in run.reason
    assert world.online.traffic == {"blue": 100}
    assert world.online.moved == []
    assert_closed(world)


def test_traffic_that_somebody_else_changed_stops_the_promotion(world: AzureMlWorld) -> None:
    """Another hand's change between the look and the switch is not fought."""
    run = world.train()
    world.online.stand("green", "theirs")
    world.online.traffic = {"green": 100}
    run = world.settle(run)

    assert run.state is RunState.FAILED
    assert "somebody else changed it" in run.reason
    assert "the serving endpoint is untouched" in run.reason
    assert world.online.traffic == {"green": 100}
    assert_closed(world)


def test_traffic_that_is_somebody_elses_from_the_start_stops_the_run_before_any_deployment(world: AzureMlWorld) -> None:
    """The answers from before the challenger would be those of a model that the record does not know."""
    run = world.land()
    world.finish(run)
    world.online.stand("green", "theirs")
    world.online.traffic = {"green": 100}
    world.evaluate(world.tick())

    assert world.run(run.run_id).state is RunState.FAILED
    assert "Deployment green answered, not blue" in world.run(run.run_id).reason
    assert world.online.created == []


def test_a_change_of_traffic_without_effect_is_taken_back(world: AzureMlWorld) -> None:
    """The service accepted it and the old deployment answers on: the run ends with the old one verified."""
    world.online.ignores_traffic = True
    run = world.settle(world.train())

    assert run.state is RunState.ROLLED_BACK
    assert "not verified within 600 s: Deployment blue answered" in run.reason
    assert world.served() == "seed"
    assert_closed(world)


def test_equal_answers_of_the_old_deployment_verify_nothing(world: AzureMlWorld) -> None:
    """Only the deployment's name counts: the champion's twin on the old deployment is not the challenger."""
    first = world.promote("first", 0.9, "census/a.csv")
    world.online.ignores_traffic = True
    run = world.train("second", 0.95, "census/b.csv")
    world.online.stands[deployment_of(first)].model = "second"
    run = world.settle(run)

    assert run.state is not RunState.PROMOTED
    assert world.online.traffic == {deployment_of(first): 100}


def test_answers_that_still_come_from_the_old_deployment_begin_the_watch_anew(world: AzureMlWorld) -> None:
    """While the switch may still spread they are no verdict; ten answers in a row are needed, and a minute of them."""
    run = world.train()
    world.clock.advance(900)
    world.tick()
    assert world.run(run.run_id).state is RunState.VERIFYING
    world.tick(30)
    world.online.unstable = True
    for _ in range(10):
        world.tick(15)
    assert world.run(run.run_id).state is RunState.VERIFYING
    world.online.unstable = False
    scored = world.online.faults.calls["score"]
    run = world.settle(run)

    assert run.state is RunState.PROMOTED
    assert world.online.faults.calls["score"] - scored >= 40


def test_a_deployment_that_keeps_answering_for_the_old_is_a_failure(world: AzureMlWorld) -> None:
    """Past the time in which a switch must show, an answer of the old deployment sends the traffic back."""
    run = world.train()
    world.clock.advance(900)
    world.tick()
    world.tick(30)
    world.online.unstable = True
    for _ in range(60):
        world.tick(15)
    world.online.unstable = False
    run = world.settle(run)

    assert run.state is RunState.ROLLED_BACK
    assert "failed the bake" in run.reason
    assert world.served() == "seed"


def test_a_model_that_answers_otherwise_after_the_switch_loses_the_traffic(world: AzureMlWorld) -> None:
    """The watch notices it; the old deployment, which never stopped, gets the traffic back and is verified."""
    run = world.train()
    world.clock.advance(900)
    world.tick()
    world.tick(30)
    name = world.online.serving()
    assert name == world.online.created[0]
    world.online.stands[name].model = "otherwise"
    run = world.settle(run)

    assert run.state is RunState.ROLLED_BACK
    assert world.online.moved == [name, "blue"]
    assert world.served() == "seed"
    assert_closed(world)


def test_lost_answers_lead_to_one_deployment_and_one_switch(world: AzureMlWorld) -> None:
    """A request without an answer is repeated; names follow from the model, so the repetition finds what is there."""
    world.online.faults.fail_next("patch", NoAnswerError(FAULT), after=True)
    run = world.train()
    world.clock.advance(1000)
    world.tick()
    world.online.faults.fail_next("patch", NoAnswerError(FAULT), after=True)
    run = world.settle(run)

    assert run.state is RunState.PROMOTED
    assert world.online.created == [deployment_of(run)]
    assert world.online.moved == [deployment_of(run)]


def test_a_worker_that_dies_during_the_copy_of_the_folder_leaves_a_whole_model(world: AzureMlWorld) -> None:
    """The next worker copies what is missing, before a deployment is made of it."""
    run = world.land()
    world.finish(run)
    messages = world.tick()
    world.blobs.faults.run_at_next("copy", die, after=True)
    with pytest.raises(DiedError):
        world.evaluate(messages)
    assert world.online.created == []
    world.clock.advance(10_000)
    run = world.settle(run)

    assert run.state is RunState.PROMOTED
    assert {name.rpartition(run.run_id)[2] for name in _names(world, "models", f"census/{run.run_id}/")} == {
        "/model.txt",
        "/more/about.txt",
    }


def test_a_kept_model_that_is_not_copied_yet_is_waited_for(world: AzureMlWorld) -> None:
    """No deployment is made of half a folder."""
    run = world.land()
    world.finish(run)
    # From the first golden rows on: by then they are pinned.
    world.online.faults.run_at_next("score", lambda: setattr(world.blobs, "slow_copies", True))
    world.evaluate(world.tick())
    assert "copy of the model is not finished" in world.run(run.run_id).reason
    assert world.online.created == []
    world.blobs.slow_copies = False
    world.blobs.finish_copies()
    run = world.settle(run)

    assert run.state is RunState.PROMOTED


def test_the_same_model_again_is_unchanged(world: AzureMlWorld) -> None:
    """Another version of the file leads to the same answers: what serves stays."""
    first = world.promote("first", 0.9, "census/a.csv")
    run = world.promote("first", 0.95, "census/b.csv")

    assert run.state is RunState.UNCHANGED
    assert world.online.traffic == {deployment_of(first): 100}


def test_a_missing_champion_stops_the_promotion(world: AzureMlWorld) -> None:
    """Without the kept folder of what serves there would be no way back."""
    first = world.promote("first", 0.9, "census/a.csv")
    for name in _names(world, "models", f"census/{first.run_id}/"):
        world.blobs.remove("models", name)
    run = world.train("second", 0.95, "census/b.csv")
    world.clock.advance(900)
    for _ in range(5):
        world.tick(60)

    assert world.run(run.run_id).state is RunState.DECIDED
    assert f"{kept(first)} does not exist" in world.run(run.run_id).reason
    assert world.online.traffic == {deployment_of(first): 100}


def test_traffic_on_a_replaced_deployment_is_repaired(world: AzureMlWorld) -> None:
    """A late request of ours gave it back to the former champion: the next sweep gives it to the champion again."""
    first = world.promote("first", 0.9, "census/a.csv")
    second = world.promote("second", 0.95, "census/b.csv")
    world.online.traffic = {deployment_of(first): 100}

    assert reconcile(world.services) == 1
    world.clock.advance(700)
    assert reconcile(world.services) == 0
    assert world.online.traffic == {deployment_of(second): 100}
    assert_closed(world)


def test_traffic_on_a_deployment_of_somebody_else_freezes_the_endpoint(world: AzureMlWorld) -> None:
    """Even if it answers alike: what a person did is not fought, and a person decides."""
    world.promote("first", 0.9, "census/a.csv")
    world.online.stand("theirs", "first")
    world.online.traffic = {"theirs": 100}

    assert reconcile(world.services) == 0
    assert world.record.frozen is not None
    assert "deployments/theirs" in world.record.frozen.reason
    assert world.online.traffic == {"theirs": 100}


def test_answers_of_a_replaced_model_explain_nothing_where_names_tell(world: AzureMlWorld) -> None:
    """Somebody's own deployment may answer as the former champion did: it is still somebody's."""
    world.promote("first", 0.9, "census/a.csv")
    world.promote("second", 0.95, "census/b.csv")
    world.online.stand("theirs", "first")
    world.online.traffic = {"theirs": 100}

    assert reconcile(world.services) == 0
    assert world.record.frozen is not None
    assert world.online.traffic == {"theirs": 100}


def test_an_endpoint_that_serves_its_champion_is_left_alone(world: AzureMlWorld) -> None:
    """Nothing is sent and nothing is written."""
    world.promote("first", 0.9, "census/a.csv")
    moved, saves = list(world.online.moved), world.endpoints.faults.calls["save"]

    assert reconcile(world.services) == 0
    assert (world.online.moved, world.endpoints.faults.calls["save"]) == (moved, saves)


def test_an_endpoint_that_is_being_changed_is_looked_at_again(world: AzureMlWorld) -> None:
    """Before the baseline, before the switch and after it: nothing is sent meanwhile, and nothing fails."""
    run = world.land()
    world.finish(run)
    world.online.updating_until = world.clock.now() + timedelta(seconds=300)
    world.evaluate(world.tick())
    assert world.run(run.run_id).state is RunState.TRAINED
    assert "is Updating" in world.run(run.run_id).reason
    for _ in range(200):
        if world.online.created:
            break
        world.tick(30)
    world.online.updating_until = world.clock.now() + timedelta(seconds=1200)
    for _ in range(37):
        world.tick(30)
    assert world.run(run.run_id).state is RunState.PROMOTING
    assert world.online.moved == []
    switched = world.online.faults.calls["patch"]
    for _ in range(200):
        if world.online.moved:
            break
        world.tick(15)
    assert world.online.faults.calls["patch"] > switched
    world.online.updating_until = world.clock.now() + timedelta(seconds=60)
    run = world.settle(run)

    assert run.state is RunState.PROMOTED, run.reason
    assert world.online.moved == [deployment_of(run)]


def test_a_run_does_not_wait_for_a_late_deployment_of_another(world: AzureMlWorld) -> None:
    """It has a name of its own, so a request that may still arrive disturbs nobody."""
    world.online.faults.fail_next("patch", NoAnswerError(FAULT))
    first = world.train("first", 0.9, "census/a.csv")
    world.online.faults.fail_next("patch", RejectedError(FAULT))
    first = world.settle(first)
    assert first.state is RunState.FAILED
    world.evaluate(world.tick())
    second = world.train("second", 0.95, "census/b.csv")

    assert second.state is RunState.STAGED


def test_an_error_of_a_scoring_request_is_no_verdict(world: AzureMlWorld) -> None:
    """While the deployment is ready and the service has an outage, the run waits, and is promoted afterwards."""
    run = world.train()
    world.clock.advance(1000)
    world.online.faults.fail_next("score", RetryableError("503"), times=3)
    run = world.settle(run)

    assert run.state is RunState.PROMOTED


def _names(world: AzureMlWorld, container: str, prefix: str) -> list[str]:
    return [version.name for version in world.blobs.versions(container, prefix)]
