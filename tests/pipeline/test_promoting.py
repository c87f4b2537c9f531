"""From a dropped file to a verified endpoint, and every other way it can end."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.errors import KeyRefusedError, NoAnswerError, RejectedError, ServiceFault, UnavailableError
from shared.runs import Run, RunState
from tests.pipeline.world import FAULT, World, example_routes, without_staging


@pytest.fixture
def world() -> World:
    """Give a world with the example route."""
    return World()


def assert_closed(world: World) -> None:
    """Nobody holds the endpoint and nothing is left open."""
    record = world.endpoints.get("census", "production").record
    assert record.lease is None
    assert record.intent is None


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
    assert run.decision["verdict"] == "promote"
    assert run.decision["verification"] == "equality"
    assert "AUC 0.9" in run.reason
    assert [(one["name"], one["event"]) for one in run.endpoints] == [
        ("staging", "patched"),
        ("staging", "answers"),
        ("production", "patched"),
        ("production", "verified"),
    ]
    assert_closed(world)


def test_a_worse_model_is_rejected_and_no_endpoint_is_touched(world: World) -> None:
    """The gate says no: the decision names both metrics, and neither endpoint got a PATCH."""
    world.settle(world.train())
    run = world.train("worse", 0.85, "census/b.csv")

    assert run.state is RunState.REJECTED
    assert "worse by 0.05" in run.reason
    assert run.decision is not None
    assert run.decision["champion"]["metrics"]["AUC"] == 0.9
    assert world.at["production"].patches == ["better"]
    assert world.at["staging"].patches == ["better"]
    assert_closed(world)


@pytest.mark.parametrize("auc", ["NaN", "", "Infinity", "n/a"])
def test_a_metric_that_is_no_number_never_passes(world: World, auc: str) -> None:
    """An evaluation without a finite AUC rejects."""
    run = world.train(auc=auc)

    assert run.state is RunState.REJECTED
    assert "not a finite number" in run.reason


def test_an_equal_model_ends_unchanged(world: World) -> None:
    """A model that answers exactly as the champion is not promoted, though its metrics pass."""
    world.settle(world.train("better", 0.9))
    run = world.settle(world.train("better", 0.95, "census/b.csv"))

    assert run.state is RunState.UNCHANGED
    assert "exactly as the model in service" in run.reason
    assert world.at["production"].patches == ["better"]
    assert_closed(world)


def test_a_serving_endpoint_that_ignores_the_patch_is_rolled_back(world: World) -> None:
    """200 and nothing served: the previous model is put back, verified, and the run ends rolled back."""
    world.at["production"].ignore_patch = True
    run = world.settle(world.train())

    assert run.state is RunState.ROLLED_BACK
    assert "otherwise than the staging endpoint" in run.reason
    assert world.at["production"].patches == ["better", "seed"]
    assert world.endpoints.get("census", "production").record.champion is None
    assert_closed(world)


def test_a_staging_endpoint_that_ignores_the_patch_ends_before_anyone_is_served(world: World) -> None:
    """The update had no effect on staging: the run ends rolled back and the serving endpoint never got a PATCH."""
    world.at["staging"].ignore_patch = True
    world.at["staging"].location_moves = False
    run = world.settle(world.train())

    assert run.state is RunState.ROLLED_BACK
    assert world.at["production"].patches == []
    assert_closed(world)


def test_a_rollback_goes_back_to_the_champion_not_to_the_initial_model(world: World) -> None:
    """After a first promotion the kept champion is what is put back."""
    world.settle(world.train("first", 0.9))
    world.at["production"].ignore_patch = True
    run = world.settle(world.train("second", 0.95, "census/b.csv"))

    assert run.state is RunState.ROLLED_BACK
    assert world.at["production"].patches == ["first", "second", "first"]
    champion = world.endpoints.get("census", "production").record.champion
    assert champion is not None
    assert champion.model.endswith(f"{world.runs.list_runs()[1].run.run_id}.ilearner")


def test_a_slow_activation_is_waited_for_without_a_write(world: World) -> None:
    """While nothing changes a tick writes nothing; the promotion is verified as soon as the model is served."""
    world.at["production"].propagation_s = 20
    run = world.train()
    world.tick()
    assert world.run(run.run_id).state is RunState.VERIFYING
    writes = world.runs.faults.calls["save"]

    for _ in range(5):
        world.tick()
    assert world.runs.faults.calls["save"] == writes
    assert world.settle(run).state is RunState.PROMOTED


def test_a_patch_whose_answer_is_lost_is_sent_again(world: World) -> None:
    """The outcome is unknown, so the same model is sent again; it is promoted once."""
    world.scoring.faults.run_at_next("patch", lambda: None, after=True)  # staging
    world.scoring.faults.run_at_next("patch", _raise(NoAnswerError(FAULT)), after=True)  # production
    run = world.settle(world.train())

    assert run.state is RunState.PROMOTED
    assert world.at["production"].patches == ["better", "better"]


def test_a_patch_that_is_refused_leaves_the_endpoint_untouched(world: World) -> None:
    """A certain refusal ends the run `failed`; nothing needs to be put back."""
    world.scoring.faults.run_at_next("patch", lambda: None)
    world.scoring.faults.fail_next(
        "patch", RejectedError(ServiceFault("PATCH endpoint", "http://x/y", 400, "BadArgument"))
    )
    run = world.settle(world.train())

    assert run.state is RunState.FAILED
    assert "the serving endpoint is untouched" in run.reason
    assert world.at["production"].patches == []
    assert_closed(world)


def test_a_refusal_after_a_lost_answer_puts_the_previous_model_back(world: World) -> None:
    """The first PATCH may have arrived: the run may not end without putting the champion back."""
    world.scoring.faults.run_at_next("patch", lambda: None, after=True)
    world.scoring.faults.run_at_next("patch", _raise(NoAnswerError(FAULT)), after=True)
    run = world.train()
    world.tick()
    assert world.run(run.run_id).state is RunState.PROMOTING
    world.scoring.faults.fail_next(
        "patch", RejectedError(ServiceFault("PATCH endpoint", "http://x/y", 400, "BadArgument"))
    )
    run = world.settle(run)

    assert run.state is RunState.ROLLED_BACK
    assert world.served() == "seed"


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


def test_a_resource_name_the_endpoint_does_not_have_names_those_it_has() -> None:
    """The refusal tells the configured name and the real ones; nothing was served to anyone."""
    world = World()
    world.at["staging"].resource = "Other Model [trained model]"
    run = world.train()

    assert run.state is RunState.FAILED
    assert "'Census Model [trained model]'" in run.reason
    assert "'Other Model [trained model]'" in run.reason
    assert_closed(world)


def test_older_data_never_replaces_newer(world: World) -> None:
    """A run that finishes late with older data ends superseded, however good it is."""
    older = world.land("census/old.csv", "1")
    world.clock.advance(60)
    newer = world.land("census/new.csv", "2")
    world.finish(newer, "new", 0.9)
    world.evaluate(world.tick())
    assert world.settle(newer).state is RunState.PROMOTED

    world.finish(older, "old", 0.99)
    run = world.settle(older)

    assert run.state is RunState.SUPERSEDED
    assert world.served() == "new"


def test_one_promoter_at_a_time(world: World) -> None:
    """A second run waits while the first holds the endpoint, says so, and is then judged against its result."""
    world.at["production"].propagation_s = 10
    first = world.land("census/a.csv", "1")
    second = world.land("census/b.csv", "2")
    world.finish(first, "first", 0.9)
    world.finish(second, "second", 0.95)
    world.evaluate(world.tick())

    waiting = next(run for run in (world.run(first.run_id), world.run(second.run_id)) if run.state is RunState.TRAINED)
    assert "waits for run" in waiting.reason
    outcomes = {world.settle(first).state, world.settle(second).state}
    # The first to promote decides how the other ends: better, worse, or from older data.
    assert RunState.PROMOTED in outcomes
    assert outcomes <= {RunState.PROMOTED, RunState.REJECTED, RunState.SUPERSEDED}
    assert_closed(world)


def test_a_lease_whose_run_is_gone_expires(world: World) -> None:
    """A run that vanished with the lease blocks others only until the lease expires."""
    assert world.train().state is RunState.STAGED
    lost = World()
    lost.endpoints = world.endpoints
    lost.services = replace(lost.services, endpoints=world.endpoints)
    other = lost.train("other", 0.95, "census/other.csv")
    assert other.state is RunState.TRAINED

    lost.clock.advance(lost.route.deadlines.promoting + 61)
    assert lost.settle(other).state is RunState.PROMOTED


def test_a_first_promotion_needs_a_way_back(world: World) -> None:
    """Without the initial model nothing is promoted; once it is there the run goes on."""
    world.blobs.delete("models", "initial/census.ilearner")
    run = world.train()
    for _ in range(5):
        world.tick()
    run = world.run(run.run_id)
    assert run.state is RunState.DECIDED
    assert "initial_model" in run.reason
    assert world.at["production"].patches == []

    world.blobs.put("models", "initial/census.ilearner", "seed")
    assert world.settle(run).state is RunState.PROMOTED


def test_an_error_is_not_a_verdict(world: World) -> None:
    """While the evaluation cannot be read the run waits; afterwards it is decided as ever."""
    world.training.faults.fail_next("read_output", UnavailableError(FAULT), times=3)
    run = world.train()
    assert run.state is RunState.TRAINED
    assert "503" in run.reason

    assert world.settle(run).state is RunState.PROMOTED


def test_fresh_links_are_asked_for_after_the_old_ones_expired(world: World) -> None:
    """Links are never stored: a run that waits for days reads its outputs with new ones."""
    run = world.land()
    world.finish(run)
    world.tick()
    world.training.expire_links()
    world.clock.advance(timedelta(hours=23).total_seconds())

    assert world.settle(run).state is RunState.PROMOTED


def test_a_lost_message_only_delays(world: World) -> None:
    """No message ever arrives: the tick evaluates and promotes by itself."""
    run = world.land()
    world.finish(run)

    assert world.settle(run).state is RunState.PROMOTED


def test_duplicate_messages_change_nothing(world: World) -> None:
    """The same message again, at any later time, does nothing."""
    run = world.land()
    world.finish(run)
    messages = world.tick()
    for _ in range(3):
        world.evaluate(messages)
    run = world.settle(run)
    revision = run.revision
    world.evaluate(messages)

    assert run.state is RunState.PROMOTED
    assert world.run(run.run_id).revision == revision
    assert world.at["production"].patches == ["better"]


def test_golden_rows_that_change_on_the_way_do_not_confuse_the_verification(world: World) -> None:
    """The run is verified with the rows it was staged with."""
    world.at["production"].propagation_s = 10
    run = world.train()
    world.tick()
    assert world.run(run.run_id).state is RunState.VERIFYING
    world.blobs.put("models", "golden/census.csv", "age\n1\n")

    assert world.settle(run).state is RunState.PROMOTED


def test_golden_rows_that_change_between_two_tries_are_not_mixed(world: World) -> None:
    """The first try pinned one version and failed; the second is staged and verified with the version of its own."""
    world.scoring.faults.fail_next("patch", UnavailableError(FAULT))
    run = world.train()
    assert run.state is RunState.TRAINED
    world.blobs.put("models", "golden/census.csv", "age\n1\n2\n3\n")
    run = world.settle(run)

    assert run.state is RunState.PROMOTED
    assert run.answers is not None
    assert len(run.answers["staged"]) == 3


@pytest.mark.parametrize("golden", ["", "age\n", "age\n1,2\n", "age\n" + "1\n" * 201])
def test_unusable_golden_rows_stop_before_any_patch(world: World, golden: str) -> None:
    """A golden file that cannot verify anything is named in the reason, and nothing is sent."""
    world.blobs.put("models", "golden/census.csv", golden)
    run = world.train()

    assert run.state is RunState.TRAINED
    assert "models/golden/census.csv" in run.reason
    assert world.at["staging"].patches == []


def test_without_a_staging_endpoint_a_change_verifies() -> None:
    """The answers differ from the champion's: promoted, and the decision says it was verified by change."""
    world = World(without_staging())
    run = world.settle(world.train())

    assert run.state is RunState.PROMOTED
    assert run.decision is not None
    assert run.decision["verification"] == "change"
    assert world.served() == "better"


