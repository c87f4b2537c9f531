"""The full health: what will make runs wait or fail is found before one does, all at once, with what to do."""

import json
from dataclasses import replace
from typing import Any

import pytest

from shared.errors import KeyRefusedError, NoAnswerError, RejectedError, ServiceFault
from shared.operators import endpoint_overrides, http_queries
from shared.operators.check_finding import Finding
from shared.operators.setup_checks import check_all
from shared.ports.training_service import JobStatus
from shared.records.endpoint_record import SWEEP, Frozen
from shared.records.heartbeats import TickSource
from shared.routes.route import Endpoint, Training
from tests.pipeline.holdout_world import world_with_holdout
from tests.pipeline.test_http_queries import TIMERS
from tests.pipeline.world import FAULT, SETTINGS, World, example_routes, without_staging

URL = "https://app/api/health"


def wrong(world: World) -> list[Finding]:
    """Return what is not in order; one look after the other, so that a fault meets the one it is meant for."""
    return [finding for finding in check_all(replace(world.services, max_concurrency=1)) if finding.do]


def refuse_keys(world: World, monkeypatch: pytest.MonkeyPatch, *refused: str) -> None:
    """Have the services refuse some keys, wherever they are sent."""

    def check(key: str, url: str) -> None:
        if key in refused:
            raise KeyRefusedError(ServiceFault("a call", url, 401, "Unauthorized", "the key is refused"))

    status, resources, score = world.training.status, world.scoring.resources, world.scoring.score

    def checked_status(training: Training, job_id: str) -> JobStatus:
        check(training.secrets[0], training.urls["jobs_url"])
        return status(training, job_id)

    def checked_resources(endpoint: Endpoint) -> Any:
        check(endpoint.secrets[0], endpoint.urls["patch_url"])
        return resources(endpoint)

    def checked_score(endpoint: Endpoint, columns: Any, rows: Any) -> Any:
        check(endpoint.secrets[0], endpoint.urls["execute_url"])
        return score(endpoint, columns, rows)

    monkeypatch.setattr(world.training, "status", checked_status)
    monkeypatch.setattr(world.scoring, "resources", checked_resources)
    monkeypatch.setattr(world.scoring, "score", checked_score)


def test_a_sound_system_is_in_order(world: World) -> None:
    """Each look says what it saw; nothing was changed, and no job submitted."""
    findings = check_all(world.services)

    assert [finding.subject for finding in findings if finding.do] == []
    assert {finding.subject for finding in findings} >= {
        "routes.census.golden",
        "routes.census.initial_model",
        "routes.census.training, the key in CENSUS_TRAINING_KEY",
        "endpoint production of routes.census, the key in CENSUS_ENDPOINT_KEY, patch_url",
        "endpoint staging of routes.census, the key in CENSUS_STAGING_KEY, execute_url",
    }
    assert world.training.jobs == {}
    assert [endpoint.patches for endpoint in world.at.values()] == [[], []]


