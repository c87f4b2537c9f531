"""Deployments of an endpoint: made at 0 %, scored by name, given the traffic; other hands are never fought."""

import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.adapters.azureml.arm_client import ArmClient
from shared.adapters.azureml.deployment_scoring import DeploymentScoring
from shared.adapters.azureml.endpoint_client import AzureMlScoringService
from shared.adapters.azureml.endpoint_keys import EndpointKeys
from shared.adapters.azureml.tokens import FixedToken
from shared.adapters.http.http_client import HttpClient
from shared.errors import (
    ConfigError,
    DeploymentPendingError,
    HostNotAllowedError,
    KeyRefusedError,
    NotSentError,
    OtherModelError,
    RejectedError,
    UnavailableError,
)
from shared.ports.blob_location import BlobLocation
from shared.records.times import iso_time
from shared.routes.azureml_services import AnswerKeys, AzureMlEndpoint, deployment_name
from shared.routes.host_allowlist import AllowedHosts
from shared.routes.route import EndpointRole
from tests.azureml.strict_contract import assert_in_contract
from tests.contract.scripted import Reply, Scripted, scripted
from tests.fakes.fake_clock import FakeClock

WORKSPACE = "/subscriptions/s-1/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/ml"
MODEL = f"models/churn/{'0f3a' * 8}"
NEW = deployment_name(MODEL)
ENDPOINT = f"{WORKSPACE}/onlineEndpoints/churn-prod"
NOT_THERE = Reply(404, b'{"error": {"code": "NotFound", "message": "none"}}')


def an_endpoint(**changes: Any) -> AzureMlEndpoint:
    """Return an endpoint as a route has it."""
    endpoint = AzureMlEndpoint(
        name="production",
        role=EndpointRole.SERVE,
        resource="churn-prod",
        workspace=WORKSPACE,
        endpoint="churn-prod",
        models_datastore="landfall_models",
        instance_type="Standard_DS3_v2",
        initial_deployment="blue",
        code="score_churn:1",
        environment="serve_churn:2",
        scoring_script="score.py",
        answer=AnswerKeys("label", "probability"),
    )
    return replace(endpoint, **changes)


def reply(body: object, status: int = 200, **headers: str) -> Reply:
    """Return an answer in JSON."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, json.dumps(body).encode(), names)


def deployment(state: str = "Succeeded", *, model: str = MODEL, made: str = "", uri: str = "") -> Reply:
    """Return the answer about a deployment; without a model it is none of ours."""
    tags = {"landfall-model": model, "landfall-route": "churn", "landfall-made": made} if model else None
    properties = {"AzureAsyncOperationUri": uri} if uri else None
    return reply({"name": NEW, "tags": tags, "properties": {"provisioningState": state, "properties": properties}})


class World:
    """A service with answers, and the client that asks it."""

    def __init__(self, script: Scripted) -> None:
        self.script, self.clock = script, FakeClock()
        self.web = HttpClient(AllowedHosts(["127.0.0.1:*"]), retries=0)
        arm = ArmClient(self.web, FixedToken("arm-token"), script.base_url)
        keys = EndpointKeys(arm, FixedToken("scoring-token"))
        self.client = AzureMlScoringService(arm, DeploymentScoring(self.web, keys, local=True), self.clock)

    def endpoint(
        self, state: str = "Succeeded", mode: str = "AADToken", traffic: Mapping[str, int] | None = None
    ) -> Reply:
        """Return the answer about the endpoint, with what only the service writes and what others have set."""
        return reply(
            {
                "id": ENDPOINT,
                "name": "churn-prod",
                "location": "eastus2",
                "tags": {"team": "risk"},
                "kind": None,
                "identity": {
                    "type": "UserAssigned",
                    "principalId": "p",
                    "userAssignedIdentities": {"/subscriptions/s/id": {"principalId": "p", "clientId": "c"}},
                },
                "properties": {
                    "authMode": mode,
                    "provisioningState": state,
                    "traffic": traffic or {"blue": 100},
                    "mirrorTraffic": None,
                    "scoringUri": f"{self.script.base_url}/score",
                    "publicNetworkAccess": "Enabled",
                    "properties": {"AzureAsyncOperationUri": "x", "owner": "ada"},
                },
            }
        )

    def answers(self, *replies: Reply) -> None:
        """Have the service give these answers in turn."""
        self.script.replies = list(replies)
        self.script.received.clear()

    @property
    def sent(self) -> list[str]:
        """What was asked: method, and the path below the endpoint or the workspace."""
        paths = [(request.method, request.path.partition("?")[0]) for request in self.script.received]
        return [f"{method} {path.removeprefix(ENDPOINT).removeprefix(WORKSPACE)}".strip() for method, path in paths]

    def body(self, number: int = -1) -> dict[str, Any]:
        """Return what was sent."""
        body: dict[str, Any] = json.loads(self.script.received[number].body)
        return body

    def serve(self, model: str = MODEL, replaces: str = "deployments/blue") -> None:
        """Give a model's deployment the traffic."""
        self.client.patch(an_endpoint(), BlobLocation("", model, ""), replaces)


