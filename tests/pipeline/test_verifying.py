"""Verifying: an endpoint ends verified, or with its previous model restored and verified."""

import pytest

from shared.effects.run_driver import drive
from shared.errors import NoAnswerError, NotFoundError, RejectedError, ServiceFault
from shared.lifecycle.observations import TimerFired
from shared.records.messages import EvaluationMessage
from shared.records.run_states import RunState
from tests.fakes.fake_scoring import answers_of
from tests.fakes.faults import Faults
from tests.pipeline.world import (
    FAULT,
    DiedError,
    World,
    assert_closed,
    decision_of,
    example_routes,
    raising,
    without_staging,
)

TOLERANT = ("golden = ", "golden_tolerance = 0.00001\ngolden = ")
BAKED = ("golden = ", "bake_s = 600\ngolden = ")


def test_a_serving_endpoint_that_ignores_the_patch_is_rolled_back(world: World) -> None:
    """200 and nothing served: the previous model is restored, verified, and the run ends rolled back."""
    world.at["production"].ignore_patch = True
    run = world.settle(world.train())

    assert run.state is RunState.ROLLED_BACK
    assert "still answers as before" in run.reason
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


def test_a_promotion_whose_end_was_not_written_stays_one(world: World) -> None:
    """Verified, then the worker died; another run is promoted meanwhile: the first ends promoted and sends nothing."""
    world.at["production"].propagation_s = 0
    first = world.train("first", 0.9)
    saves: list[int] = []

    def die_at_the_last() -> None:
        saves.append(1)
        if world.endpoints.get("census", "production").record.champion is not None:
            raise DiedError

    for _ in range(20):
        world.runs.faults.run_at_next("save", die_at_the_last)
    with pytest.raises(DiedError):
        world.settle(first)
    world.runs.faults.forget("save")
    assert world.run(first.run_id).state is RunState.VERIFYING
    second = world.land("census/b.csv", "2")
    world.finish(second, "second", 0.95)
    for _ in range(60):
        world.evaluate([EvaluationMessage("census", second.run_id)])
        if world.run(second.run_id).terminal:
            break
        stored = world.runs.get("census", second.run_id)
        assert stored is not None
        world.clock.advance(2)
        drive(world.services, world.route, stored, TimerFired())
    assert world.run(second.run_id).state is RunState.PROMOTED

    assert world.settle(first).state is RunState.PROMOTED
    assert world.at["production"].patches == ["first", "second"]
    assert world.served() == "second"
    assert_closed(world)


def test_a_staging_endpoint_that_cannot_be_asked_for_its_model_counts_as_ignoring(world: World) -> None:
    """A service without GET: answers that never change mean an update without effect, and nobody is served."""
    world.at["staging"].ignore_patch = True
    world.scoring.faults.fail_next("resources", NotFoundError(FAULT), times=10)
    run = world.settle(world.train())

    assert run.state is RunState.ROLLED_BACK
    assert world.at["production"].patches == []
    assert_closed(world)


def test_a_rollback_goes_back_to_the_champion_not_to_the_initial_model(world: World) -> None:
    """After a first promotion the archived champion is restored."""
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


def test_a_refusal_after_a_lost_answer_puts_the_previous_model_back(world: World) -> None:
    """The first PATCH may have arrived: the run may not end without putting the champion back."""
    world.scoring.faults.run_at_next("patch", lambda: None, after=True)
    world.scoring.faults.run_at_next("patch", raising(NoAnswerError(FAULT)), after=True)
    run = world.train()
    world.tick()
    assert world.run(run.run_id).state is RunState.PROMOTING
    world.scoring.faults.fail_next(
        "patch", RejectedError(ServiceFault("PATCH endpoint", "http://x/y", 400, "BadArgument"))
    )
    run = world.settle(run)

    assert run.state is RunState.ROLLED_BACK
    assert world.served() == "seed"


def test_golden_rows_that_change_on_the_way_do_not_confuse_the_verification(world: World) -> None:
    """The run is verified with the rows it was staged with."""
    world.at["production"].propagation_s = 10
    run = world.train()
    world.tick()
    assert world.run(run.run_id).state is RunState.VERIFYING
    world.blobs.put("models", "golden/census.csv", "age\n1\n")

    assert world.settle(run).state is RunState.PROMOTED


def test_without_a_staging_endpoint_a_change_verifies() -> None:
    """The answers differ from the champion's: promoted, and the decision says it was verified by change."""
    world = World(without_staging())
    run = world.settle(world.train())

    assert run.state is RunState.PROMOTED
    assert run.decision is not None
    assert decision_of(run)["verification"] == "change"
    assert world.served() == "better"


def test_without_a_staging_endpoint_no_change_ends_unchanged() -> None:
    """The two cannot be told apart: the previous model is restored and the run says so."""
    world = World(without_staging())
    world.at["production"].ignore_patch = True
    run = world.settle(world.train())

    assert run.state is RunState.UNCHANGED
    assert "could not be told apart" in run.reason
    assert world.at["production"].patches == ["better", "seed"]
    assert_closed(world)


def test_an_endpoint_that_could_not_be_asked_is_not_said_to_answer_alike() -> None:
    """Without staging: every question failed until the deadline, so nobody compared anything; the cause says that."""
    world = World(without_staging())
    run = world.train()
    while world.run(run.run_id).state is not RunState.VERIFYING:
        world.tick()
    while world.run(run.run_id).step != "put-back":
        world.scoring.faults.run_at_next("score", raising(NoAnswerError(FAULT)))
        world.tick(60)
    world.scoring.faults = Faults()
    ended = world.settle(run, 31)

    assert ended.state is RunState.ROLLED_BACK
    assert "told apart" not in ended.reason
    assert ended.reason.startswith(
        "The previous model was restored and verified. Cause: The endpoint could not be verified"
    )
    assert world.served() == "seed"
    assert_closed(world)


