"""The workbook: its queries find in lines of the app's log what its charts are about."""

import json
import logging
import re
from dataclasses import replace
from typing import Any

import pytest

from shared.effects.run_session import RunSession
from shared.errors import UnavailableError
from shared.log_actions import LogAction
from shared.pipeline.polling import Ticker
from shared.records.run_identity import UNROUTED
from shared.records.run_states import TERMINAL, RunState
from tests.infra.deployments import deployment
from tests.infra.sources import ROOT
from tests.pipeline.world import FAULT, World

MADE = deployment("first-up")
WORKBOOK = MADE.get("Microsoft.Insights/workbooks").properties
ITEMS: dict[str, dict[str, Any]] = {item["name"]: item for item in json.loads(WORKBOOK["serializedData"])["items"]}
QUERIES = {name: item["content"]["query"] for name, item in ITEMS.items() if item["type"] == 3}
_EXTRACTED = re.compile(r'(\w+) = (?:url_decode\()?extract\(@"((?:[^"])+)", 1, Message\)')


def extracted(query: str, line: str) -> dict[str, str]:
    """Evaluate the `extract` calls of a query for a line, as KQL does: an empty text where nothing matches."""
    values = {}
    for column, pattern in _EXTRACTED.findall(query):
        match = re.search(pattern, line)
        values[column] = match[1] if match else ""
    return values


def test_runs_are_counted_by_their_outcome(lines: pytest.LogCaptureFixture) -> None:
    """Every end of a run is one line with its outcome and route; no other line has an outcome."""
    world = World()
    assert world.settle(world.train("first", 0.9)).state is RunState.PROMOTED
    assert world.settle(world.train("worse", 0.5, "census/b.csv")).state is RunState.REJECTED
    world.at["production"].ignore_patch = True
    assert world.settle(world.train("other", 0.95, "census/c.csv")).state is RunState.ROLLED_BACK

    assert outcomes_in(lines.messages) == [("promoted", "census"), ("rejected", "census"), ("rolled_back", "census")]


def test_a_file_without_a_route_is_counted(lines: pytest.LogCaptureFixture) -> None:
    """It ends where it lands, without a step of its run."""
    world = World()
    world.drop("sales/a.csv")
    world.sweep()

    assert outcomes_in(lines.messages) == [("unrouted", UNROUTED)]


@pytest.mark.parametrize("state", sorted(TERMINAL - {RunState.UNROUTED}))
def test_every_outcome_is_counted_by_its_action(state: RunState, lines: pytest.LogCaptureFixture) -> None:
    """Whatever the file is called: a name may read as an outcome or as fields of a line."""
    world = World()
    run = world.land("census/a: promoted: [action=run.failed].csv")
    lines.clear()
    stored = world.services.runs.get("census", run.run_id)
    assert stored is not None
    session = RunSession(world.services, world.route, stored)
    ended = run.evolve(world.services.clock.now(), reason="failed: it was not promoted: yet")
    session.save(replace(ended, state=state))

    assert outcomes_in(lines.messages) == [(state.value, "census")]


def outcomes_in(messages: list[str]) -> list[tuple[str, str]]:
    """Return the outcomes and routes that the charts of outcomes see in lines; both charts see the same ones."""
    assert QUERIES["outcomes-by-route"].startswith(QUERIES["runs-by-outcome"].partition("| summarize")[0])
    rows = [extracted(QUERIES["outcomes-by-route"], message) for message in messages]
    return [(row["Outcome"], row["Route"]) for row in rows if row["Outcome"]]


def test_every_outcome_is_known() -> None:
    """The query names the terminal states of the app, all of them."""
    (states,) = {match for query in QUERIES.values() for match in re.findall(r"\(promoted\|[\w|]+\)", query)}
    assert set(states.strip("()").split("|")) == {state.value for state in TERMINAL}


def test_failures_are_listed_with_run_and_route(lines: pytest.LogCaptureFixture) -> None:
    """A failed training is a row of the table; its run can be given to `landfall show`."""
    world = World()
    run = world.land()
    for _ in range(5):
        if not world.run(run.run_id).terminal:
            world.training.fail(world.run(run.run_id).job_id, "0085: the script failed")
            world.tick(600)
    rows = [extracted(QUERIES["failures"], line) for line in lines.messages]
    (row,) = [row for row in rows if row["Action"] in named_actions("failures")]

    assert row == {"Action": "run.failed", "Route": "census", "Run": run.run_id}


def test_a_bug_is_listed_although_its_traceback_follows(lines: pytest.LogCaptureFixture) -> None:
    """The worker sends the host the text and the traceback as one message."""
    world = World()
    world.training.faults.fail_next("submit", ZeroDivisionError("a bug"), times=1)
    world.land()
    formatted = [logging.Formatter().format(record) for record in lines.records]

    (message,) = [message for message in formatted if "Traceback" in message]
    for name in ("failures", "warnings-by-action"):
        assert extracted(QUERIES[name], message)["Action"] == "run.step_crashed"


def test_stuck_runs_are_listed(lines: pytest.LogCaptureFixture) -> None:
    """The line is about all runs at once and names none."""
    world, ticker = World(), Ticker()
    world.training.faults.fail_next("submit", UnavailableError(FAULT), times=99)
    world.land()
    for _ in range(50):
        ticker.tick(world.services)
        world.clock.advance(60)

    assert "runs.stuck" in {extracted(QUERIES["warnings-by-action"], line)["Action"] for line in lines.messages}
    assert "runs.stuck" in named_actions("failures")


def named_actions(name: str) -> set[str]:
    """Return the actions that a query names."""
    return set(re.findall(r'"(?:action=)?([a-z_]+\.[a-z_]+)\]?"', QUERIES[name]))


def test_the_queries_name_actions_that_exist() -> None:
    """An action that no line has would leave a chart empty."""
    actions = {action.value for action in LogAction}
    named = {name: named_actions(name) for name in QUERIES}

    assert named["found-by-sweep"] == {"sweep.found_files"}
    assert set().union(*named.values()) <= actions


def test_ticks_are_those_of_the_timer() -> None:
    """A gap in the chart is a silent timer; the table says for how long."""
    for name in ("ticks", "last-tick"):
        assert '| where Name == "poll_pending_jobs"\n' in QUERIES[name]
    assert '@app.function_name("poll_pending_jobs")\n@app.timer_trigger' in (ROOT / "function_app.py").read_text(
        encoding="utf-8"
    )
    assert "default = 0" in QUERIES["ticks"]


def test_every_chart_reads_the_workspace_and_the_chosen_time() -> None:
    """The workbook opens at the workspace of the deployment, with one choice of the time for all charts."""
    workspace = MADE.get("Microsoft.OperationalInsights/workspaces").id
    (parameter,) = ITEMS["parameters"]["content"]["parameters"]

    assert WORKBOOK["sourceId"] == workspace
    assert json.loads(WORKBOOK["serializedData"])["fallbackResourceIds"] == [workspace]
    assert parameter["value"]["durationMs"] in [
        choice["durationMs"] for choice in parameter["typeSettings"]["selectableValues"]
    ]
    for name, item in ITEMS.items():
        if item["type"] == 3:
            assert item["content"]["timeContextFromParameter"] == parameter["name"], name
            assert item["content"]["resourceType"] == "microsoft.operationalinsights/workspaces"
            assert item["content"]["title"]
