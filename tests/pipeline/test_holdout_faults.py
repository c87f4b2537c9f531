"""The holdout under faults: whatever dies, fails or changes meanwhile, only complete and valid answers decide."""

from typing import Any

import pytest

from shared.blob_path import BlobPath
from shared.effects import holdout_effects
from shared.errors import NoAnswerError, RejectedError, RetryableError, UnavailableError
from shared.lifecycle.observations import HoldoutInvalidated
from shared.records.run_states import RunState
from tests.pipeline.holdout_world import POLICY_KEY, holdout_csv, train, world_with_holdout
from tests.pipeline.world import FAULT, DiedError, World, assert_closed, decision_of, die, example_routes, raising


@pytest.fixture
def world() -> World:
    """Give a world whose route has a holdout."""
    return world_with_holdout()


def test_scoring_goes_on_over_several_ticks(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """One batch a tick: what was scored is kept, progress is told, and the lease does not run out."""
    monkeypatch.setattr(holdout_effects, "SCORE_FOR_S", 1e-9)
    began = world.scoring.score

    def slow(endpoint: Any, columns: Any, rows: Any) -> Any:
        rows = list(rows)
        world.clock.advance(1 if len(rows) > 2 else 0)
        return began(endpoint, columns, rows)

    world.scoring.score = slow  # type: ignore[method-assign]
    run = world.train("good")
    reasons = set()
    for _ in range(30):
        world.tick(400)
        reasons.add(world.run(run.run_id).reason)
    assert world.settle(run).state is RunState.PROMOTED
    assert {f"Holdout: {count} of 200 rows scored." for count in (40, 80, 120, 160)} <= reasons


@pytest.mark.parametrize("operation", ["score", "write_text", "read_text"])
@pytest.mark.parametrize("occurrence", range(1, 9))
def test_a_worker_may_die_anywhere(world: World, operation: str, occurrence: int) -> None:
    """Killed before any request of the scoring: the next tick goes on, and the decision is the same."""
    train(world, "poor")
    world.clock.advance(60)
    run = world.land("census/good.csv", "good")
    world.finish(run, "good")
    faults = world.scoring.faults if operation == "score" else world.blobs.faults
    for _ in range(occurrence - 1):
        faults.run_at_next(operation, lambda: None)
    faults.run_at_next(operation, die)
    for _ in range(100):
        try:
            world.tick(31)
        except DiedError:
            continue
        if world.run(run.run_id).terminal:
            break

    ended = world.run(run.run_id)
    assert ended.state is RunState.PROMOTED, ended.reason
    assert decision_of(ended)["data"]["same"] is True
    assert_closed(world)


def test_failing_batches_are_tried_again_and_are_no_verdict(world: World) -> None:
    """Throttled and cut off in between: what was scored stays scored, the pause grows, the run goes on."""
    for error in (UnavailableError(FAULT), NoAnswerError(FAULT)):
        for _ in range(6):
            world.scoring.faults.run_at_next("score", lambda: None)
        world.scoring.faults.run_at_next("score", raising(error))

    assert train(world, "good").state is RunState.PROMOTED


def test_rows_that_an_endpoint_refuses_end_the_run_with_its_words(world: World) -> None:
    """A holdout with other columns than the model knows: failed, nothing was promoted."""
    for _ in range(4):
        world.scoring.faults.run_at_next("score", lambda: None)
    world.scoring.faults.run_at_next("score", raising(RejectedError(FAULT)))
    run = train(world, "good")

    assert run.state is RunState.FAILED
    assert world.at["production"].patches == []
    assert_closed(world)


def test_a_bad_holdout_is_told_and_can_be_mended(world: World) -> None:
    """The run waits with every problem in its reason; the file is put right, and it goes on."""
    world.blobs.put("models", "holdout/census.csv", "signal,age\n0.1,39\n")
    run = world.train("good")
    for _ in range(5):
        world.tick(31)
    waiting = world.run(run.run_id)
    assert not waiting.terminal
    assert "holdout models/holdout/census.csv: it has no column 'income'" in waiting.reason
    world.blobs.put("models", "holdout/census.csv", holdout_csv())

    assert world.settle(run, 31).state is RunState.PROMOTED


def test_a_task_that_does_not_fit_the_model_is_a_mistake_in_the_route() -> None:
    """The answer lacks what the task needs: said with the columns there are; at the deadline the run times out."""
    world = world_with_holdout()
    before = world.scoring.score

    def other(endpoint: Any, columns: Any, rows: Any) -> Any:
        scored = before(endpoint, columns, rows)
        return type(scored)(("Scored Labels", "Other"), scored.rows)

    world.scoring.score = other  # type: ignore[method-assign]
    run = world.train("good")
    for _ in range(10):
        world.tick(31)
    assert "has no column 'Scored Probabilities', which a binary holdout needs" in world.run(run.run_id).reason
    assert world.settle(run, 600).state is RunState.TIMED_OUT


def test_golden_rows_tell_that_a_model_changed(world: World) -> None:
    """After the last batch the golden rows are asked again: another answer throws the scores away."""
    run = world.train("good")
    calls = 0
    before = world.scoring.score

    def disturbed(endpoint: Any, columns: Any, rows: Any) -> Any:
        nonlocal calls
        rows = list(rows)
        if len(rows) > 2:
            calls += 1
            if calls == 3:
                world.at["staging"].model = "somebody else's"
            if calls == 6:
                world.at["staging"].model = "good"
        return before(endpoint, columns, rows)

    world.scoring.score = disturbed  # type: ignore[method-assign]
    reasons = set()
    for _ in range(40):
        world.tick(31)
        reasons.add(world.run(run.run_id).reason)
    ended = world.run(run.run_id)

    assert any("changed its answers to the golden rows while it scored the holdout" in reason for reason in reasons)
    assert ended.state is RunState.PROMOTED
    expected = decision_of(train(world_with_holdout(), "good"))
    assert decision_of(ended)["challenger"]["metrics"] == expected["challenger"]["metrics"]


def test_recorded_answers_that_were_cleared_away_are_asked_for_again() -> None:
    """A clean-up of old outputs took the champion's answers: where the interval needs them, it is scored again."""
    world = world_with_holdout(POLICY_KEY + "\nbootstrap = { samples = 100, confidence = 0.9 }")
    first = train(world, "poor")
    assert first.challenger is not None
    assert first.challenger.measured is not None
    for part in first.challenger.measured.parts:
        world.blobs.remove(*BlobPath.parse(part.path))
    run = train(world, "good")

    assert run.state is RunState.PROMOTED
    assert decision_of(run)["data"]["champion"]["scored"] == "on the serving endpoint, beside the challenger"


def test_a_lost_lease_begins_anew(world: World) -> None:
    """The app slept for longer than its lease while it scored, and another run had the endpoint: all is begun anew."""
    first = world.train("good", name="census/a.csv", text="a")
    while world.run(first.run_id).step != "scoring":
        world.blobs.faults.run_at_next("write_text", raising(NoAnswerError(FAULT)))
        world.tick(1)
    world.blobs.faults.forget("write_text")
    stored = world.endpoints.get("census", "production")
    world.endpoints.save(stored, stored.record.leased("another run", world.clock.now()))
    for _ in range(3):
        world.tick(31)
    assert "The lease of the endpoint was lost" in {
        entry.reason.partition(".")[0] for entry in world.runs.history("census", first.run_id)
    }

    assert world.settle(first, 600).state is RunState.PROMOTED


def test_a_holdout_that_is_gone_from_the_route_is_no_reason_to_stop(world: World) -> None:
    """The route is deployed without it while a run scores: the run is evaluated again, on its own evaluation."""
    run = world.train("good")
    while world.run(run.run_id).step != "scoring" and not world.run(run.run_id).terminal:
        world.scoring.faults.run_at_next("score", lambda: None)
        world.blobs.faults.run_at_next("write_text", raising(NoAnswerError(FAULT)))
        world.tick()
    assert world.run(run.run_id).step == "scoring"
    world.blobs.faults.forget("write_text")
    plain = World(example_routes())
    object.__setattr__(world.services, "routes", plain.routes)

    ended = world.settle(run, 31)
    assert ended.state is RunState.PROMOTED
    assert decision_of(ended)["data"]["same"] is False


@pytest.mark.parametrize("step", ["answers", "scoring"])
def test_a_holdout_that_the_route_loses_meanwhile_decides_nothing(
    world: World, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run was staged to be measured: it is evaluated again, by the rules of the route as it is now."""
    world.at["staging"].propagation_s = 10.0
    monkeypatch.setattr(holdout_effects, "SCORE_FOR_S", -1.0)  # no batch is ever scored
    run = world.train("good", 0.9)
    while (world.run(run.run_id).state, world.run(run.run_id).step) != (RunState.STAGED, step):
        world.tick()
    object.__setattr__(world.route, "holdout", None)  # as after a deployment of another routes.toml

    run = world.settle(run, 31)
    assert run.state is RunState.PROMOTED, run.reason
    assert decision_of(run)["data"]["same"] is False


def test_scoring_that_is_disturbed_again_and_again_ends(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Going forwards may take as long as it takes; beginning anew may not: the deadline is not moved any more."""
    answered = world.scoring.score

    def slowly(*arguments: Any) -> Any:
        world.clock.advance(40)
        return answered(*arguments)

    disturbed = HoldoutInvalidated(RetryableError("the endpoint changed its answers"))
    monkeypatch.setattr(world.scoring, "score", slowly)
    monkeypatch.setattr(holdout_effects._Work, "invalidated", lambda _: disturbed)
    run = world.settle(world.train("good", 0.9), ticks=200)

    assert run.state is RunState.TIMED_OUT
    assert "the endpoint changed its answers" in run.reason
    assert_closed(world)