def test_a_model_that_goes_bad_without_staging_was_told_apart() -> None:
    """It answered otherwise than the champion, was verified by that, and went bad while it was watched."""
    world = World(without_staging(BAKED))
    run = world.train()
    while world.run(run.run_id).step != "baking":
        world.tick()
    world.at["production"].model = "something else"
    ended = world.settle(run, 31)

    assert ended.state is RunState.ROLLED_BACK
    assert "its answers to the golden rows changed" in ended.reason


def test_the_first_cause_of_a_restore_is_kept(world: World) -> None:
    """A problem of the restore follows the cause, during the restore and in the outcome."""
    world.at["production"].ignore_patch = True
    run = world.train("bad")
    while world.run(run.run_id).step != "put-back":
        world.tick(31)
    cause = world.run(run.run_id).reason
    assert "still answers as before" in cause
    for operation in ("patch", "score"):
        world.scoring.faults.run_at_next(operation, raising(NoAnswerError(FAULT)))
    world.tick(600)
    assert world.run(run.run_id).reason.startswith(f"{cause} During the restore: ")
    ended = world.settle(run, 31)

    assert ended.state is RunState.ROLLED_BACK
    assert ended.reason.startswith(f"The previous model was restored and verified. Cause: {cause} During the restore: ")
    assert ended.reason.count("During the restore") == 1


def test_a_tolerance_forgives_the_last_digits(world: World) -> None:
    """Two instances that differ in the last digit: exact comparison puts the model back, a tolerance promotes it."""
    world.at["production"].jitter = 0.000002
    assert world.settle(world.train()).state is RunState.ROLLED_BACK

    tolerant = World(example_routes(TOLERANT))
    tolerant.at["production"].jitter = 0.000002
    assert tolerant.settle(tolerant.train()).state is RunState.PROMOTED


def test_models_within_the_tolerance_are_the_same_model() -> None:
    """A challenger whose answers differ by less than the tolerance cannot be told apart, and changes nothing."""
    world = World(example_routes(("golden = ", "golden_tolerance = 0.99\ngolden = ")))
    world.blobs.put("models", "golden/census.csv", "age\n39\n")
    models = (f"model-{number}" for number in range(100))
    columns, rows = ("age",), (("39",),)
    seed = answers_of("seed", columns, rows)
    alike = next(model for model in models if answers_of(model, columns, rows)[0][0] == seed[0][0])
    run = world.settle(world.train(alike), 31)

    assert run.state is RunState.UNCHANGED
    assert "within 0.99" in run.reason
    assert world.at["production"].patches == []


def test_a_baking_model_counts_as_promoted_only_after_the_time() -> None:
    """While it is watched the promotion stays open, and nothing is written from tick to tick."""
    world = World(example_routes(BAKED))
    run = world.train()
    while world.run(run.run_id).step != "baking":
        world.tick()
    began, revision = world.clock.now(), world.run(run.run_id).revision
    for _ in range(9):
        world.tick(60)
    assert (world.run(run.run_id).step, world.run(run.run_id).revision) == ("baking", revision)
    assert world.endpoints.get("census", "production").record.intent is not None

    assert world.settle(run, 60).state is RunState.PROMOTED
    assert (world.clock.now() - began).total_seconds() >= 600
    assert_closed(world)


def test_a_model_that_goes_bad_while_it_bakes_is_put_back() -> None:
    """Verified first, answering otherwise minutes later: restored, verified, and not tried again."""
    world = World(example_routes(BAKED))
    run = world.train()
    while world.run(run.run_id).step != "baking":
        world.tick()
    for _ in range(4):
        world.tick(60)
    world.at["production"].model = "something else"
    ended = world.settle(run, 31)

    assert ended.state is RunState.ROLLED_BACK
    assert "Endpoint production failed the bake after 271 s: its answers to the golden rows changed." in ended.reason
    assert world.served() == "seed"
    assert ended.generation in world.endpoints.get("census", "production").record.blocked_generations
    assert_closed(world)


def test_an_endpoint_that_cannot_be_asked_while_it_bakes_is_no_verdict() -> None:
    """Refused connections for some minutes delay the end of the watch, and roll nothing back."""
    world = World(example_routes(BAKED))
    run = world.train()
    while world.run(run.run_id).step != "baking":
        world.tick()
    for _ in range(5):
        world.scoring.faults.run_at_next("score", raising(NoAnswerError(FAULT)))

    assert world.settle(run, 60).state is RunState.PROMOTED


def test_a_model_that_was_rolled_back_is_not_tried_again(world: World) -> None:
    """The same model out of a newer file: rejected before any endpoint gets a PATCH; another model may go on."""
    world.at["production"].ignore_patch = True
    world.settle(world.train("bad"), 31)
    world.at["production"].ignore_patch = False
    patches = list(world.at["staging"].patches)
    world.clock.advance(60)
    again = world.settle(world.train("bad", name="census/b.csv"))

    assert again.state is RunState.REJECTED
    assert "an identical model file was rolled back" in again.reason
    assert world.at["staging"].patches == patches
    world.clock.advance(60)
    assert world.settle(world.train("good", name="census/c.csv")).state is RunState.PROMOTED