@pytest.fixture
def world() -> Iterator[World]:
    """Give a service that answers as the test says; every request to ARM is checked against the contract."""
    with scripted(reply({})) as script:
        made = World(script)
        with closing(made.web):
            yield made
        for request in script.received:
            if not request.path.startswith(("/score", "/operations")):
                assert_in_contract(request)


def test_a_model_is_registered_and_deployed_without_traffic(world: World) -> None:
    """Version and deployment are named by the model's place; the tags say whose they are, and since when."""
    world.answers(NOT_THERE, world.endpoint(), reply({}, 201), reply({}, 201))
    world.client.patch(an_endpoint().staging, BlobLocation("", MODEL, ""))
    version = NEW.removeprefix("m-")
    assert world.sent == [
        f"GET /deployments/{NEW}",
        "GET",
        f"PUT /models/churn/versions/{version}",
        f"PUT /deployments/{NEW}",
    ]
    registered, made = world.body(2)["properties"], world.body(3)
    assert registered["modelUri"] == f"azureml://datastores/landfall_models/paths/{MODEL.removeprefix('models/')}/"
    assert made["location"] == "eastus2"
    assert made["properties"]["model"] == f"{WORKSPACE}/models/churn/versions/{version}"
    assert made["properties"]["codeConfiguration"] == {
        "codeId": f"{WORKSPACE}/codes/score_churn/versions/1",
        "scoringScript": "score.py",
    }
    assert made["tags"] == {
        "landfall-route": "churn",
        "landfall-run": "0f3a" * 8,
        "landfall-model": MODEL,
        "landfall-made": iso_time(world.clock.now()),
    }


@pytest.mark.parametrize("state", ["Creating", "Updating", "Succeeded", "Somehow"])
def test_a_deployment_that_is_there_is_not_made_twice(world: World, state: str) -> None:
    """A look tells: an equal PUT would be an operation without need."""
    world.answers(deployment(state))
    world.client.patch(an_endpoint().staging, BlobLocation("", MODEL, ""))
    assert world.sent == [f"GET /deployments/{NEW}"]


def test_a_failed_one_is_deleted_before_it_is_made_again(world: World) -> None:
    """It stands there under its name, and takes quota."""
    world.answers(deployment("Failed"), Reply(202, b""))
    with pytest.raises(DeploymentPendingError, match="had failed"):
        world.client.patch(an_endpoint().staging, BlobLocation("", MODEL, ""))
    assert world.sent[-1] == f"DELETE /deployments/{NEW}"


