"""Jobs in a workspace: started once however often they are asked for, and followed by their status."""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from shared.adapters.azureml.arm_client import ArmClient
from shared.adapters.azureml.tokens import FixedToken
from shared.adapters.azureml.training_client import AzureMlTrainingService
from shared.adapters.http.http_client import HttpClient
from shared.errors import KeyRefusedError, NotFoundError, RejectedError, UnavailableError, UnusableAnswerError
from shared.ports.training_service import JobRequest, JobState, JobSubject
from shared.routes.azureml_services import AzureMlTraining, ModelType
from shared.routes.host_allowlist import AllowedHosts
from tests.azureml.strict_contract import assert_in_contract
from tests.contract.scripted import Reply, Scripted, scripted

WORKSPACE = "/subscriptions/s-1/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/ml"
RUN = "0f3a" * 8
REQUEST = JobRequest(
    f"training/{RUN}/1/input.csv",
    f"training/{RUN}/1/model",
    f"training/{RUN}/1/evaluation/metrics.json",
    3600,
    JobSubject("churn", RUN, 1, "churn/May & June.csv", '"0x8DC"'),
)
JOB = f"churn-{RUN}-1"
OURS = {"properties": {"jobType": "Command", "status": "Running", "tags": {"landfall-run": RUN}}}
IMMUTABLE = {
    "error": {
        "code": "UserError",
        "message": "A job with this name already exists. The existing job's Inputs cannot be changed.",
        "additionalInfo": [{"type": "InnerError", "info": {"code": "Immutable"}}],
    }
}


def a_training(**changes: Any) -> AzureMlTraining:
    """Return the jobs of a route that has a command."""
    training = AzureMlTraining(
        input="training_data",
        model_output="model",
        evaluation_output="evaluation",
        workspace=WORKSPACE,
        datastore="landfall_training",
        compute="cpu-cluster",
        command="python train.py --data ${{inputs.training_data}} --rate ${{inputs.rate}}",
        code="train_churn:1",
        environment="train_churn:2",
        parameters={"rate": "0.1"},
    )
    return replace(training, **changes)


def reply(body: object, status: int = 200) -> Reply:
    """Return an answer in JSON."""
    return Reply(status, json.dumps(body).encode())


class World:
    """A service with answers, and the client that asks it."""

    def __init__(self, script: Scripted) -> None:
        self.script = script
        self.web = HttpClient(AllowedHosts(["127.0.0.1:*"]), retries=0)
        self.client = AzureMlTrainingService(ArmClient(self.web, FixedToken("arm-token"), script.base_url))

    def body(self, number: int = -1) -> dict[str, Any]:
        """Return what was sent."""
        body: dict[str, Any] = json.loads(self.script.received[number].body)
        return body


@pytest.fixture
def world() -> Iterator[World]:
    """Give a service that answers as the test says; every request that it got is checked against the contract."""
    with scripted(reply({})) as script:
        made = World(script)
        with closing(made.web):
            yield made
        for request in script.received:
            assert_in_contract(request)


def test_submitting_sends_nothing(world: World) -> None:
    """A job would run at once, so only its id is made: from route, run and attempt."""
    assert world.client.submit(a_training(), REQUEST) == JOB
    later = REQUEST._replace(subject=REQUEST.subject._replace(attempt=2))
    assert world.client.submit(a_training(), later) != JOB
    assert world.script.received == []


