"""The alerts: lines that the app and the host really write raise each of them, and a quiet day raises none."""

import re
from pathlib import Path
from typing import Any

import pytest

from landfall.host.queue_listener import POISON_TEXT
from shared import wiring
from shared.errors import ConfigError, UnavailableError
from shared.log_actions import LogAction
from shared.pipeline import poison
from shared.pipeline.polling import Ticker
from shared.pipeline.reconciling import reconcile
from shared.records.messages import EvaluationMessage
from shared.records.run_states import RunState
from tests.infra.deployments import deployment
from tests.infra.sources import ROOT
from tests.log_lines import lines_about
from tests.pipeline.world import FAULT, SETTINGS, World

MADE = deployment("first-up")
LOG_ALERTS = {alert.name: alert.properties for alert in MADE.of("Microsoft.Insights/scheduledQueryRules")}
_CONDITION = re.compile(r'Message (endswith|matches regex) "([^"\\]*)"')


def fired_by(caplog: pytest.LogCaptureFixture) -> set[str]:
    """Return the alerts that the logged lines raise."""
    return {name for name in LOG_ALERTS for line in caplog.messages if matches(name, line)}


def criterion_of(alert: str) -> dict[str, Any]:
    """Return the condition of an alert over the log."""
    (criterion,) = LOG_ALERTS[alert]["criteria"]["allOf"]
    return dict(criterion)


def matches(alert: str, line: str) -> bool:
    """Evaluate an alert's query for a line, with the part of KQL that the queries use."""
    table, _, where = criterion_of(alert)["query"].partition(" | where ")
    conditions = where.split(" or ")
    if table != "AppTraces":
        return False
    for condition in conditions:
        match = _CONDITION.fullmatch(condition)
        assert match, condition
        operator, text = match.groups()
        if operator == "endswith":  # it ignores case
            holds = line.casefold().endswith(text.casefold())
        else:
            holds = re.search(text, line) is not None
        if holds:
            return True
    return False


def test_a_quiet_day_raises_nothing(lines: pytest.LogCaptureFixture) -> None:
    """A promotion, a rejection, ticks and sweeps write lines, and none of them raises an alert."""
    world, ticker = World(), Ticker()
    assert world.settle(world.train("first", 0.9)).state is RunState.PROMOTED
    assert world.settle(world.train("worse", 0.5, "census/b.csv")).state is RunState.REJECTED
    for _ in range(10):
        ticker.tick(world.services)
        reconcile(world.services)
        world.clock.advance(60)

    assert len(lines.records) > 10
    assert fired_by(lines) == set()


def test_a_rollback_raises_its_alert(lines: pytest.LogCaptureFixture) -> None:
    """The endpoint ignores an update, so the run ends rolled back."""
    world = World()
    world.at["production"].ignore_patch = True
    assert world.settle(world.train()).state is RunState.ROLLED_BACK

    assert fired_by(lines) == {"landfall-promotion"}


def test_a_failed_training_raises_its_alert(lines: pytest.LogCaptureFixture) -> None:
    """The job fails in every attempt."""
    world = World()
    run = world.land()
    for _ in range(5):
        if not world.run(run.run_id).terminal:
            world.training.fail(world.run(run.run_id).job_id, "0085: the script failed")
            world.tick(600)

    assert world.run(run.run_id).state is RunState.FAILED
    assert fired_by(lines) == {"landfall-promotion"}


def test_stuck_runs_raise_their_alert(lines: pytest.LogCaptureFixture) -> None:
    """The training service does not answer for most of an hour."""
    world, ticker = World(), Ticker()
    world.training.faults.fail_next("submit", UnavailableError(FAULT), times=99)
    world.land()
    for _ in range(50):
        ticker.tick(world.services)
        world.clock.advance(60)

    assert fired_by(lines) == {"landfall-stuck"}


