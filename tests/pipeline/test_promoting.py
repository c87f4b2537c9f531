"""Promoting: from a passed gate to an updated endpoint, and every refusal on the way."""

import pytest

from shared.errors import KeyRefusedError, NoAnswerError, RejectedError, ServiceFault
from shared.lifecycle.in_hand import IN_HAND_S
from shared.records.run_states import RunState
from tests.pipeline.world import FAULT, DiedError, World, assert_closed, decision_of, die, raising


def test_a_better_model_is_promoted_and_verified(world: World) -> None:
    """The whole way: every state in order, the endpoint serves the model, its kept copy and decision are recorded."""
    run = world.settle(world.train())

    assert run.state is RunState.PROMOTED
    assert [state.value for state in world.states(run)] == [
        *("landed", "submitted", "started", "trained", "staged", "decided", "promoting", "verifying", "promoted"),
    ]
    assert world.served() == "better"
    assert world.blobs.text(f"models/census/{run.run_id}.ilearner") == "better"
    champion = world.endpoints.get("census", "production").record.champion
    assert champion is not None
    assert (champion.run_id, champion.metrics["AUC"]) == (run.run_id, 0.9)
    assert run.decision is not None
    assert decision_of(run)["verdict"] == "promote"
    assert decision_of(run)["verification"] == "equality"
    assert "AUC 0.9" in run.reason
    assert [(event.name, event.event) for event in run.endpoint_events] == [
        ("staging", "patched"),
        ("staging", "answers"),
        ("production", "patched"),
        ("production", "verified"),
    ]
    assert_closed(world)


def test_a_patch_whose_answer_is_lost_is_sent_again(world: World) -> None:
    """The outcome is unknown, so the same model is sent again; it is promoted once."""
    world.scoring.faults.run_at_next("patch", lambda: None, after=True)  # staging
    world.scoring.faults.run_at_next("patch", raising(NoAnswerError(FAULT)), after=True)  # production
    run = world.settle(world.train())

    assert run.state is RunState.PROMOTED
    assert world.at["production"].patches == ["better", "better"]


def test_a_patch_that_is_refused_leaves_the_endpoint_untouched(world: World) -> None:
    """A certain refusal ends the run `failed`; nothing needs to be restored. The cause comes first, the URL last."""
    world.scoring.faults.run_at_next("patch", lambda: setattr(world.at["production"], "resource", "Another model"))
    fault = ServiceFault("PATCH endpoint", "http://x/y", 400, "BadArgument", "The location is wrong.")
    world.scoring.faults.fail_next("patch", RejectedError(fault))
    run = world.settle(world.train())

    assert run.state is RunState.FAILED
    resource = world.route.serving.resource
    assert run.reason == (
        f"endpoint production has no resource {resource!r}. Its updatable resources: 'Another model';"
        " The location is wrong; the serving endpoint is untouched; PATCH endpoint answered 400 BadArgument at http://x/y"
    )
    assert world.at["production"].patches == []
    assert_closed(world)


def test_a_refused_endpoint_key_waits_for_a_person_and_ends_untouched(world: World) -> None:
    """401 at the PATCH: the run says so and tries again; after its deadline it ends, with nothing sent."""
    world.scoring.faults.run_at_next("patch", lambda: None)
    refused = KeyRefusedError(ServiceFault("PATCH endpoint", "http://x/y", 401, "Unauthorized"))
    world.scoring.faults.fail_next("patch", refused, times=1000)
    run = world.settle(world.train(), ticks=20)
    assert run.state is RunState.PROMOTING
    assert "Unauthorized" in run.reason
    run = world.settle(run, ticks=1000)

    assert run.state is RunState.TIMED_OUT
    assert "Unauthorized" in run.reason
    assert world.at["production"].patches == []
    assert_closed(world)


def test_a_worker_that_died_after_its_patch_leaves_no_certainty(world: World) -> None:
    """The PATCH arrived, nobody wrote it down, and the next one is refused: the previous model is restored."""
    world.scoring.faults.run_at_next("patch", lambda: None, after=True)  # staging
    world.scoring.faults.run_at_next("patch", die, after=True)  # production
    run = world.train()
    with pytest.raises(DiedError):
        world.tick()
    assert world.run(run.run_id).state is RunState.PROMOTING
    world.clock.advance(120)
    assert world.served() == "better"
    refusal = RejectedError(ServiceFault("PATCH endpoint", "http://x/y", 400, "BadArgument"))
    world.scoring.faults.fail_next("patch", refusal)
    run = world.settle(run)

    assert run.state is RunState.ROLLED_BACK
    assert world.served() == "seed"
    assert_closed(world)