def test_a_command_is_started_as_the_contract_has_it(world: World) -> None:
    """The job reads and writes by datastore paths, has tags, and gets no file's name into its shell line."""
    world.script.replies = [reply(OURS, 201)]
    world.client.start(a_training(), JOB, REQUEST)
    sent = world.body()["properties"]
    assert world.script.received[0].headers["Authorization"] == "Bearer arm-token"
    assert sent["inputs"]["training_data"]["uri"] == f"azureml://datastores/landfall_training/paths/{RUN}/1/input.csv"
    assert sent["inputs"]["rate"] == {"jobInputType": "literal", "value": "0.1"}
    assert sent["outputs"]["model"]["uri"] == f"azureml://datastores/landfall_training/paths/{RUN}/1/model/"
    assert sent["outputs"]["evaluation"]["uri"].endswith(f"/{RUN}/1/evaluation/")
    assert sent["codeId"] == f"{WORKSPACE}/codes/train_churn/versions/1"
    assert sent["environmentId"] == f"{WORKSPACE}/environments/train_churn/versions/2"
    assert sent["computeId"] == f"{WORKSPACE}/computes/cpu-cluster"
    assert sent["limits"] == {"jobLimitsType": "Command", "timeout": "PT7200S"}
    assert sent["tags"] == {"landfall-run": RUN, "landfall-route": "churn"}
    assert "June" not in sent["command"]


def test_serverless_and_several_nodes(world: World) -> None:
    """Without a cluster the size stands in the resources; several nodes say how their processes meet."""
    world.script.replies = [reply(OURS, 201)]
    training = a_training(
        compute="",
        instance_type="Standard_D4s_v3",
        instance_count=2,
        distribution="pytorch",
        processes_per_instance=1,
        model_type=ModelType.MLFLOW,
    )
    world.client.start(training, JOB, REQUEST)
    sent = world.body()["properties"]
    assert "computeId" not in sent
    assert sent["resources"] == {"instanceCount": 2, "instanceType": "Standard_D4s_v3"}
    assert sent["distribution"] == {"distributionType": "PyTorch", "processCountPerInstance": 1}
    assert sent["outputs"]["model"]["jobOutputType"] == "mlflow_model"


def test_a_command_component_is_sent_as_its_command(world: World) -> None:
    """It is read once, and the job has its command, code and environment: nothing of another run is reused."""
    spec = {
        "type": "command",
        "command": "python train.py --data ${{inputs.training_data}}",
        "code": f"azureml:{WORKSPACE}/codes/c/versions/7",
        "environment": "azureml:env:4",
    }
    world.script.replies = [reply({"properties": {"componentSpec": spec}}), reply(OURS, 201)]
    training = a_training(component="train_churn:3", command="", code="", environment="", parameters={})
    world.client.start(training, JOB, REQUEST)
    sent = world.body()["properties"]
    assert world.script.received[0].path.startswith(f"{WORKSPACE}/components/train_churn/versions/3?")
    assert (sent["jobType"], sent["command"]) == ("Command", spec["command"])
    assert sent["codeId"] == f"{WORKSPACE}/codes/c/versions/7"
    assert sent["environmentId"] == f"{WORKSPACE}/environments/env/versions/4"


def test_a_pipeline_component_runs_anew(world: World) -> None:
    """It is sent by its id, and nothing is taken from an earlier run."""
    world.script.replies = [reply({"properties": {"componentSpec": {"type": "pipeline"}}}), reply(OURS, 201)]
    world.client.start(a_training(component="pipe:1", command="", code="", environment=""), JOB, REQUEST)
    sent = world.body()["properties"]
    assert (sent["jobType"], sent["settings"]) == ("Pipeline", {"force_rerun": True})
    assert sent["componentId"] == f"{WORKSPACE}/components/pipe/versions/1"
    assert "command" not in sent


def test_a_component_of_a_registry_is_a_step(world: World) -> None:
    """It belongs to no workspace, so it is not read: the pipeline names it."""
    component = "azureml://registries/R/components/N/versions/2"
    world.script.replies = [reply(OURS, 201)]
    world.client.start(a_training(component=component, command="", code="", environment=""), JOB, REQUEST)
    sent = world.body()["properties"]
    step = sent["jobs"]["train"]
    assert step["componentId"] == component
    assert step["inputs"]["rate"]["value"] == "${{parent.inputs.rate}}"
    assert step["outputs"]["model"]["value"] == "${{parent.outputs.model}}"
    assert len(world.script.received) == 1


