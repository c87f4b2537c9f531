"""The holdout: both models are measured on the same rows, and the policy decides by that."""

import json
from typing import Any

import pytest

from shared.operators import approvals, endpoint_overrides
from shared.records.json_codec import to_json_value
from shared.records.run_states import RunState
from tests.pipeline.holdout_world import POLICY_KEY, ROWS, holdout_csv, train, world_with_holdout
from tests.pipeline.world import World, assert_closed, decision_of


@pytest.fixture
def world() -> World:
    """Give a world whose route has a holdout."""
    return world_with_holdout()


def test_both_models_are_measured_on_the_same_rows(world: World) -> None:
    """The job's own evaluation says that the second is worse; on the same rows it is better, and is promoted."""
    assert train(world, "poor", 0.99).state is RunState.PROMOTED
    run = train(world, "good", 0.81)

    assert run.state is RunState.PROMOTED, run.reason
    decision = decision_of(run)
    assert decision["data"]["same"] is True
    assert decision["data"]["holdout"]["rows"] == ROWS
    assert decision["data"]["note"] == "Both models were measured on the same 200 rows of models/holdout/census.csv."
    challenger, champion = decision["challenger"]["metrics"], decision["champion"]["metrics"]
    assert challenger["AUC"] > champion["AUC"] + 0.1
    assert decision["challenger"]["own"] == {"Accuracy": 0.8, "AUC": 0.81}
    assert_closed(world)


@pytest.mark.parametrize("no_champion", ["promote", "threshold-only", "hold"])
def test_the_model_that_an_operator_went_back_to_is_measured(no_champion: str) -> None:
    """After a rollback to the initial model it is known what serves: a new one must beat it on the same rows."""
    world = world_with_holdout(f'no_champion = "{no_champion}"')
    world.scoring.skill |= {"seed": 0.6}
    run = train(world, "good")
    if run.state is RunState.HELD:
        approvals.approve(world.services, run.run_id, "alice", "looks well")
        run = world.settle(run)
    assert run.state is RunState.PROMOTED
    world.settle(endpoint_overrides.rollback(world.services, "production", "alice", "complaints"), 31)
    assert (world.served(), world.endpoints.get("census", "production").record.champion) == ("seed", None)

    worse = train(world, "poor")
    assert (worse.state, world.served()) == (RunState.REJECTED, "seed")
    assert decision_of(worse)["champion"]["metrics"]["AUC"] > decision_of(worse)["challenger"]["metrics"]["AUC"]
    assert decision_of(worse)["data"]["same"] is True
    assert train(world, "best").state is RunState.PROMOTED


def test_a_model_that_is_worse_on_the_same_rows_is_rejected(world: World) -> None:
    """However good its own evaluation looks; no endpoint of users is touched."""
    train(world, "good")
    patches = list(world.at["production"].patches)
    run = train(world, "poor", 0.999)

    assert run.state is RunState.REJECTED
    assert "against the champion's" in run.reason
    assert world.at["production"].patches == patches
    assert_closed(world)


def test_the_champions_answers_are_used_again_while_the_holdout_is_the_same(world: World) -> None:
    """Scored as a challenger, it is not scored a second time; on a new version of the holdout it is."""
    train(world, "poor")
    scored: list[str] = []
    count = world.scoring.score

    def counting(endpoint: Any, columns: Any, rows: Any) -> Any:
        rows = list(rows)
        if len(rows) > 2:
            scored.append(endpoint.name)
        return count(endpoint, columns, rows)

    world.scoring.score = counting  # type: ignore[method-assign]
    first = train(world, "good")
    assert set(scored) == {"staging"}
    assert decision_of(first)["data"]["champion"]["scored"] == "on the staging endpoint, when it was the challenger"

    world.blobs.put("models", "holdout/census.csv", holdout_csv(seed=2))
    second = train(world, "best")
    assert set(scored) == {"staging", "production"}
    assert scored.count("production") == ROWS / 40
    assert decision_of(second)["data"]["champion"]["scored"] == "on the serving endpoint, beside the challenger"
    identities = {decision_of(run)["data"]["holdout"]["identity"] for run in (first, second)}
    assert len(identities) == 2


def test_without_a_champion_the_policy_says_what_to_do() -> None:
    """`threshold-only` measures the challenger alone; `compare` also the model in service, whoever put it there."""
    alone = decision_of(train(world_with_holdout(), "poor"))
    assert alone["champion"] is None
    assert alone["data"]["same"] is False
    assert "There is no champion to measure." in alone["data"]["note"]

    world = world_with_holdout('no_champion = "compare"')
    world.scoring.skill["seed"] = 0.95
    rejected = train(world, "poor")
    assert rejected.state is RunState.REJECTED
    world.scoring.skill["seed"] = 0.1
    promoted = train(world, "good")
    assert promoted.state is RunState.PROMOTED
    assert decision_of(promoted)["champion"]["run_id"] is None
    assert decision_of(promoted)["data"]["same"] is True


def test_a_gain_must_be_sure_if_the_policy_says_so() -> None:
    """A small gain on few rows may be chance: rejected, with the interval; a large one is promoted."""
    world = world_with_holdout(POLICY_KEY + "\nbootstrap = { samples = 200, confidence = 0.95 }")
    world.scoring.skill |= {"good": 0.50, "hardly": 0.52}
    train(world, "good")
    run = train(world, "hardly")
    assert run.state is RunState.REJECTED
    assert "(95 % sure: " in run.reason
    interval = decision_of(run)["intervals"]["AUC"]
    assert interval["low"] < 0.002 < interval["high"]

    sure = train(world, "best")
    assert sure.state is RunState.PROMOTED, sure.reason
    assert decision_of(sure)["intervals"]["AUC"]["low"] >= 0.002


def test_min_rows_counts_the_rows_of_the_holdout() -> None:
    """Two hundred rows are too few for a policy that wants more."""
    run = train(world_with_holdout(POLICY_KEY + "\nmin_rows = 500"), "good")

    assert run.state is RunState.REJECTED
    assert "200 rows were evaluated: at least 500 required" in run.reason


def test_nothing_of_a_holdout_stands_in_a_row(world: World) -> None:
    """Neither its rows nor the answers: only where they lie."""
    run = train(world, "good")
    assert len(json.dumps(to_json_value((run.decision, run.challenger, run.holdout_progress)))) < 4000
