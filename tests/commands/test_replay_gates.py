"""`landfall gate`: other policies, from the stored records alone."""

from pathlib import Path

import pytest

from landfall.commands.replay_gates import read_policy_file, replay
from landfall.errors import CommandError
from shared.gates.policy import Gate, NoChampion, Policy
from tests.pipeline.world import World, decision_of


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
def test_another_policy_decides_on_the_record(world: World, policy: Policy, expected: list[str]) -> None:
    """The first run has no champion to compare with, and the second has the first, under another policy as well."""
    runs = [world.settle(world.train("first", 0.9)), world.settle(world.train("second", 0.95, "census/b.csv"))]

    others = [replay(run, policy) for run in runs]

    assert [replayed.would_be.verdict.value for replayed in others] == expected
    assert [replayed.differs for replayed in others] == [verdict != "promote" for verdict in expected]


def test_the_same_policy_decides_the_same(world: World) -> None:
    """A replay under the route's own policy gives the same verdict and sentences."""
    for run in (
        world.settle(world.train("first", 0.9)),
        world.train("worse", 0.85, "census/b.csv"),
        world.train("bad", "NaN", "census/c.csv"),
    ):
        assert run.decision is not None
        replayed = replay(run, world.route.policy)
        assert (replayed.differs, replayed.would_be.reasons) == (False, decision_of(run)["reasons"])


def test_a_wrong_policy_file_names_every_problem(tmp_path: Path) -> None:
    """All problems of a policy file are reported at once, each with its place."""
    file = tmp_path / "policy.toml"
    file.write_text('no_champion = "maybe"\ncooldown = 5\ngates = [{metric = "AUC", at_leest = 0.8}]', encoding="utf-8")
    with pytest.raises(CommandError) as refused:
        read_policy_file(file)
    for says in (
        "no_champion",
        "cooldown is not a known key. Write 'cooldown_s' if that was meant",
        "at_leest",
        "has no bound",
    ):
        assert says in str(refused.value)
    file.write_text("\ngates = ]", encoding="utf-8")
    with pytest.raises(CommandError, match=r"not valid TOML: .*line 2"):
        read_policy_file(file)
    with pytest.raises(CommandError, match="cannot be read"):
        read_policy_file(tmp_path / "none.toml")
