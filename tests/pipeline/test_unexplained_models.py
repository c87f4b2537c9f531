"""A model that no run explains is left in service: the endpoint is frozen until a person decides."""

from dataclasses import replace

import pytest

from shared.log_actions import LogAction
from shared.operators import endpoint_overrides
from shared.pipeline.reconciling import reconcile
from shared.records.run_states import RunState
from tests.log_lines import lines_about
from tests.pipeline.late_updates import archived_model, patch_late, put, twice_promoted
from tests.pipeline.world import World

UNKNOWN = "models/census/00000000000000000000000000000000.ilearner"


@pytest.fixture
def world() -> World:
    """Give a world in which two models were promoted, one after the other."""
    return twice_promoted()


@pytest.mark.parametrize("path", [UNKNOWN, "elsewhere/mine.ilearner"])
@pytest.mark.parametrize("listed", ["as given", "silent", "stands still"])
def test_a_model_that_no_run_explains_is_left_and_the_endpoint_frozen(
    world: World, caplog: pytest.LogCaptureFixture, path: str, listed: str
) -> None:
    """The table may know less than the endpoint, say after a restore: nothing is sent, and that is said once."""
    reconcile(world.services)
    before = world.at["production"].relative
    put(world, path, "newer than the table")
    patch_late(world, path)
    if listed == "silent":
        world.at["production"].relative = ""
    elif listed == "stands still":
        world.at["production"].relative = "service/current"
        stored = world.endpoints.get("census", "production")
        assert stored.record.served is not None
        served = stored.record.served._replace(listed="service/current")
        world.endpoints.save(stored, replace(stored.record, served=served))
    assert before != path
    patches = len(world.at["production"].patches)

    for _ in range(3):
        assert reconcile(world.services) == 0
        world.clock.advance(15)
    assert (len(world.at["production"].patches), world.served()) == (patches, "newer than the table")
    assert len(lines_about(caplog, LogAction.ENDPOINT_UNEXPLAINED)) == 1
    frozen = world.endpoints.get("census", "production").record.frozen
    assert frozen is not None
    assert (path if listed == "as given" else "its answers differ") in frozen.reason

    run = world.settle(world.train("third", 0.99, "census/c.csv"), ticks=5)
    assert run.state is RunState.TRAINED
    assert "frozen by the sweep" in run.reason
    # What serves is left there, and promotions go on.
    endpoint_overrides.unfreeze(world.services, "production", "alice")
    assert world.settle(run).state is RunState.PROMOTED
    assert world.served() == "third"


def test_a_run_that_the_table_does_not_know_counts_more_than_its_answers(world: World) -> None:
    """It answers as an older model does, and is of a run that the table has lost: nobody can tell that it is older."""
    world.scoring.alike["newer"] = "first"
    put(world, UNKNOWN, "newer")
    patch_late(world, UNKNOWN)

    assert reconcile(world.services) == 0
    assert world.served() == "newer"
    assert world.endpoints.get("census", "production").record.unexplained


def test_an_unknown_run_that_is_not_served_yet_is_not_taken_for_a_place_of_the_service(world: World) -> None:
    """Accepted, and still the verified model answers: nothing is remembered; once it serves, the endpoint is frozen."""
    put(world, UNKNOWN, "newer")
    world.scoring.patch(world.route.serving, world.blobs.link(UNKNOWN, 60))
    assert reconcile(world.services) == 0
    record = world.endpoints.get("census", "production").record
    assert record.served is not None
    assert (record.served.listed, record.frozen) == (None, None)
    world.clock.advance(2)

    assert reconcile(world.services) == 0
    assert world.endpoints.get("census", "production").record.unexplained


def test_a_person_can_put_the_champion_back(world: World) -> None:
    """The model in the row is wanted, not the one that nothing explains: it is verified again, and stays champion."""
    put(world, UNKNOWN, "newer than the table")
    patch_late(world, UNKNOWN)
    reconcile(world.services)
    champion = world.endpoints.get("census", "production").record.champion
    assert champion is not None
    run = endpoint_overrides.rollback(world.services, "production", "alice", "a mistake", champion.run_id)

    assert world.settle(run).state is RunState.PROMOTED
    record = world.endpoints.get("census", "production").record
    assert (world.served(), record.unexplained) == ("second", False)
    assert record.champion is not None
    assert (record.champion.run_id, record.champion.generation in record.blocked_generations) == (
        champion.run_id,
        False,
    )
    endpoint_overrides.unfreeze(world.services, "production", "alice")
    assert reconcile(world.services) == 0
    assert world.endpoints.get("census", "production").record.served is not None


def test_an_earlier_word_of_an_operator_is_kept(world: World) -> None:
    """The endpoint was frozen for a release when the unknown model came: both stand in the reason."""
    endpoint_overrides.freeze(world.services, "production", "bob", "release day")
    put(world, UNKNOWN, "newer than the table")
    patch_late(world, UNKNOWN)
    reconcile(world.services)

    frozen = world.endpoints.get("census", "production").record.frozen
    assert frozen is not None
    assert UNKNOWN in frozen.reason
    assert "frozen by bob: release day" in frozen.reason


def test_a_newer_model_that_the_row_forgot_is_not_taken_away(world: World) -> None:
    """The endpoint's row is of an older backup than the runs: the promoted, newer run stays in service."""
    stored = world.endpoints.get("census", "production")
    second = stored.record.champion
    first = world.runs.list_runs()[-1].run
    assert second is not None
    assert stored.record.served is not None
    champion = second._replace(run_id=first.run_id, generation=first.generation, model=archived_model(world, 0))
    assert first.golden_answers is not None
    assert first.golden_answers.staged is not None
    served = stored.record.served._replace(model=archived_model(world, 0), answers=first.golden_answers.staged)
    world.endpoints.save(stored, replace(stored.record, champion=champion, served=served))

    assert reconcile(world.services) == 0
    assert world.served() == "second"
    assert world.endpoints.get("census", "production").record.unexplained