def test_a_step_has_the_limit_and_the_nodes_of_the_route(world: World) -> None:
    """What ends a job whose cancel is not obeyed, and on what it runs, hold for a registry's component too."""
    several = a_training(
        component="azureml://registries/R/components/N/versions/2",
        command="",
        code="",
        environment="",
        compute="",
        instance_type="Standard_D4s_v3",
        instance_count=2,
        distribution="mpi",
        processes_per_instance=4,
        timeout_s=600,
    )
    world.script.replies = [reply(OURS, 201)]
    world.client.start(several, JOB, REQUEST)
    step = world.body()["properties"]["jobs"]["train"]
    assert step["limits"] == {"job_limits_type": "Command", "timeout": "PT600S"}
    assert step["resources"] == {"instance_count": 2, "instance_type": "Standard_D4s_v3"}
    assert step["distribution"] == {"distribution_type": "Mpi", "process_count_per_instance": 4}


def test_a_component_without_a_definition_is_told(world: World) -> None:
    """The error names the component and what it lacks."""
    world.script.replies = [reply({"properties": {"componentSpec": {"type": "command"}}})]
    with pytest.raises(UnusableAnswerError, match=r"train_churn:3 has no 'command'"):
        world.client.start(a_training(component="train_churn:3", command=""), JOB, REQUEST)


@pytest.mark.parametrize(
    ("properties", "lacks"),
    [
        (None, "properties"),
        ({"componentSpec": None}, "componentSpec"),
        ({"componentSpec": {"type": "command", "command": None, "environment": "env:4"}}, "command"),
        ({"componentSpec": {"type": "command", "command": "python train.py", "environment": None}}, "environment"),
    ],
)
def test_a_null_in_a_component_is_a_missing_key(world: World, properties: object, lacks: str) -> None:
    """Answers are full of nulls: no job is sent without its command or environment, and the error names which."""
    world.script.replies = [reply({"properties": properties})]
    with pytest.raises(UnusableAnswerError, match=f"train_churn:3 has no '{lacks}'"):
        world.client.start(a_training(component="train_churn:3", command=""), JOB, REQUEST)
    assert [request.method for request in world.script.received] == ["GET"]


@pytest.mark.parametrize(
    "first", [reply(IMMUTABLE, 400), Reply(hang_up=True), reply({"error": {"code": "X", "message": "x"}}, 500)]
)
def test_a_job_that_is_there_with_our_tag_is_started(world: World, first: Reply) -> None:
    """A refusal because it exists, no answer, and an error after the fact are all followed by a look."""
    world.script.replies = [first, reply(OURS)]
    world.client.start(a_training(), JOB, REQUEST)
    assert [request.method for request in world.script.received] == ["PUT", "GET"]


def test_a_job_of_somebody_else_is_not_ours(world: World) -> None:
    """The same id without our tag: the refusal stands."""
    world.script.replies = [reply(IMMUTABLE, 400), reply({"properties": {"status": "Running", "tags": None}})]
    with pytest.raises(RejectedError, match="already exists"):
        world.client.start(a_training(), JOB, REQUEST)


def test_what_was_refused_and_is_not_there_is_refused(world: World) -> None:
    """With the service's words."""
    refused = {"error": {"code": "UserError", "message": "no such compute"}}
    world.script.replies = [reply(refused, 400), reply({"error": {"code": "NotFound", "message": "none"}}, 404)]
    with pytest.raises(RejectedError, match="no such compute"):
        world.client.start(a_training(), JOB, REQUEST)


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("NotStarted", JobState.NOT_STARTED),
        ("Queued", JobState.NOT_STARTED),
        ("Running", JobState.RUNNING),
        ("Finalizing", JobState.RUNNING),
        ("CancelRequested", JobState.RUNNING),
        ("Completed", JobState.FINISHED),
        ("Failed", JobState.FAILED),
        ("Canceled", JobState.CANCELLED),
        ("NotResponding", JobState.UNKNOWN),
        ("Resumed", JobState.UNKNOWN),
        (None, JobState.UNKNOWN),
    ],
)
def test_words_of_status(world: World, word: str | None, state: JobState) -> None:
    """A word that no list knows says that the job still runs."""
    world.script.replies = [reply({"properties": {"status": word, "services": None}})]
    status = world.client.status(a_training(), JOB)
    assert (status.state, status.code) == (state, word or "")