def test_an_endpoint_that_is_not_settled_is_looked_at_again(world: World) -> None:
    """Nothing is sent to it meanwhile."""
    world.answers(NOT_THERE, world.endpoint("Updating"))
    with pytest.raises(DeploymentPendingError, match="churn-prod is updating"):
        world.client.patch(an_endpoint().staging, BlobLocation("", MODEL, ""))
    world.answers(world.endpoint("Updating"))
    with pytest.raises(DeploymentPendingError):
        world.serve()
    assert world.sent == ["GET"]


def test_the_whole_endpoint_is_sent_back_with_the_traffic(world: World) -> None:
    """What a PUT leaves out is lost: tags, identity and properties of others stay, but what only it writes."""
    world.answers(world.endpoint(), deployment(), reply({}, 201))
    world.serve()
    assert world.body() == {
        "location": "eastus2",
        "tags": {"team": "risk", "live": NEW, "previous": "blue"},
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {"/subscriptions/s/id": {}}},
        "properties": {
            "authMode": "AADToken",
            "publicNetworkAccess": "Enabled",
            "properties": {"owner": "ada"},
            "traffic": {NEW: 100},
            "mirrorTraffic": {},
        },
    }


def test_traffic_that_is_there_already_is_not_sent_again(world: World) -> None:
    """An answer was lost, or another worker was faster."""
    world.answers(world.endpoint(traffic={NEW: 100}))
    world.serve()
    assert world.sent == ["GET"]


@pytest.mark.parametrize("traffic", [{"green": 100}, {"blue": 90, "green": 10}, {"blue": 50}])
def test_somebody_elses_traffic_is_never_fought(world: World, traffic: dict[str, int]) -> None:
    """The refusal says what the traffic is, and what the promotion saw."""
    world.answers(world.endpoint(traffic=traffic))
    with pytest.raises(RejectedError, match=r"somebody else changed the traffic: it is .*, not blue 100 %"):
        world.serve()
    assert world.sent == ["GET"]


def test_going_back_makes_a_deployment_that_is_gone_again(world: World) -> None:
    """From the kept model; the initial one has none, and only people can bring it back."""
    green = world.endpoint(traffic={"green": 100})
    world.answers(green, NOT_THERE, NOT_THERE, green, reply({}, 201))
    with pytest.raises(DeploymentPendingError, match="was gone, and is made again"):
        world.serve(replaces="deployments/green")
    assert world.sent[-1] == f"PUT /deployments/{NEW}"
    world.answers(green, NOT_THERE)
    with pytest.raises(RejectedError, match="deployment blue is gone"):
        world.serve("deployments/blue", "deployments/green")


def test_traffic_is_not_sent_late(world: World) -> None:
    """Others count on the request to be over in time: if looking took long, nothing leaves."""
    world.answers(world.endpoint(), deployment(), reply({}, 201))
    elapsed = iter([0.0, 30.0])
    world.clock.elapsed_s = lambda: next(elapsed)  # type: ignore[method-assign]
    with pytest.raises(NotSentError, match="took so long"):
        world.serve()
    assert "PUT" not in world.sent


ROWS = (("39", "01234", ""), ("50", "99", "x"))
COLUMNS = ("age", "zip", "note")
ANSWER = [{"label": "yes", "probability": 0.75}, {"label": "no", "probability": 0.25}]


def test_a_challenger_is_asked_by_name(world: World) -> None:
    """Its deployment has no traffic: the header leads there, and the answer says who gave it."""
    world.answers(world.endpoint(), deployment(), reply(ANSWER, azureml_model_deployment=NEW))
    scored = world.client.score(an_endpoint().staging.of_model(MODEL), COLUMNS, ROWS)
    assert scored.columns == ("Scored Labels", "Scored Probabilities")
    assert scored.rows == (("yes", "0.75"), ("no", "0.25"))
    request = world.script.received[-1]
    assert {name.lower(): value for name, value in request.headers.items()}["azureml-model-deployment"] == NEW
    assert request.headers["Authorization"] == "Bearer scoring-token"
    assert world.body()["input_data"] == {
        "columns": list(COLUMNS),
        "index": [0, 1],
        "data": [[39, "01234", None], [50, "99", "x"]],
    }