def test_poison_messages_raise_their_alert(lines: pytest.LogCaptureFixture) -> None:
    """The app's poison functions do, for every queue; if they do not run, the host's own line does."""
    world = World()
    poison.evaluation(world.services, EvaluationMessage("census", "0" * 32).to_text())
    assert fired_by(lines) == {"landfall-poison"}
    lines.clear()
    poison.blob_event(world.services, "{}")
    assert fired_by(lines) == {"landfall-poison"}
    lines.clear()
    poison.csv_event(world.services, "{}")
    assert fired_by(lines) == {"landfall-poison"}

    for queue in ("evaluations-poison", "csv-events-poison", "webjobs-blobtrigger-poison"):
        assert matches("landfall-poison", POISON_TEXT.format(5, queue))


@pytest.mark.parametrize("given", ["foreign", "champion"])
def test_an_endpoint_with_another_model_raises_its_alert(given: str, lines: pytest.LogCaptureFixture) -> None:
    """A person sent it another model, or its model was overwritten."""
    world = World()
    run = world.settle(world.train("first", 0.9))
    if given == "foreign":
        world.blobs.put("elsewhere", "other.ilearner", "other")
        world.scoring.patch(world.route.serving, world.blobs.link("elsewhere/other.ilearner", 60))
    else:
        world.blobs.put("models", f"census/{run.run_id}.ilearner", "overwritten")
        world.scoring.patch(world.route.serving, world.blobs.link(f"models/census/{run.run_id}.ilearner", 60))
    world.clock.advance(60)
    reconcile(world.services)

    assert fired_by(lines) == {"landfall-endpoint"}


def test_a_repaired_endpoint_raises_its_alert(lines: pytest.LogCaptureFixture) -> None:
    """The sweep repairs a late update; it should be rare."""
    world = World()
    first = world.settle(world.train("first", 0.9))
    world.settle(world.train("second", 0.95, "census/b.csv"))
    world.scoring.patch(world.route.serving, world.blobs.link(f"models/census/{first.run_id}.ilearner", 60))
    world.clock.advance(2)
    assert reconcile(world.services) == 1

    assert fired_by(lines) == {"landfall-endpoint"}


def test_files_that_no_event_brings_raise_their_alert(lines: pytest.LogCaptureFixture) -> None:
    """Each sweep that lands such files writes the line; two lines in two days raise it, so one lost event does not."""
    world = World()
    for day in range(2):
        world.drop(f"census/{day}.csv")
        world.clock.advance(86_400)
        world.sweep()
    alert, criterion = LOG_ALERTS["landfall-unreported"], criterion_of("landfall-unreported")

    assert fired_by(lines) == {"landfall-unreported"}
    assert len(lines_about(lines, LogAction.SWEEP_FOUND_UNREPORTED)) == 2 > criterion["threshold"] >= 1
    assert (alert["windowSize"], criterion["operator"]) == ("P2D", "GreaterThan")


def test_a_file_that_the_sweep_finds_before_its_event_raises_nothing(lines: pytest.LogCaptureFixture) -> None:
    """An event may be a little late."""
    world = World()
    world.drop()
    world.sweep()
    assert fired_by(lines) == set()


