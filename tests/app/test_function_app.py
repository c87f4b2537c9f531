"""The function app indexed and invoked by the runtime library that runs it in Azure, on real storage and studio."""

import base64
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.storage.blob import BlobServiceClient

from landfall.doctor import deployment
from landfall.host.invoker import Invoker
from shared.adapters.storage.table_runs import TableRunStore
from shared.errors import ConfigError
from shared.log_actions import LogAction
from shared.records.run_identity import UNROUTED
from shared.records.run_states import RunState
from shared.wiring import build_services
from tests.app.running_app import ROOT, RunningApp, drop, running_app
from tests.log_lines import lines_about
from tests.pipeline.world import SETTINGS
from tests.studio.running import RunningStudio, census_csv


@pytest.fixture(scope="module")
def app(azurite: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """Give the app with the example route and a studio behind it, all on a container of its own."""
    with running_app(azurite, tmp_path_factory.mktemp("app")) as app:
        yield app


def trigger_of(bindings: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the trigger among a function's bindings."""
    return next(binding for binding in bindings if binding["type"].lower().endswith("trigger"))


def test_every_function_is_indexed_with_its_bindings(app: RunningApp) -> None:
    """The fixed names, each with its trigger; the blob trigger asks for a reference, not for the content."""
    bindings_of = {name: function.bindings for name, function in app.invoker.functions.items()}
    triggers = {name: trigger_of(bindings)["type"] for name, bindings in bindings_of.items()}

    assert triggers == {
        "on_csv_landed": "blobTrigger",
        "poll_pending_jobs": "timerTrigger",
        "read_and_assemble": "queueTrigger",
        "evaluate_and_promote": "queueTrigger",
        "sweep": "timerTrigger",
        "on_evaluation_poison": "queueTrigger",
        "on_intake_poison": "queueTrigger",
        "on_blob_poison": "queueTrigger",
        "health": "httpTrigger",
        "runs": "httpTrigger",
        "operations": "httpTrigger",
        "approval": "httpTrigger",
        "http_tick": "httpTrigger",
        "http_sweep": "httpTrigger",
    }
    by_event = {name for name, trigger in triggers.items() if trigger != "httpTrigger"}
    assert by_event == {*deployment.FUNCTIONS, *deployment.REPORTING["EventGrid"]}  # the doctor looks for these
    blob = trigger_of(bindings_of["on_csv_landed"])
    assert str(blob["properties"]["SupportsDeferredBinding"]).lower() == "true"
    announcing = ("on_csv_landed", "on_blob_poison", "read_and_assemble", "sweep", "http_sweep")
    for name in ("poll_pending_jobs", "http_tick", *announcing):
        outputs = {binding["queueName"] for binding in bindings_of[name] if binding["type"] == "queue"}
        assert outputs == ({"intake"} if name in announcing else {"evaluations", "intake"}), name
    assert trigger_of(bindings_of["read_and_assemble"])["queueName"] == "intake"
    assert trigger_of(bindings_of["on_intake_poison"])["queueName"] == "intake-poison"
    routes = {name: trigger_of(bindings_of[name]).get("route") for name in ("http_tick", "http_sweep")}
    assert routes == {"http_tick": "tick", "http_sweep": "sweep"}
    guarded = ("health", "runs", "operations", "http_tick", "http_sweep")
    assert {str(trigger_of(bindings_of[name])["authLevel"]).upper() for name in guarded} == {"FUNCTION"}
    assert str(bindings_of["approval"][0]["authLevel"]).upper() == "ANONYMOUS"  # the link's code is the permission
    assert blob["source"] == "LogsAndContainerScan"


@pytest.mark.parametrize("source", ["EventGrid", "Nonsense"])
def test_the_blob_triggers_source_is_a_setting(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The setting reaches the host as it is; a wrong value does not prevent the indexing of the app."""
    monkeypatch.setenv("LANDFALL_BLOB_SOURCE", source)
    invoker = Invoker(ROOT, 60)
    try:
        blob = trigger_of(invoker.functions["on_csv_landed"].bindings)
        assert blob["source"] == source
    finally:
        invoker.stop()


def test_a_source_that_is_none_is_a_problem_of_the_settings() -> None:
    """It is listed with all other problems."""
    with pytest.raises(ConfigError) as caught:
        build_services({"LANDFALL_BLOB_SOURCE": "Nonsense"})

    assert any("LANDFALL_BLOB_SOURCE is 'Nonsense'" in problem for problem in caught.value.problems)
    assert len(caught.value.problems) > 1


def test_what_the_routes_warn_of_is_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The app starts nevertheless."""
    text = (ROOT / "routes.toml").read_text(encoding="utf-8").replace("at_least = 0.80, ", "")
    path = tmp_path / "routes.toml"
    path.write_text(text, encoding="utf-8")
    storage = "UseDevelopmentStorage=true"
    build_services(
        {**SETTINGS, "AzureWebJobsStorage": storage, "LANDFALL_INPUT": "incoming", "LANDFALL_ROUTES": str(path)}
    )

    (line,) = lines_about(caplog, LogAction.CONFIGURATION_WARNING)
    assert "routes.census.gates let any model through" in line


def test_a_file_goes_its_whole_way(app: RunningApp) -> None:
    """Event, ticks and message, each by its function, promote the run."""
    run_id = drop(app, "census/a.csv", census_csv(800, 3, shift=1.0))
    assert app.invoke("on_csv_landed", {"blob": app.reference("census/a.csv")}).error is None
    store = TableRunStore.from_connection_string(app.storage)
    for _ in range(400):
        for message in app.tick():
            assert app.invoke("evaluate_and_promote", {"message": ("string", message)}).error is None
        stored = store.get(app.container, run_id)
        assert stored is not None
        if stored.run.terminal:
            break

    assert stored is not None
    assert stored.run.state is RunState.PROMOTED, stored.run.reason
    status, body = app.get("runs", route=app.container)
    assert status == 200
    assert [run["state"] for run in body["runs"] if run["run_id"] == run_id] == ["promoted"]
    assert app.get("runs", run_id=run_id)[1]["runs"][0]["blob"] == "census/a.csv"


def test_a_file_goes_its_whole_way_without_events_and_timers(app: RunningApp) -> None:
    """Over HTTP `sweep` lands it, and `tick` takes every step; its messages are those of the timer."""
    run_id = drop(app, "census/by-http.csv", census_csv(700, 11, shift=0.5))
    status, body, _ = app.call("http_sweep", "POST", b'{"full": true}')
    assert (status, json.loads(body)["done"], json.loads(body)["files_landed"]) == (200, True, 1)
    store = TableRunStore.from_connection_string(app.storage)
    announced: list[str] = []
    stored = None
    request = {"method": "POST", "url": "http://x/", "headers": {}, "query": {}, "params": {}, "body": b""}
    for _ in range(400):
        outcome = app.invoke("http_tick", {"req": ("http", request)})
        assert outcome.error is None, outcome.error
        assert outcome.returned is not None
        answer = outcome.returned[1]
        assert (answer["status"], json.loads(answer["body"])["done"]) == (200, True)
        for message in json.loads(outcome.outputs["messages"][1]):
            announced.append(message)
            assert app.invoke("evaluate_and_promote", {"message": ("string", message)}).error is None
        stored = store.get(app.container, run_id)
        assert stored is not None
        if stored.run.terminal:
            break

    assert stored is not None
    assert stored.run.state in {RunState.PROMOTED, RunState.REJECTED, RunState.UNCHANGED}, stored.run.reason
    assert [json.loads(message)["run_id"] for message in announced] == [run_id]
    actors = {entry.actor for entry in store.history(app.container, run_id)}
    assert {"http_sweep", "http_tick"} <= actors <= {"http_sweep", "http_tick", "evaluate_and_promote"}
    assert app.get("health")[1]["last_http_heartbeat"] is not None


def test_a_refused_tick_announces_nothing(app: RunningApp) -> None:
    """400 for an option that does not exist; the output is left alone."""
    request = {"method": "POST", "url": "http://x/", "headers": {}, "query": {}, "params": {}, "body": b'{"x": 1}'}
    outcome = app.invoke("http_tick", {"req": ("http", request)})
    assert outcome.error is None, outcome.error
    assert outcome.returned is not None
    assert outcome.returned[1]["status"] == 400
    assert "messages" not in outcome.outputs


def test_the_sweep_function_finds_what_no_event_reported(app: RunningApp) -> None:
    """A file that no route matches is recorded as well."""
    run_id = drop(app, "elsewhere/x.csv", "a,b\n1,2\n")
    assert app.invoke("sweep", {"timer": ("json", "{}")}).error is None

    stored = TableRunStore.from_connection_string(app.storage).find(run_id)
    assert stored is not None
    assert stored.run.state is RunState.UNROUTED


def test_a_log_line_leaves_the_worker_with_its_fields(app: RunningApp, caplog: pytest.LogCaptureFixture) -> None:
    """The worker forwards texts only, so the fields that alerts match end the text."""
    caplog.set_level(logging.INFO)
    run_id = drop(app, "elsewhere/y.csv", "a,b\n1,2\n")
    assert app.invoke("on_csv_landed", {"blob": app.reference("elsewhere/y.csv")}).error is None

    (line,) = [record.getMessage() for record in caplog.records if record.name == "landfall.landing"]
    assert line.endswith(f" [run_id={run_id} route={UNROUTED} action=file.unrouted]")


def test_an_event_about_a_blob_that_is_gone_is_no_error(app: RunningApp) -> None:
    """There is nothing to land."""
    assert app.invoke("on_csv_landed", {"blob": app.reference("census/gone.csv")}).error is None


def test_poison_functions_take_whatever_text_there_is(app: RunningApp) -> None:
    """A message that names no run is logged, and nothing else happens."""
    for name in ("on_evaluation_poison", "on_intake_poison", "on_blob_poison"):
        assert app.invoke(name, {"message": ("string", "{not json")}).error is None


def test_a_poison_blob_event_lands_its_file_and_says_why(app: RunningApp) -> None:
    """As the host writes it, in base64: the run's history has the cause, and which function wrote it."""
    run_id = drop(app, "census/poison.csv", census_csv(200, 3, shift=1.0))
    blob = BlobServiceClient.from_connection_string(app.storage).get_blob_client(app.container, "census/poison.csv")
    event = {"ContainerName": app.container, "BlobName": "census/poison.csv", "ETag": blob.get_blob_properties().etag}
    text = base64.b64encode(json.dumps(event).encode()).decode()
    assert app.invoke("on_blob_poison", {"message": ("string", text)}).error is None

    entries = TableRunStore.from_connection_string(app.storage).history(app.container, run_id)
    assert {entry.actor for entry in entries} == {"on_blob_poison"}
    assert "gave up the event" in entries[-1].reason


def test_a_message_that_cannot_be_read_fails(app: RunningApp) -> None:
    """The host moves it to the poison queue; a message about an unknown run is done."""
    outcome = app.invoke("evaluate_and_promote", {"message": ("string", "nonsense")})
    assert outcome.error is not None
    assert "not JSON" in outcome.error
    unknown = json.dumps({"version": 1, "route": app.container, "run_id": "0" * 32})
    assert app.invoke("evaluate_and_promote", {"message": ("string", unknown)}).error is None


def test_http_functions(app: RunningApp) -> None:
    """Health is ok once the timer has fired; a wrong query is refused with what is allowed."""
    app.tick()
    status, body = app.get("health")
    assert (status, body["state"]) == (200, "ok")
    status, body = app.get("runs", limit="many")
    assert status == 400
    assert "from 1 to 1000" in body["error"]
    assert app.get("runs", routes="census")[1]["problems"] == [
        "the query parameter 'routes' is unknown; allowed are run_id, route, limit"
    ]
    status, body = app.get("health", verbose="1")
    assert (status, body["error"]) == (400, "the query parameter 'verbose' is unknown; allowed are full")
    assert app.get("health", code="KEY", clientId="default")[0] == 200


def test_operations_are_carried_out(app: RunningApp) -> None:
    """The URL names the operation, the body its subject; a refusal has its reason."""
    request = json.dumps({"endpoint": "production", "by": "alice", "reason": "release day"}).encode()
    status, body, _ = app.call("operations", "POST", request, operation="freeze")
    assert (status, json.loads(body)) == (200, {"endpoint": "production", "route": app.container, "frozen": True})
    status, body, _ = app.call("operations", "POST", request, operation="unfreeze")
    assert (status, json.loads(body)["frozen"]) == (200, False)

    assert app.call("operations", "POST", request, operation="destroy")[0] == 404
    assert app.call("operations", "POST", b"{", operation="freeze")[0] == 400
    status, body, _ = app.call("operations", "POST", request, operation="approve")
    assert (status, "run is missing" in body, "endpoint is unknown" in body) == (400, True, True)
    unknown = json.dumps({"run": "0" * 32, "by": "alice", "reason": "r"}).encode()
    assert app.call("operations", "POST", unknown, operation="reject")[0] == 404


def test_the_approval_page_is_the_same_for_everybody(app: RunningApp) -> None:
    """It is a form without any run, never cached or framed; a void code gets a page that says so."""
    status, page, headers = app.call("approval", "GET")
    assert (status, "<form" in page) == (200, True)
    assert headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer"

    status, page, _ = app.call("approval", "POST", b"code=a.b.c&action=approve&by=x&reason=y")
    assert (status, "this link is void" in page) == (409, True)


def test_wrong_settings_are_all_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The app is indexed nevertheless; each call lists every problem, and health answers 503."""
    text = (ROOT / "routes.toml").read_text(encoding="utf-8").replace("version = 1", "version = 7")
    (tmp_path / "routes.toml").write_text(text, encoding="utf-8")
    for name in ("AzureWebJobsStorage", "CENSUS_STAGING_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANDFALL_ROUTES", str(tmp_path / "routes.toml"))
    invoker = Invoker(ROOT, 60)
    try:
        app = RunningApp(invoker, "", "", RunningStudio.__new__(RunningStudio))
        status, body = app.get("runs")
        problems = " ".join(body["problems"])
        assert status == 500
        for says in ("AzureWebJobsStorage is not set", "version is 7", "CENSUS_STAGING_KEY, which is not set"):
            assert says in problems
        assert app.get("health")[0] == 503
        outcome = app.invoke("sweep", {"timer": ("json", "{}")})
        assert "CENSUS_STAGING_KEY" in (outcome.error or "")
    finally:
        invoker.stop()