def test_a_part_of_a_table_is_sent_with_the_types_of_the_whole(world: World) -> None:
    """A model that was given numbers in one request must not get texts in the next."""
    of_table = an_endpoint().staging.of_model(MODEL).of_table(COLUMNS, [*ROWS, ("unknown", "1", "")])
    world.answers(world.endpoint(), deployment(), reply(ANSWER, azureml_model_deployment=NEW))
    world.client.score(of_table, COLUMNS, ROWS)
    assert world.body()["input_data"]["data"] == [["39", "01234", None], ["50", "99", "x"]]


@pytest.mark.parametrize("state", ["Creating", "Updating", "Scaling"])
def test_a_deployment_that_is_being_made_is_waited_for(world: World, state: str) -> None:
    """It takes 10 to 20 minutes; past `deploying_s` it is given up."""
    made = iso_time(world.clock.now())
    world.answers(world.endpoint(), deployment(state, made=made))
    staging = an_endpoint().staging.of_model(MODEL)
    with pytest.raises(DeploymentPendingError, match="10 to 20 minutes"):
        world.client.score(staging, COLUMNS, ROWS)
    world.clock.advance(timedelta(seconds=3600).total_seconds())
    world.answers(world.endpoint(), deployment(state, made=made))
    with pytest.raises(RejectedError, match="after deploying_s = 3600 s"):
        world.client.score(staging, COLUMNS, ROWS)


def test_a_failed_deployment_says_why(world: World) -> None:
    """By the operation that failed, with what it nests, and by the end of its log; its URL is ARM's, or not asked."""
    nested = {"additionalInfo": [{"type": "InnerError", "info": {"code": "ContainerCrashed", "message": "it exited"}}]}
    error = {"status": "Failed", "error": {"code": "ResourceNotReady", "message": "not ready", **nested}}
    uri = f"{world.script.base_url}/operations/1?api-version=2025-12-01"
    log = reply({"content": "line 0\n" * 40 + "no module named lightgbm, password=hunter2"})
    world.answers(world.endpoint(), deployment("Failed", uri=uri), reply(error), log)
    with pytest.raises(RejectedError, match="no module named lightgbm") as refused:
        world.client.score(an_endpoint().staging.of_model(MODEL), COLUMNS, ROWS)
    text = str(refused.value)
    assert "ResourceNotReady: not ready; ContainerCrashed: it exited" in text
    assert (text.count("line 0"), "hunter2" in text) == (19, False)
    assert world.body() == {"tail": 20}
    assert not any(sent.startswith("DELETE") for sent in world.sent)
    no_log = reply({"error": {"code": "X", "message": "x"}}, 400)
    world.answers(world.endpoint(), deployment("Failed", uri="https://evil.example/operations/1"), no_log)
    with pytest.raises(RejectedError, match="does not say why"):
        world.client.score(an_endpoint().staging.of_model(MODEL), COLUMNS, ROWS)


NO_QUOTA = "Not enough quota: 16 cores are needed, 4 are left"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, {"code": "OutOfQuota", "message": NO_QUOTA}),
        (403, {"code": "InferencingClientCreateDeploymentFailed", "message": NO_QUOTA}),
        (400, {"code": "UserError", "message": "", "details": [{"code": "BadArgument", "message": NO_QUOTA}]}),
    ],
)
def test_a_deployment_waits_for_quota(world: World, status: int, error: dict[str, Any]) -> None:
    """Nothing is wrong with it: the run waits, and says with the service's numbers for what."""
    world.answers(NOT_THERE, world.endpoint(), reply({}, 201), reply({"error": error}, status))
    with pytest.raises(DeploymentPendingError, match=r"no room.*16 cores are needed, 4 are left") as pending:
        world.client.patch(an_endpoint().staging, BlobLocation("", MODEL, ""))
    assert "role" not in str(pending.value)


