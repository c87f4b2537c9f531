"""The clock outside the app as Logic Apps: what they ask for, how often, and where the key is."""

import json
import re
from typing import Any

import pytest

from tests.infra.deployments import Resource, deployment

URI = r"\[format\('https://\{0\}/api/\{1\}', reference\(.*\)\.defaultHostName, '(\w+)'\)\]"
CLOCKS = deployment("outside-clock").of("Microsoft.Logic/workflows")


def action_of(clock: Resource) -> dict[str, Any]:
    """Return the only action of a clock."""
    (action,) = clock.properties["definition"]["actions"].values()
    return dict(action)


def test_it_ticks_every_five_minutes_and_sweeps_every_fifteen() -> None:
    """The app has one function for each; only one run at a time."""
    clocks = {}
    for clock in CLOCKS:
        (trigger,) = clock.properties["definition"]["triggers"].values()
        assert trigger["runtimeConfiguration"]["concurrency"]["runs"] == 1
        assert (trigger["type"], trigger["recurrence"]["frequency"]) == ("Recurrence", "Minute")
        inputs = action_of(clock)["inputs"]
        assert inputs["method"] == "POST"
        uri = re.fullmatch(URI, inputs["uri"])
        assert uri, inputs["uri"]
        clocks[uri[1]] = trigger["recurrence"]["interval"]
    assert clocks == {"tick": 5, "sweep": 15}


@pytest.mark.parametrize("clock", CLOCKS, ids=lambda clock: clock.name)
def test_the_key_is_a_secure_parameter_and_in_no_history(clock: Resource) -> None:
    """The definition names it; only the parameter has it, and the runs hide what was sent."""
    definition = clock.properties["definition"]
    assert definition["parameters"]["functionKey"]["type"] == "SecureString"
    assert "listKeys(" not in json.dumps(definition)
    assert "listKeys(" in clock.properties["parameters"]["functionKey"]["value"]
    action = action_of(clock)
    assert action["inputs"]["headers"] == {
        "Content-Type": "application/json",
        "x-functions-key": "@parameters('functionKey')",
    }
    assert action["runtimeConfiguration"]["secureData"]["properties"] == ["inputs"]


@pytest.mark.parametrize("clock", CLOCKS, ids=lambda clock: clock.name)
def test_an_answer_202_is_an_answer(clock: Resource) -> None:
    """By default a Logic App would poll for another one."""
    assert action_of(clock)["operationOptions"] == "DisableAsyncPattern"
    assert action_of(clock)["inputs"]["body"] == {}
