"""Reconciling: an endpoint that serves something else than was verified is noticed and brought back."""

from datetime import timedelta

import pytest

from shared.errors import LandfallError, NoAnswerError, RejectedError, ThrottledError
from shared.log_actions import LogAction
from shared.pipeline.reconciling import reconcile
from shared.records.run_states import RunState
from tests.log_lines import lines_about
from tests.pipeline.late_updates import archived_model, patch_late, put, twice_promoted
from tests.pipeline.world import FAULT, World, assert_closed


@pytest.fixture
def world() -> World:
    """Give a world in which two models were promoted, one after the other."""
    return twice_promoted()


def test_an_endpoint_that_serves_what_it_must_is_left_alone(world: World) -> None:
    """Nothing is sent and nothing is written."""
    saves, patches = world.endpoints.faults.calls["save"], world.scoring.faults.calls["patch"]
    assert reconcile(world.services) == 0
    assert (world.endpoints.faults.calls["save"], world.scoring.faults.calls["patch"]) == (saves, patches)


def test_an_older_model_that_came_late_is_replaced(world: World) -> None:
    """The next sweep gives the champion again; the one after it sees that it serves, and gives the lease back."""
    patch_late(world, archived_model(world, 0))
    assert world.served() == "first"
    assert reconcile(world.services) == 1
    world.clock.advance(2)

    assert world.served() == "second"
    assert reconcile(world.services) == 0
    assert_closed(world)


def test_a_repair_that_died_is_done_again(world: World) -> None:
    """Its PATCH was lost: once nothing of it can arrive any more, a sweep sends it again."""
    patch_late(world, archived_model(world, 0))
    world.scoring.faults.fail_next("patch", NoAnswerError(FAULT))
    assert reconcile(world.services) == 0
    assert reconcile(world.services) == 0
    world.clock.advance(200)
    assert reconcile(world.services) == 1
    world.clock.advance(2)
    assert world.served() == "second"


@pytest.mark.parametrize("error", [RejectedError(FAULT), ThrottledError(FAULT)], ids=["refused", "throttled"])
def test_a_repair_that_was_refused_holds_up_nobody(world: World, error: LandfallError) -> None:
    """It is known to have changed nothing: the endpoint is free, and the next sweep may try again at once."""
    patch_late(world, archived_model(world, 0))
    world.scoring.faults.fail_next("patch", error)
    assert reconcile(world.services) == 0
    record = world.endpoints.get("census", "production").record
    assert (record.lease, record.in_flight_until) == (None, None)

    assert reconcile(world.services) == 1
    world.clock.advance(2)
    assert world.served() == "second"


def test_nothing_is_on_its_way_after_a_repair_that_was_answered(world: World) -> None:
    """What is promoted next does not wait for it."""
    patch_late(world, archived_model(world, 0))
    reconcile(world.services)
    world.clock.advance(2)
    reconcile(world.services)

    record = world.endpoints.get("census", "production").record
    assert (record.lease, record.in_flight_until) == (None, None)


@pytest.mark.parametrize("slept", [True, False], ids=["machine slept", "wall clock set back"])
def test_a_repair_by_a_worker_that_was_paused_is_not_sent(world: World, slept: bool) -> None:
    """Between its write and its PATCH another worker may have promoted: either clock alone tells of the pause."""
    patch_late(world, archived_model(world, 0))
    patches = len(world.at["production"].patches)
    began_at = world.clock.now()

    def pause() -> None:
        if slept:  # the monotonic clock stands while the machine sleeps
            world.clock.set(began_at + timedelta(hours=2))
        else:
            world.clock.advance(7200)
            world.clock.set(began_at)

    world.endpoints.faults.run_at_next("save", pause, after=True)
    assert reconcile(world.services) == 0
    assert (len(world.at["production"].patches), world.served()) == (patches, "first")

    world.clock.advance(7200)
    assert reconcile(world.services) == 1
    world.clock.advance(2)
    assert world.served() == "second"


def test_a_promotion_waits_for_a_repair(world: World) -> None:
    """While the champion is given again nobody promotes; afterwards the newer run goes on."""
    patch_late(world, archived_model(world, 0))
    reconcile(world.services)
    run = world.train("third", 0.99, "census/c.csv")
    assert run.state is RunState.TRAINED
    assert "repair" in run.reason

    reconcile(world.services)
    assert world.settle(run).state is RunState.PROMOTED
    assert world.served() == "third"