@pytest.mark.parametrize(
    ("status", "error"), [(400, RejectedError), (403, KeyRefusedError)], ids=["wrong", "without a role"]
)
def test_other_refusals_of_a_deployment_stand(world: World, status: int, error: type[Exception]) -> None:
    """They would be refused again."""
    refused = {"error": {"code": "BadArgument", "message": "the environment is unknown"}}
    world.answers(NOT_THERE, world.endpoint(), reply({}, 201), reply(refused, status))
    with pytest.raises(error, match="environment is unknown"):
        world.client.patch(an_endpoint().staging, BlobLocation("", MODEL, ""))


def test_a_deployment_that_failed_for_quota_is_deleted_and_waits(world: World) -> None:
    """It would stand in its own way; one that is not ours is left alone, and past `deploying_s` it has failed."""
    error = {"status": "Failed", "error": {"code": "BadRequest", "details": [{"code": "OutOfQuota", "message": "16"}]}}
    uri = f"{world.script.base_url}/operations/1?api-version=2025-12-01"
    made, staging = iso_time(world.clock.now()), an_endpoint().staging.of_model(MODEL)
    world.answers(world.endpoint(), deployment("Failed", made=made, uri=uri), reply(error), Reply(202, b""))
    with pytest.raises(DeploymentPendingError, match=r"no room.*OutOfQuota: 16"):
        world.client.score(staging, COLUMNS, ROWS)
    assert world.sent[-1] == f"DELETE /deployments/{NEW}"
    world.answers(world.endpoint(), deployment("Failed", model="", uri=uri), reply(error))
    with pytest.raises(RejectedError, match="OutOfQuota"):
        world.client.score(staging, COLUMNS, ROWS)
    world.clock.advance(3600)
    world.answers(world.endpoint(), deployment("Failed", made=made, uri=uri), reply(error))
    with pytest.raises(RejectedError, match="OutOfQuota"):
        world.client.score(staging, COLUMNS, ROWS)
    assert not any(sent.startswith("DELETE") for sent in world.sent)


def test_a_deployment_whose_request_was_lost_is_asked_for_again(world: World) -> None:
    """For ten minutes it may be there without showing; when its model was sent last tells how long that is ago."""
    staging = an_endpoint().staging.of_model(MODEL)
    sent = reply({"systemData": {"createdAt": "2020-01-01T00:00:00Z", "lastModifiedAt": iso_time(world.clock.now())}})
    world.answers(world.endpoint(), NOT_THERE, sent)
    with pytest.raises(DeploymentPendingError, match="does not show yet"):
        world.client.score(staging, COLUMNS, ROWS)
    assert world.sent[-1].startswith("GET /models/churn/versions/")
    world.clock.advance(600)
    world.answers(world.endpoint(), NOT_THERE, sent, NOT_THERE, world.endpoint(), reply({}, 200), reply({}, 201))
    with pytest.raises(DeploymentPendingError, match="does not show yet"):
        world.client.score(staging, COLUMNS, ROWS)
    assert world.sent[-1] == f"PUT /deployments/{NEW}"
    world.answers(world.endpoint(), NOT_THERE, NOT_THERE, NOT_THERE, world.endpoint(), reply({}, 201), reply({}, 201))
    with pytest.raises(DeploymentPendingError):
        world.client.score(staging, COLUMNS, ROWS)
    assert world.sent[-1] == f"PUT /deployments/{NEW}"


def test_nothing_makes_the_initial_deployment_again(world: World) -> None:
    """Its model was never kept: whoever waits for it would wait for ever."""
    world.answers(world.endpoint(), NOT_THERE)
    with pytest.raises(RejectedError, match="deployment blue is gone"):
        world.client.score(an_endpoint().staging.of_model("deployments/blue"), COLUMNS, ROWS)


