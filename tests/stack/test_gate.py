"""`landfall gate` and `explain`: other policies, and the story of a run, from the stored records alone."""

from pathlib import Path

import pytest
from rich.console import Console

from landfall.operations import explain
from landfall.operations.gate import again, policy_from
from landfall.stack.state import StackError
from shared.policy import Gate, NoChampion, Policy
from shared.runs import RunState
from tests.pipeline.world import World


@pytest.fixture
def world() -> World:
    """Give a world with the example route."""
    return World()


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (Policy(gates=(Gate(metric="auc", min_gain=0.01),), no_champion=NoChampion.HOLD), ["hold", "promote"]),
        (Policy(gates=(Gate(metric="AUC", at_least=0.92),), no_champion=NoChampion.PROMOTE), ["promote", "promote"]),
        (Policy(gates=(Gate(metric="AUC", min_gain=0.1),), no_champion=NoChampion.PROMOTE), ["promote", "reject"]),
        (Policy(gates=(Gate(metric="Profit", at_least=0),), no_champion=NoChampion.PROMOTE), ["reject", "reject"]),
    ],
)
def test_another_policy_decides_on_what_was_recorded(world: World, policy: Policy, expected: list[str]) -> None:
    """The first run had no champion to compare with, the second one had the first: also under another policy."""
    runs = [world.settle(world.train("first", 0.9)), world.settle(world.train("second", 0.95, "census/b.csv"))]

    others = [again(run, policy) for run in runs]

    assert [one.would_be.verdict.value for one in others] == expected
    assert [one.differs for one in others] == [verdict != "promote" for verdict in expected]


def test_the_same_policy_decides_the_same(world: World) -> None:
    """Whatever was decided, deciding again by the route's own policy gives verdict and sentences again."""
    for run in (
        world.settle(world.train("first", 0.9)),
        world.train("worse", 0.85, "census/b.csv"),
        world.train("bad", "NaN", "census/c.csv"),
    ):
        assert run.decision is not None
        one = again(run, world.route.policy)
        assert (one.differs, one.would_be.reasons) == (False, run.decision["reasons"])


def test_a_wrong_policy_file_names_every_problem(tmp_path: Path) -> None:
    """What is wrong, where, all at once; a file that is none says so."""
    file = tmp_path / "policy.toml"
    file.write_text('no_champion = "maybe"\ncooldown = 5\ngates = [{metric = "AUC", at_leest = 0.8}]', encoding="utf-8")
    with pytest.raises(StackError) as found:
        policy_from(file)
    for says in ("no_champion", "cooldown is not a known key; did you mean 'cooldown_s'", "at_leest", "has no bound"):
        assert says in str(found.value)
    file.write_text("\ngates = ]", encoding="utf-8")
    with pytest.raises(StackError, match=r"not valid TOML: .*line 2"):
        policy_from(file)
    with pytest.raises(StackError, match="cannot be read"):
        policy_from(tmp_path / "none.toml")


def told(world: World, name: str) -> str:
    """Return what `explain` prints about the run of a file."""
    (run,) = (one.run for one in world.runs.list_runs() if one.run.blob == name)
    out = Console(width=300)
    with out.capture() as captured:
        explain.show(out, run)
    return captured.get()


def test_a_promotion_is_explained(world: World) -> None:
    """File, input, job, both models' metrics, each gate's sentence, the endpoint before and after."""
    first = world.settle(world.train("first", 0.9))
    run = world.settle(world.train("second", 0.95, "census/b.csv"))
    text = told(world, "census/b.csv")

    for says in (
        "incoming/census/b.csv",
        run.input_blob,
        run.job_id,
        "AUC 0.95 against the champion's 0.9: better by 0.05, needs +0.002",
        f"before: models/census/{first.run_id}.ilearner",
        f"after:  models/census/{run.run_id}.ilearner",
        "production (serve): verified",
        "not on the same data",
    ):
        assert says in text
    assert explain.side_by_side(run) == [("Accuracy", 0.8, 0.8), ("AUC", 0.95, 0.9)]
    assert explain.story(run)["endpoint"] == {
        "before": f"models/census/{first.run_id}.ilearner",
        "after": f"models/census/{run.run_id}.ilearner",
    }


def test_a_rejection_and_a_rollback_leave_the_endpoint_as_it_was(world: World) -> None:
    """Nothing changed in the end, and the story says why."""
    world.settle(world.train("first", 0.9))
    world.train("worse", 0.85, "census/b.csv")
    assert "after:  the same" in told(world, "census/b.csv")
    assert "failed  AUC 0.85 against the champion's 0.9" in told(world, "census/b.csv")

    world.at["production"].ignore_patch = True
    run = world.settle(world.train("second", 0.95, "census/c.csv"))
    assert run.state is RunState.ROLLED_BACK
    assert "after:  the same" in told(world, "census/c.csv")
    assert "put_back" in told(world, "census/c.csv")


def test_a_run_on_its_way_says_how_far_it_came(world: World) -> None:
    """Without a decision there is none to tell."""
    world.land()

    assert "There is no decision" in told(world, "census/a.csv")