def test_a_corrected_key_goes_on_where_it_was_refused(world: World) -> None:
    """Refused for certain, then accepted: promoted as if nothing had been."""
    world.scoring.faults.run_at_next("patch", lambda: None)
    refused = KeyRefusedError(ServiceFault("PATCH endpoint", "http://x/y", 401, "Unauthorized"))
    world.scoring.faults.fail_next("patch", refused, times=3)
    run = world.settle(world.train())

    assert run.state is RunState.PROMOTED
    assert world.at["production"].patches == ["better"]


def test_a_refusal_to_one_worker_does_not_end_what_another_has_sent(world: World) -> None:
    """Refused for good, while another worker of the same run sent it again: the intent stays, the run is promoted."""
    world.at["production"].propagation_s = 20
    refusal = RejectedError(ServiceFault("PATCH endpoint", "http://x/y", 400, "BadArgument"))

    def sent_by_another() -> None:
        world.clock.advance(16)
        world.tick()
        raise refusal

    world.scoring.faults.run_at_next("patch", lambda: None)  # staging
    world.scoring.faults.run_at_next("patch", sent_by_another)  # production
    run = world.train()
    world.tick()
    assert world.endpoints.get("census", "production").record.intent is not None
    run = world.settle(run)

    assert run.state is RunState.PROMOTED
    champion = world.endpoints.get("census", "production").record.champion
    assert champion is not None
    assert champion.run_id == run.run_id
    assert_closed(world)


def test_a_worker_that_gives_up_leaves_another_ones_intent(world: World) -> None:
    """One worker ends the run while another has just written its intent, and dies: the promotion goes on, once."""
    refusal = RejectedError(ServiceFault("copy", "http://x/y", 400, "BadArgument"))

    def given_up_by_another() -> None:
        world.blobs.faults.fail_next("copy", refusal)
        world.runs.faults.run_at_next("save", die)
        with pytest.raises(DiedError):
            world.tick(IN_HAND_S[RunState.DECIDED])

    world.endpoints.faults.run_at_next("save", lambda: None, after=True)  # the lease
    world.endpoints.faults.run_at_next("save", given_up_by_another, after=True)  # the intent
    run = world.train()
    world.tick()
    run = world.settle(run)

    assert run.state is RunState.PROMOTED
    champion = world.endpoints.get("census", "production").record.champion
    assert champion is not None
    assert champion.run_id == run.run_id
    assert_closed(world)


def test_a_resource_name_the_endpoint_does_not_have_names_those_it_has() -> None:
    """The refusal tells the configured name and the real ones; nothing was served to anyone."""
    world = World()
    world.at["staging"].resource = "Other Model [trained model]"
    run = world.train()

    assert run.state is RunState.FAILED
    assert "'Census Model [trained model]'" in run.reason
    assert "'Other Model [trained model]'" in run.reason
    assert_closed(world)


def test_a_first_promotion_needs_a_rollback(world: World) -> None:
    """Without the initial model nothing is promoted; once it is there the run goes on."""
    world.blobs.remove("models", "initial/census.ilearner")
    run = world.train()
    for _ in range(5):
        world.tick()
    run = world.run(run.run_id)
    assert run.state is RunState.DECIDED
    assert "initial_model" in run.reason
    assert world.at["production"].patches == []

    world.blobs.put("models", "initial/census.ilearner", "seed")
    assert world.settle(run).state is RunState.PROMOTED


def test_no_secret_is_written_anywhere(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """No link's token and no key is in a row, a history entry or a log line."""
    caplog.set_level("DEBUG")
    world.at["production"].ignore_patch = True
    run = world.settle(world.train())
    record = world.endpoints.get("census", "production")
    written = repr((run, world.runs.history("census", run.run_id), record, caplog.text))

    for secret in ("CANARY", "training-key", "endpoint-key", "staging-key"):
        assert secret not in written