def test_users_are_answered_by_the_deployment_that_is_meant(world: World) -> None:
    """Settled, all traffic, and the answer's own word: anything else is another model's answer."""
    serving = an_endpoint().of_model(MODEL)
    world.answers(world.endpoint(traffic={NEW: 100}), reply(ANSWER, azureml_model_deployment=NEW))
    assert world.client.score(serving, COLUMNS, ROWS).rows[0] == ("yes", "0.75")
    assert "azureml-model-deployment" not in {name.lower() for name in world.script.received[-1].headers}
    world.answers(world.endpoint(traffic={NEW: 100}), reply(ANSWER, azureml_model_deployment="blue"))
    with pytest.raises(OtherModelError, match="answered by blue"):
        world.client.score(serving, COLUMNS, ROWS)
    world.answers(world.endpoint())
    with pytest.raises(OtherModelError, match="traffic is on"):
        world.client.score(serving, COLUMNS, ROWS)
    world.answers(world.endpoint("Updating", traffic={NEW: 100}))
    with pytest.raises(DeploymentPendingError, match="is updating"):
        world.client.score(serving, COLUMNS, ROWS)


def test_without_a_name_whoever_serves_answers(world: World) -> None:
    """Before a promotion nobody in particular is meant; an answer without the header counts by its rows."""
    world.answers(world.endpoint(), reply(json.dumps([1, 0])))
    assert world.client.score(an_endpoint(), COLUMNS, ROWS).rows == (("1",), ("0",))


@pytest.mark.parametrize("body", [{"error": "x"}, [1], "no list", [[1], {"a": 1}], 3])
def test_a_200_that_is_no_answer_is_the_models_verdict(world: World, body: object) -> None:
    """Succeeded means that init() ended, not that the model is right."""
    world.answers(world.endpoint(), deployment(), reply(body))
    with pytest.raises(RejectedError):
        world.client.score(an_endpoint().staging.of_model(MODEL), COLUMNS, ROWS)


@pytest.mark.parametrize("status", [408, 424])
def test_a_model_that_does_not_answer_three_times_is_judged(world: World, status: int) -> None:
    """Once is weather."""
    failed = Reply(status, b'{"message": "An unexpected error occurred in scoring script."}')
    world.answers(world.endpoint(), deployment(), failed, failed, reply(ANSWER))
    assert world.client.score(an_endpoint().staging.of_model(MODEL), COLUMNS, ROWS).rows
    world.answers(world.endpoint(), deployment(), failed)
    with pytest.raises(RejectedError, match="3 times in a row"):
        world.client.score(an_endpoint().staging.of_model(MODEL), COLUMNS, ROWS)


@pytest.mark.parametrize("status", [404, 429, 502, 503])
def test_other_failures_are_weather(world: World, status: int) -> None:
    """They say nothing about the model."""
    world.answers(world.endpoint(), deployment(), reply({"error": {"code": "X", "message": "x"}}, status))
    with pytest.raises(UnavailableError):
        world.client.score(an_endpoint().staging.of_model(MODEL), COLUMNS, ROWS)


def test_keys_of_an_endpoint_are_asked_for_and_kept(world: World) -> None:
    """By the mode that the endpoint names; after a refusal they are asked for anew, once."""
    keys = reply({"primaryKey": "key-1", "secondaryKey": "key-2"})
    world.answers(world.endpoint(mode="Key"), keys, reply([1, 0]))
    world.client.score(an_endpoint(), COLUMNS, ROWS)
    world.answers(world.endpoint(mode="Key"), reply([1, 0]))
    world.client.score(an_endpoint(), COLUMNS, ROWS)
    assert world.script.received[-1].headers["Authorization"] == "Bearer key-1"
    renewed = reply({"primaryKey": "key-3"})
    world.answers(world.endpoint(mode="Key"), Reply(401, b"{}"), renewed, reply([1, 0]))
    world.client.score(an_endpoint(), COLUMNS, ROWS)
    assert world.script.received[-1].headers["Authorization"] == "Bearer key-3"
    world.answers(world.endpoint(mode="Certificate"))
    with pytest.raises(ConfigError, match="authMode 'Certificate'"):
        world.client.score(an_endpoint(), COLUMNS, ROWS)