def test_without_a_staging_endpoint_no_change_ends_unchanged() -> None:
    """The two cannot be told apart: the previous model is put back and the run says so."""
    world = World(without_staging())
    world.at["production"].ignore_patch = True
    run = world.settle(world.train())

    assert run.state is RunState.UNCHANGED
    assert "could not be told apart" in run.reason
    assert world.at["production"].patches == ["better", "seed"]
    assert_closed(world)


def test_hold_waits_for_a_person() -> None:
    """With no champion and `hold`, the decision is written and nothing is sent."""
    world = World(example_routes(('"threshold-only"', '"hold"')))
    run = world.train()

    assert run.state is RunState.HELD
    for _ in range(3):
        world.tick(100_000)
    assert world.run(run.run_id).state is RunState.HELD
    assert world.at["staging"].patches == []
    assert_closed(world)


def test_no_secret_is_written_anywhere(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """No link's token and no key is in a row, a history entry or a log line."""
    caplog.set_level("DEBUG")
    world.at["production"].ignore_patch = True
    run: Run = world.settle(world.train())
    record = world.endpoints.get("census", "production")
    written = repr((run, world.runs.history("census", run.run_id), record, caplog.text))

    for secret in ("CANARY", "training-key", "endpoint-key", "staging-key"):
        assert secret not in written


def _raise(error: Exception) -> Callable[[], None]:
    def action() -> None:
        raise error

    return action
