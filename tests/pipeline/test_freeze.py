"""A frozen endpoint gets no new model until it is unfrozen; what is sent already is finished."""

import re

import pytest

from shared.log_actions import LogAction
from shared.records.run_states import RunState
from tests.log_lines import lines_about
from tests.pipeline.operator_calls import ask, go_back, promote
from tests.pipeline.world import World


def test_a_frozen_endpoint_gets_no_new_model(world: World) -> None:
    """A better model waits, however long, and says for whom; unfrozen, it goes on."""
    assert ask(world, "freeze", endpoint="production", by="bob", reason="release day")[0] == 200
    run = world.train()
    for _ in range(20):
        world.tick(86_400 / 2)
    waiting = world.run(run.run_id)
    assert (waiting.state, waiting.reason) == (RunState.TRAINED, "Endpoint production is frozen by bob: release day")
    assert world.at["staging"].patches == []

    assert ask(world, "unfreeze", endpoint="production", by="bob")[1]["frozen"] is False
    assert world.settle(run).state is RunState.PROMOTED


def test_a_second_freeze_says_who_froze_first(world: World) -> None:
    """The word that stands is not lost in silence; the very same request again, after a lost answer, is none."""
    assert ask(world, "freeze", endpoint="production", by="bob", reason="release day")[0] == 200
    assert ask(world, "freeze", endpoint="production", by="bob", reason="release day")[0] == 200
    status, body = ask(world, "freeze", endpoint="production", by="ann", reason="holidays")

    assert status == 409
    assert re.search(r"frozen already, by bob since 2026-\S+ \S+ UTC: release day; .* unfreeze it first", body["error"])
    assert ask(world, "unfreeze", endpoint="production", by="ann")[0] == 200
    assert ask(world, "freeze", endpoint="production", by="ann", reason="holidays")[0] == 200


def test_who_unfroze_stands_in_the_log(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing of a freeze is left in the record, so the log tells by whom it was ended, and why."""
    caplog.set_level("INFO", "landfall.operations")
    ask(world, "freeze", endpoint="production", by="bob", reason="release day")
    ask(world, "unfreeze", endpoint="production", by="ann", reason="it is over")

    assert lines_about(caplog, LogAction.OPERATOR_FROZE) == ["endpoint census/production: frozen by bob: release day"]
    assert lines_about(caplog, LogAction.OPERATOR_UNFROZE) == [
        "endpoint census/production: unfrozen by ann: it is over"
    ]


def test_freezing_stops_what_is_decided_and_not_what_is_sent(world: World) -> None:
    """A decided run waits; one that is being promoted ends verified."""
    run = world.train()
    while world.run(run.run_id).state is not RunState.VERIFYING:
        world.tick()
    ask(world, "freeze", endpoint="census/production", by="bob", reason="now")
    assert world.settle(run).state is RunState.PROMOTED

    second_world = World()
    run = second_world.train()
    while second_world.run(run.run_id).state is not RunState.STAGED:
        second_world.tick()
    ask(second_world, "freeze", endpoint="production", by="bob", reason="now")
    for _ in range(20):
        second_world.tick(60)
    assert second_world.run(run.run_id).state is RunState.TRAINED
    assert second_world.at["production"].patches == []
    ask(second_world, "unfreeze", endpoint="production", by="bob")
    assert second_world.settle(run).state is RunState.PROMOTED


def test_an_operator_goes_back_on_a_frozen_endpoint(world: World) -> None:
    """Freeze first, think, then go back: the freeze holds up new models only, and stays."""
    promote(world, "first", 0.9)
    promote(world, "second", 0.95)
    ask(world, "freeze", endpoint="production", by="bob", reason="complaints")

    assert go_back(world).state is RunState.PROMOTED
    assert world.endpoints.get("census", "production").record.frozen is not None