def test_wrong_settings_raise_their_alert(lines: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """They do when the first function builds the services."""
    monkeypatch.setenv("LANDFALL_ROUTES", "there/is/none.toml")
    with pytest.raises(ConfigError):
        wiring.services()

    assert fired_by(lines) == {"landfall-configuration"}


def test_a_warning_about_routes_raises_no_alert(lines: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    """The app works with such routes, and writes the line at each cold start."""
    text = (ROOT / "routes.toml").read_text(encoding="utf-8").replace("at_least = 0.80, ", "")
    (tmp_path / "routes.toml").write_text(text, encoding="utf-8")
    wiring.build_services(
        {
            **SETTINGS,
            "AzureWebJobsStorage": "UseDevelopmentStorage=true",
            "LANDFALL_INPUT": "incoming",
            "LANDFALL_ROUTES": str(tmp_path / "routes.toml"),
        }
    )

    assert len(lines_about(lines, LogAction.CONFIGURATION_WARNING)) == 1
    assert fired_by(lines) == set()


def test_a_silent_poller_raises_its_alert() -> None:
    """Half an hour after the timer's last tick there is a row, or if it never ticked in an hour with other requests.

    Before the first tick, while the app is deployed, there is none; ticks over HTTP are requests of another name.
    """
    silent = criterion_of("landfall-silent")

    assert silent["query"] == (
        "AppRequests | summarize First = min(TimeGenerated), Newest = max(TimeGenerated), Last = maxif(TimeGenerated,"
        ' Name == "poll_pending_jobs") | where Last < ago(30m)'
        " or (isnull(Last) and First < ago(1h) and Newest > ago(30m))"
    )
    assert (silent["operator"], silent["threshold"]) == ("GreaterThan", 0)
    # The query needs the ticks from before the silence: without this range it would read the window only.
    assert LOG_ALERTS["landfall-silent"]["overrideQueryTimeRange"] == "P2D"
    assert '@app.function_name("poll_pending_jobs")\n@app.timer_trigger' in (ROOT / "function_app.py").read_text(
        encoding="utf-8"
    )


def test_dead_lettered_events_raise_their_alert() -> None:
    """The topic's own metric counts them."""
    alert = MADE.get("Microsoft.Insights/metricAlerts", "landfall-dead-lettered").properties
    (criterion,) = alert["criteria"]["allOf"]

    assert criterion["metricName"] == "DeadLetteredCount"
    assert (criterion["operator"], criterion["threshold"], criterion["timeAggregation"]) == ("GreaterThan", 0, "Total")
    assert alert["scopes"] == [MADE.get("Microsoft.EventGrid/systemTopics").id]
    assert alert["enabled"] is True
    assert criterion["metricNamespace"] == "Microsoft.EventGrid/systemTopics"
    assert alert["actions"] == [{"actionGroupId": MADE.get("Microsoft.Insights/actionGroups").id}]


def test_every_alert_is_on_and_reaches_the_action_group() -> None:
    """It is on from the first minute, before a line has created the table, and fires after one period."""
    workspace = MADE.get("Microsoft.OperationalInsights/workspaces").id
    group = MADE.get("Microsoft.Insights/actionGroups")

    assert group.properties["enabled"] is True
    for name, alert in LOG_ALERTS.items():
        criterion = criterion_of(name)
        assert alert["enabled"] is True
        assert alert["skipQueryValidation"] is True
        assert alert["scopes"] == [workspace]
        assert alert["actions"] == {"actionGroups": [group.id]}
        assert alert["severity"] in range(4)
        assert alert["displayName"].startswith("Landfall: ")
        assert alert["description"]
        assert criterion["timeAggregation"] == "Count"
        assert criterion["operator"] in {"GreaterThan", "LessThan"}
        assert criterion["failingPeriods"] == {"numberOfEvaluationPeriods": 1, "minFailingPeriodsToAlert": 1}


def test_an_address_gets_every_alert() -> None:
    """The action group mails to the address, if one is given."""
    assert MADE.get("Microsoft.Insights/actionGroups").properties["emailReceivers"] == []
    (receiver,) = deployment("everything").get("Microsoft.Insights/actionGroups").properties["emailReceivers"]
    assert receiver["emailAddress"] == "operator@example.com"


def test_lines_of_alerts_are_not_dropped_by_the_host() -> None:
    """The host samples traces only above a rate that the app does not reach, and host.json sets no log level."""
    import json  # noqa: PLC0415

    logs = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))["logging"]
    assert logs["applicationInsights"]["samplingSettings"]["excludedTypes"] == "Request;Exception"
    assert "logLevel" not in logs