def test_a_failed_job_names_the_link_for_people(world: World) -> None:
    """The answer has no error of the job."""
    services = {"Studio": {"endpoint": "https://ml.azure.com/runs/x"}}
    world.script.replies = [reply({"properties": {"status": "Failed", "services": services}})]
    assert "https://ml.azure.com/runs/x" in world.client.status(a_training(), JOB).details


def test_an_unknown_job_is_not_found(world: World) -> None:
    """As the lifecycle expects it."""
    world.script.replies = [reply({"error": {"code": "NotFound", "message": "no job"}}, 404)]
    with pytest.raises(NotFoundError):
        world.client.status(a_training(), JOB)


def test_cancelling(world: World) -> None:
    """What is unknown or has ended counts as cancelled; otherwise the refusal is told."""
    path = f"{WORKSPACE}/jobs/{JOB}/cancel?"
    world.script.replies = [Reply(202, b"")]
    world.client.cancel(a_training(), JOB)
    assert world.script.received[0].path.startswith(path)
    gone = {"error": {"code": "NotFound", "message": "no job"}}
    world.script.replies = [reply(gone, 404)]
    world.client.cancel(a_training(), JOB)
    world.script.replies = [reply({"error": {"code": "X", "message": "x"}}, 500), reply(gone, 404)]
    world.client.cancel(a_training(), JOB)
    finalizing = reply({"error": {"code": "UserError", "message": "it is finalizing"}}, 400)
    world.script.replies = [finalizing, reply({"properties": {"status": "Completed"}})]
    world.client.cancel(a_training(), JOB)
    world.script.replies = [finalizing, reply({"properties": {"status": "Finalizing"}})]
    with pytest.raises(RejectedError, match="finalizing"):
        world.client.cancel(a_training(), JOB)


@pytest.mark.parametrize(
    "answer",
    [
        reply({"error": {"code": "Conflict", "message": "another operation on same entity is already running"}}, 409),
        reply({"error": {"code": "BadRequest", "message": "It is in Updating provisioning state"}}, 400),
    ],
)
def test_a_conflict_is_not_a_refusal(world: World, answer: Reply) -> None:
    """It says that something is going on: the next tick looks again."""
    world.script.replies = [answer]
    with pytest.raises(UnavailableError, match="another operation"):
        world.client.cancel(a_training(), JOB)


def test_a_refused_token_is_renewed_once(world: World) -> None:
    """It may have ended a moment ago; a second refusal is a setting."""
    refused = reply({"error": {"code": "Unauthorized", "message": "no"}}, 401)
    world.script.replies = [refused, reply(OURS)]
    assert world.client.status(a_training(), JOB).state is JobState.RUNNING
    world.script.replies = [refused]
    with pytest.raises(KeyRefusedError, match="LANDFALL_AML_TOKEN"):
        world.client.status(a_training(), JOB)


def test_a_missing_role_is_told(world: World) -> None:
    """A refusal of the identity names the role that it lacks, and is not asked twice."""
    world.script.replies = [reply({"error": {"code": "AuthorizationFailed", "message": "no"}}, 403)]
    with pytest.raises(KeyRefusedError, match="AzureML Data Scientist"):
        world.client.status(a_training(), JOB)
    assert len(world.script.received) == 1