def test_a_repair_that_is_never_finished_does_not_block_for_ever(world: World) -> None:
    """Its lease ends."""
    patch_late(world, archived_model(world, 0))
    reconcile(world.services)
    run = world.train("third", 0.99, "census/c.csv")

    assert world.settle(run).state is RunState.PROMOTED


def test_a_service_that_answers_in_two_ways_is_reported_and_not_patched_for_ever(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """It names the model that was verified, so giving it again would change nothing."""
    world.at["production"].model = "second, on another machine"
    patches = len(world.at["production"].patches)
    for _ in range(3):
        assert reconcile(world.services) == 0

    assert len(world.at["production"].patches) == patches
    assert len(lines_about(caplog, LogAction.ENDPOINT_MISMATCHED)) == 3


def test_a_service_that_does_not_tell_its_model_is_judged_by_its_answers(world: World) -> None:
    """Other answers than verified: the model is given again."""
    world.at["production"].model, world.at["production"].relative = "first", ""
    assert reconcile(world.services) == 1
    world.clock.advance(2)
    assert world.served() == "second"


COPIES = {"one place": "service/current", "a place each": "service/{n}", "nothing": ""}


@pytest.mark.parametrize("copies_to", COPIES)
@pytest.mark.parametrize("swept", [True, False])
def test_a_late_update_is_repaired_whatever_the_endpoint_lists(copies_to: str, swept: bool) -> None:
    """A service that copies models names its own places: what the golden rows say decides, before and after a sweep."""
    world = World()
    world.at["production"].copies_to = COPIES[copies_to]
    for number, model in enumerate(("first", "second", "third")):
        world.settle(world.train(model, 0.9 + number / 100, f"census/{number}.csv"))
    if swept:
        assert reconcile(world.services) == 0
    world.scoring.patch(world.route.serving, world.blobs.link(archived_model(world, 0), 60))
    if copies_to == "nothing":
        world.at["production"].relative = ""
    world.clock.advance(2)
    assert world.served() == "first"

    repaired = 0
    for _ in range(6):
        repaired += reconcile(world.services)
        if copies_to == "nothing":
            world.at["production"].relative = ""
        world.clock.advance(30)
    assert (repaired, world.served()) == (1, "third")
    assert_closed(world)
    assert world.endpoints.get("census", "production").record.frozen is None


def test_a_place_that_is_listed_all_the_time_is_remembered(world: World) -> None:
    """The endpoint serves what was verified and names another place: that is read once, and then proves nothing."""
    world.at["production"].relative = "service/current"
    reconcile(world.services)
    record = world.endpoints.get("census", "production").record
    assert record.served is not None
    assert record.served.listed == "service/current"

    saves = world.endpoints.faults.calls["save"]
    reconcile(world.services)
    assert world.endpoints.faults.calls["save"] == saves


def test_a_listing_that_stands_still_is_repaired_once_and_then_believed(world: World) -> None:
    """It names the initial model for ever although the champion answers: no update is sent at every sweep."""
    patches = len(world.at["production"].patches)
    for _ in range(10):
        world.at["production"].relative = "models/initial/census.ilearner"
        reconcile(world.services)
        world.clock.advance(60)

    assert len(world.at["production"].patches) == patches + 1
    assert world.served() == "second"
    assert_closed(world)


def test_an_earlier_attempt_of_the_champion_is_known(world: World) -> None:
    """Its model lies beside the one that was verified, under the same run: it is replaced like any older one."""
    champion = world.endpoints.get("census", "production").record.champion
    assert champion is not None
    path = f"models/census/{champion.run_id}-9.ilearner"
    put(world, path, "an earlier attempt")
    patch_late(world, path)

    assert reconcile(world.services) == 1
    world.clock.advance(2)
    assert world.served() == "second"


def test_after_a_rollback_the_model_that_was_put_back_is_kept(world: World) -> None:
    """A late update with the rolled back model is repaired as well."""
    world.at["production"].ignore_patch = True
    run = world.settle(world.train("bad", 0.99, "census/c.csv"))
    assert run.state is RunState.ROLLED_BACK
    world.at["production"].ignore_patch = False
    patch_late(world, f"models/census/{run.run_id}.ilearner")
    assert world.served() == "bad"
    assert reconcile(world.services) == 1
    world.clock.advance(2)

    assert world.served() == "second"