def test_a_token_goes_to_a_scoring_host_alone(world: World) -> None:
    """Whatever ARM names: a token of one audience is worth something elsewhere."""
    answer = json.loads(world.endpoint().body)
    answer["properties"]["scoringUri"] = "https://churn-prod.evil.example/score"
    world.answers(reply(answer))
    with pytest.raises(HostNotAllowedError, match="no host of Azure ML"):
        world.client.score(an_endpoint(), COLUMNS, ROWS)
    assert world.sent == ["GET"]


@pytest.mark.parametrize("host", ["churn.eastus2.inference.ml.azure.us", "x.inference.ml.azure.com.evil.example"])
def test_a_token_stays_in_its_cloud(world: World, host: str) -> None:
    """A host of another cloud is another service's, and one that only begins like Azure's is nobody's."""
    answer = json.loads(world.endpoint().body)
    answer["properties"]["scoringUri"] = f"https://{host}/score"
    world.answers(reply(answer))
    with pytest.raises(HostNotAllowedError, match="no host of Azure ML"):
        world.client.score(an_endpoint(), COLUMNS, ROWS)


def test_the_model_in_service_is_named_by_its_deployment(world: World) -> None:
    """By our tag; one of others by its own name; none while the traffic is shared."""
    world.answers(world.endpoint(traffic={NEW: 100}), deployment())
    assert [resource.relative for resource in world.client.resources(an_endpoint())] == [MODEL]
    world.answers(world.endpoint(), deployment(model=""))
    assert [resource.relative for resource in world.client.resources(an_endpoint())] == ["deployments/blue"]
    world.answers(world.endpoint(traffic={"blue": 50, "green": 50}))
    assert world.client.resources(an_endpoint()) == []


def test_deployments_are_listed_page_by_page(world: World) -> None:
    """With their shares, and whose they are."""
    first = {"value": [{"name": "blue", "tags": None, "properties": {"provisioningState": "Succeeded"}}]}
    following = f"{world.script.base_url}{ENDPOINT}/deployments?api-version=2025-12-01"
    second = {"value": [json.loads(deployment(made="2026-12-01T00:00:00Z").body)], "nextLink": None}
    world.answers(world.endpoint(), reply({**first, "nextLink": following}), reply(second))
    blue, ours = world.client.deployments(an_endpoint())
    assert (blue.name, blue.ours, blue.traffic, blue.created_at) == ("blue", False, 100, None)
    assert (ours.model, ours.route, ours.ours, ours.traffic) == (MODEL, "churn", True, 0)
    assert ours.created_at is not None


def test_a_deployment_is_removed_only_if_it_is_ours_and_idle(world: World) -> None:
    """Looked at just before; one that is gone is gone."""
    world.answers(deployment(), world.endpoint(), Reply(202, b""))
    world.client.remove(an_endpoint(), NEW)
    assert world.sent[-1] == f"DELETE /deployments/{NEW}"
    world.answers(NOT_THERE)
    world.client.remove(an_endpoint(), NEW)
    world.answers(deployment(), world.endpoint(traffic={NEW: 100}))
    with pytest.raises(RejectedError, match="has traffic"):
        world.client.remove(an_endpoint(), NEW)
    world.answers(deployment(model=""), world.endpoint())
    with pytest.raises(RejectedError, match="not made by this app"):
        world.client.remove(an_endpoint(), NEW)
    assert not any(sent.startswith("DELETE") for sent in world.sent)