def test_all_that_is_missing_is_found_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blobs, the resource, refused keys: each with where it is said and what to do."""
    world.blobs.remove("models", "golden/census.csv")
    world.blobs.remove("models", "initial/census.ilearner")
    world.at["production"].resource = "Another model"
    refuse_keys(world, monkeypatch, "training-key", "staging-key")
    findings = {finding.subject: finding for finding in wrong(world)}

    assert set(findings) == {
        "routes.census.golden",
        "routes.census.initial_model",
        "routes.census.training, the key in CENSUS_TRAINING_KEY",
        "endpoint production of routes.census, the key in CENSUS_ENDPOINT_KEY, patch_url",
        "endpoint staging of routes.census, the key in CENSUS_STAGING_KEY, patch_url",
        "endpoint staging of routes.census, the key in CENSUS_STAGING_KEY, execute_url",
    }
    golden = findings["routes.census.golden"]
    assert golden.result.startswith("there is no blob models/golden/census.csv")
    assert golden.do == "upload it there, or correct routes.census.golden in routes.toml"
    resource = findings["endpoint production of routes.census, the key in CENSUS_ENDPOINT_KEY, patch_url"]
    assert "its updatable resources are: 'Another model'" in resource.result
    assert "correct `resource` of endpoint production" in resource.do
    key = findings["endpoint staging of routes.census, the key in CENSUS_STAGING_KEY, execute_url"]
    assert key.result.startswith("the key is refused")
    assert key.do == "put the right key into the app setting CENSUS_STAGING_KEY"


@pytest.mark.parametrize("refused", ["endpoint-key", "second-key"])
def test_each_key_is_tried_by_itself(monkeypatch: pytest.MonkeyPatch, refused: str) -> None:
    """A call goes on with the other key where one is refused, so neither may stand for both."""
    monkeypatch.setitem(SETTINGS, "SECOND", "second-key")
    key = 'api_key = "${CENSUS_ENDPOINT_KEY}"'
    world = World(example_routes((key, f'{key}\napi_key_secondary = "${{SECOND}}"')))
    refuse_keys(world, monkeypatch, refused)

    setting = "CENSUS_ENDPOINT_KEY" if refused == "endpoint-key" else "SECOND"
    assert [finding.subject for finding in wrong(world)] == [
        f"endpoint production of routes.census, the key in {setting}, {url}" for url in ("patch_url", "execute_url")
    ]


def test_files_that_cannot_be_used_are_found(world: World) -> None:
    """Every problem of the golden rows; a service that refuses a golden row is named as well."""
    world.blobs.put("models", "golden/census.csv", "age,workclass\n39\n50,Private,x\n")
    findings = wrong(world)
    assert [finding.subject for finding in findings] == ["routes.census.golden"] * 2
    assert "line 2 has 1 cell, the header names 2 columns" in findings[0].result

    world.blobs.put("models", "golden/census.csv", "age\n39\n")
    world.scoring.faults.fail_next("score", RejectedError(replace(FAULT, message="no column workclass")), times=2)
    findings = wrong(world)
    assert [finding.subject.rpartition(", ")[2] for finding in findings] == ["execute_url"] * 2
    assert findings[0].result.startswith("no column workclass")


def test_a_holdout_that_is_missing_or_wrong_is_found() -> None:
    """It makes every run of its route wait."""
    world = world_with_holdout()
    assert wrong(world) == []
    world.blobs.remove("models", "holdout/census.csv")
    (missing,) = wrong(world)
    assert (missing.subject, "there is no blob" in missing.result) == ("routes.census.holdout.data", True)
    world.blobs.put("models", "holdout/census.csv", "a,b\n1,2\n")
    assert {finding.subject for finding in wrong(world)} == {"routes.census.holdout.data"}


def test_a_service_that_does_not_answer_is_found(world: World) -> None:
    """One look that fails hides no other, not even by a bug."""
    world.training.faults.fail_next("status", NoAnswerError(FAULT))
    world.scoring.faults.fail_next("resources", ZeroDivisionError("oops"))
    findings = wrong(world)

    assert [finding.subject.partition(" of ")[0].partition(",")[0] for finding in findings] == [
        "routes.census.training",
        "endpoint production",
    ]
    assert findings[0].do == "correct routes.census.training.jobs_url"
    assert findings[1].result == "internal error: ZeroDivisionError"


def test_a_metric_of_another_kind_of_model_is_found() -> None:
    """The endpoint answers as a binary model does: an evaluation of it never has the error of a regression."""
    world = World(example_routes(('metric = "AUC", at_least = 0.80, min_gain = 0.002', 'metric = "RMSE", at_most = 3')))
    assert wrong(world) == []  # a name that is nobody's may be anything
    text = 'metric = "Root Mean Squared Error", at_most = 3'
    world = World(example_routes(('metric = "AUC", at_least = 0.80, min_gain = 0.002', text)))
    (finding,) = wrong(world)

    assert finding.subject == "routes.census.gates[0].metric"
    assert "is never in an evaluation of a binary model, which endpoint production serves" in finding.result
    assert "Accuracy, Precision, Recall, F-Score, AUC" in finding.do


def test_a_metric_that_the_newest_evaluation_lacks_is_found() -> None:
    """Whatever it is called."""
    text = 'metric = "Profit", direction = "higher", at_least = 3'
    world = World(without_staging(('metric = "AUC", at_least = 0.80, min_gain = 0.002', text)))
    run = world.train()
    (finding,) = wrong(world)

    assert finding.result == f"the evaluation of run {run.run_id[:8]} has no Profit: every run is rejected"
    assert finding.do == "use metrics of the evaluation in routes.toml: Accuracy, AUC"


def test_an_endpoint_that_no_model_can_go_to_is_found(world: World) -> None:
    """The archived model in service is gone, so there is nothing to restore; frozen by a person is said and is well."""
    run = world.settle(world.train())
    endpoint_overrides.freeze(world.services, "production", "alice", "release day")
    frozen = [finding.result for finding in check_all(world.services) if "is frozen" in finding.result]
    assert frozen == ["Endpoint production is frozen by alice: release day: every run waits, as requested"]
    assert wrong(world) == []

    world.blobs.remove("models", f"census/{run.run_id}.ilearner")
    (finding,) = wrong(world)
    assert finding.subject == "endpoint production of routes.census"
    assert f"there is no blob models/census/{run.run_id}.ilearner" in finding.result


def test_an_endpoint_that_the_sweep_froze_is_wrong(world: World) -> None:
    """Nobody knows what serves: a person has to say so."""
    stored = world.endpoints.get("census", "production")
    frozen = Frozen(by=SWEEP, reason="it serves what no run explains", at=world.clock.now())
    world.endpoints.save(stored, replace(stored.record, frozen=frozen))
    (finding,) = wrong(world)
    assert "it serves what no run explains: every run waits" in finding.result
    assert "landfall unfreeze" in finding.do


def health(world: World, timers: dict[str, str], **query: str) -> tuple[int, Any]:
    """Ask for the health; gives status and body."""
    text = "&".join(f"{name}={value}" for name, value in query.items())
    status, body = http_queries.health(lambda: world.services, timers, f"{URL}?{text}", query)
    return status, json.loads(body)


def test_health_is_cheap_unless_everything_is_asked_for(world: World) -> None:
    """A probe costs one read of the storage and no request to a service; `full=true` has every check."""
    world.blobs.remove("models", "golden/census.csv")
    world.runs.write_heartbeat(TickSource.TIMER, world.clock.now())
    world.runs.faults.calls.clear()
    assert health(world, TIMERS)[0] == 200
    assert world.runs.faults.calls == {"heartbeats": 1}
    gateways = (world.blobs.faults, world.training.faults, world.scoring.faults, world.endpoints.faults)
    assert all(not faults.calls for faults in gateways)

    status, body = health(world, TIMERS, full="true")
    assert (status, body["state"]) == (503, "not ready")
    (problem,) = body["problems"]
    assert problem.startswith("routes.census.golden: there is no blob models/golden/census.csv")
    assert [check["do"] for check in body["checks"] if not check["ok"]] == [
        "upload it there, or correct routes.census.golden in routes.toml"
    ]
    assert health(world, TIMERS, full="maybe")[0] == 400
    assert health(world, TIMERS, ful="true")[1]["problems"] == [
        "the query parameter 'ful' is unknown; allowed are full"
    ]


def test_health_tells_timers_policies_and_silence(world: World) -> None:
    """A schedule that nobody can read, one without seconds, a policy without a floor, a poller that is silent."""
    status, body = health(world, {**TIMERS, "LANDFALL_SWEEP_SCHEDULE": "0 99 * * * *"})
    assert (status, body["state"]) == (503, "misconfigured")
    assert "LANDFALL_SWEEP_SCHEDULE is no schedule" in body["problems"][0]

    world.runs.write_heartbeat(TickSource.TIMER, world.clock.now())
    world.clock.advance(1000)
    status, body = health(world, TIMERS)
    assert (status, body["state"]) == (503, "poller silent")
    (problem,) = body["problems"]
    assert problem.startswith("the timer poll_pending_jobs has been silent for 1000 s: see that the app runs and its")
    assert health(world, {**TIMERS, "LANDFALL_POLL_SCHEDULE": "0 */10 * * * *"})[0] == 200

    world = World(example_routes(("at_least = 0.80, ", "")))
    status, body = health(world, {**TIMERS, "LANDFALL_POLL_SCHEDULE": "*/2 * * * *"})
    assert status == 200
    assert ["gates let any model through" in warning for warning in body["warnings"]] == [True, False]
    assert "five fields" in body["warnings"][1]


def test_what_the_intake_needs_is_found() -> None:
    """A schema that says what nothing obeys, and a label that the golden rows contradict."""
    intake = '[routes.census.intake]\nschema = "models/own.json"\nlabel = "workclass"\n'
    world = World(example_routes(("[routes.census.training]", f"{intake}[routes.census.training]")))
    fields = [{"name": "age", "type": "geojson"}, {"name": "workclass"}]
    world.blobs.put("models", "own.json", json.dumps({"fields": fields}))
    findings = {finding.subject: finding.result for finding in wrong(world)}

    assert list(findings) == ["routes.census.intake.schema", "routes.census.intake.label"]
    assert "'geojson' is not supported" in findings["routes.census.intake.schema"]
    assert "2 different values of 'workclass'" in findings["routes.census.intake.label"]
