"""A route of Azure Machine Learning: read whole, and everything that is wrong in it told at once, by key."""

import re
from pathlib import Path

import pytest

from shared.errors import ConfigError
from shared.routes.azureml_services import AnswerKeys, AzureMlEndpoint, AzureMlTraining, ModelType
from shared.routes.load import Routes, parse_routes
from shared.routes.route import EndpointRole
from shared.routes.service_keys import AZUREML_ENDPOINT_KEYS, AZUREML_TRAINING_KEYS

DOCS = Path(__file__).parents[3] / "docs"
WORKSPACE = "/subscriptions/s-1/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/ml"
ROUTE = """
version = 1
input = "incoming"

[routes.churn]
files = "churn/*.csv"
no_champion = "threshold-only"
golden = "models/golden/churn.csv"
gates = [ { metric = "AUC", at_least = 0.80, min_gain = 0.002 } ]

[routes.churn.training]
service = "azureml"
workspace = "${AML_WORKSPACE}"
compute = "cpu-cluster"
component = "train_churn:3"
datastore = "landfall_training"
input = "training_data"
model_output = "model"
evaluation_output = "evaluation"
parameters = { learning_rate = 0.1 }

[[routes.churn.endpoints]]
service = "azureml"
name = "production"
role = "serve"
endpoint = "churn-prod"
models_datastore = "landfall_models"
instance_type = "Standard_DS3_v2"
code = "score_churn:1"
environment = "serve_churn:2"
scoring_script = "score.py"
initial_deployment = "blue"
answer = { label = "label", probability = "probability" }
"""
COMMAND = """command = "python train.py --data ${{inputs.training_data}} --out ${{outputs.model}}"
code = "train_churn:1"
environment = "train_churn:2\""""


def parse(text: str, **settings: str) -> Routes:
    """Read a file of routes."""
    return parse_routes(text, {"AML_WORKSPACE": WORKSPACE, **settings})


def problems(*changes: tuple[str, str]) -> list[str]:
    """Return what is wrong with the route after some changes of its text, without where the file is."""
    text = ROUTE
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    with pytest.raises(ConfigError) as error:
        parse(text)
    return [problem.removeprefix("routes.toml: routes.churn.") for problem in error.value.problems]


def test_a_whole_route() -> None:
    """It needs no `allow_hosts`, no key and no URL: the workspace's id says where everything is."""
    route = parse(ROUTE).routes["churn"]
    training, endpoint = route.training, route.serving
    assert training == AzureMlTraining(
        input="training_data",
        model_output="model",
        evaluation_output="evaluation",
        workspace=WORKSPACE,
        datastore="landfall_training",
        compute="cpu-cluster",
        instance_type="",
        component="train_churn:3",
        command="",
        code="",
        environment="",
        model_type=ModelType.CUSTOM,
        evaluation_file="metrics.json",
        parameters={"learning_rate": "0.1"},
        instance_count=1,
        distribution="",
        processes_per_instance=1,
        timeout_s=7200,
    )
    assert endpoint == AzureMlEndpoint(
        name="production",
        role=EndpointRole.SERVE,
        resource="churn-prod",
        propagation_s=600,
        workspace=WORKSPACE,
        endpoint="churn-prod",
        models_datastore="landfall_models",
        instance_type="Standard_DS3_v2",
        initial_deployment="blue",
        model_type=ModelType.CUSTOM,
        instance_count=1,
        code="score_churn:1",
        environment="serve_churn:2",
        scoring_script="score.py",
        keep_previous_s=86400,
        held_keep_s=3600,
        deploying_s=3600,
        traffic_s=600,
        watch_s=60,
        answer=AnswerKeys("label", "probability"),
    )
    assert route.initial_model == "deployments/blue"
    assert route.deadlines.promoting == 3600 + 600 + 60 + 1800
    assert route.staging is not None
    assert route.staging.role is EndpointRole.STAGING
    assert not route.secrets


def test_a_command_keeps_its_own_placeholders() -> None:
    """`${NAME}` is a setting of the app, and `${{...}}` belongs to the job."""
    text = ROUTE.replace('component = "train_churn:3"', COMMAND)
    training = parse(text).routes["churn"].training
    assert isinstance(training, AzureMlTraining)
    assert training.command == "python train.py --data ${{inputs.training_data}} --out ${{outputs.model}}"
    assert (training.code, training.environment) == ("train_churn:1", "train_churn:2")


def test_an_mlflow_model_is_served_without_a_script() -> None:
    """Code, environment and script are of custom models alone."""
    mlflow = ("parameters =", 'model_type = "mlflow_model"\nparameters =')
    assert problems(mlflow) == [
        f"endpoints[0].{key} is of a custom_model, and an mlflow_model is served without it. Remove it."
        for key in ("code", "environment", "scoring_script")
    ]
    text = ROUTE.replace(*mlflow)
    for line in ('code = "score_churn:1"\n', 'environment = "serve_churn:2"\n', 'scoring_script = "score.py"\n'):
        text = text.replace(line, "")
    endpoint = parse(text).routes["churn"].serving
    assert isinstance(endpoint, AzureMlEndpoint)
    assert endpoint.model_type is ModelType.MLFLOW


def test_serverless_compute_and_several_nodes() -> None:
    """A size is needed where there is no cluster, and a way to meet where there are several processes."""
    serverless = ('compute = "cpu-cluster"', 'compute = "serverless"\ninstance_type = "Standard_D4s_v3"')
    several = ("parameters =", 'instance_count = 2\ndistribution = "pytorch"\nparameters =')
    training = parse(ROUTE.replace(*serverless).replace(*several)).routes["churn"].training
    assert isinstance(training, AzureMlTraining)
    assert (training.compute, training.instance_type) == ("", "Standard_D4s_v3")
    assert (training.instance_count, training.distribution) == (2, "pytorch")
    assert problems((serverless[0], 'compute = "serverless"'), (several[0], "instance_count = 2\nparameters =")) == [
        "training.instance_type is missing. Name the size of the serverless machine.",
        'training.distribution is missing. Say how several processes meet: "pytorch" or "mpi".',
    ]


def test_everything_that_is_wrong_is_told_at_once() -> None:
    """Each by its key, with what to do."""
    sentences = problems(
        ("golden =", 'initial_model = "models/x.ilearner"\ndeadlines_s = { promoting = 900 }\ngolden ='),
        ('"${AML_WORKSPACE}"', '"my-workspace"'),
        ('"train_churn:3"', '"train_churn"'),
        ("parameters =", 'jobs_url = "https://x"\nevaluation_file = "../m.json"\nparameters ='),
        ('model_output = "model"', 'model_output = "evaluation"'),
        ('endpoint = "churn-prod"', 'endpoint = "Churn_Prod"\npatch_url = "https://x"'),
        ('code = "score_churn:1"', 'code = "score_churn"'),
    )
    keys = [sentence.split(" ", 1)[0] for sentence in sentences]
    assert sorted(keys) == sorted(
        [
            "initial_model",
            "deadlines_s.promoting",
            "training.workspace",
            "training.component",
            "training.jobs_url",
            "training.evaluation_file",
            "training.evaluation_output",
            "endpoints[0].endpoint",
            "endpoints[0].patch_url",
            "endpoints[0].code",
        ]
    )
    assert "training.jobs_url is a key of service = 'classic'. Remove it, or use that service." in sentences
    assert any("az ml workspace show" in sentence for sentence in sentences)
    assert any("4260" in sentence for sentence in sentences)


def test_a_route_uses_one_service() -> None:
    """A model of one cannot be served by the other; what belongs to the other is told by key."""
    sentences = problems(('service = "azureml"\nname', "name"))
    assert sentences[0].startswith("endpoints[0].service is 'classic', and the training's is 'azureml'.")
    assert "endpoints[0].endpoint is a key of service = 'azureml'. Remove it, or use that service." in sentences


def test_there_is_no_staging_endpoint() -> None:
    """The new deployment without traffic is the staging."""
    assert problems(('role = "serve"', 'role = "staging"'))[0] == (
        "endpoints[0].role must be 'serve': the new deployment without traffic is the staging of an Azure ML endpoint."
        " Remove this endpoint."
    )


@pytest.mark.parametrize("name", ["ab", "Blue", "blue_1", "1blue", "blue-", "a" * 33, "a--b"])
def test_names_of_deployments(name: str) -> None:
    """As the service allows them, in lower case: clients fold them."""
    (sentence,) = problems(('initial_deployment = "blue"', f'initial_deployment = "{name}"'))
    assert sentence.startswith(f"endpoints[0].initial_deployment is '{name}'.")


def test_parameters_and_the_input_share_their_names() -> None:
    """Both become inputs of the command."""
    assert problems(("learning_rate = 0.1", 'training_data = 1, "no name" = 2')) == [
        "training.parameters has 'training_data', which is the input of the data.",
        "training.parameters has 'no name', which is no name of an input.",
    ]


def test_a_workspace_of_another_casing_is_the_same() -> None:
    """ARM ignores it: two routes cannot share an endpoint by another spelling."""
    second = ROUTE[ROUTE.index("[routes.churn]") :].replace("routes.churn", "routes.more").replace("churn/*", "more/*")
    same = r"routes\.more\.endpoints \(production\) has the endpoint of routes\.churn\.endpoints \(production\)"
    with pytest.raises(ConfigError, match=same):
        parse(ROUTE + second.replace("${AML_WORKSPACE}", WORKSPACE.upper().replace("MICROSOFT", "Microsoft")))


@pytest.mark.parametrize("processes", ["", "instance_count = 1\n", "processes_per_instance = 1\n"])
def test_one_process_meets_nobody(processes: str) -> None:
    """A distribution says that several were meant: the number of them is missing."""
    (sentence,) = problems(("parameters =", f'distribution = "mpi"\n{processes}parameters ='))
    assert sentence == (
        "training.distribution is 'mpi', and the job is one process."
        " Add instance_count or processes_per_instance, or remove it."
    )


def test_several_processes_of_one_node_may_meet() -> None:
    """One machine with several processes is a distribution too."""
    text = ROUTE.replace("parameters =", 'distribution = "mpi"\nprocesses_per_instance = 2\nparameters =')
    assert isinstance(parse(text).routes["churn"].training, AzureMlTraining)


def test_the_running_deadline_holds_job_and_watch() -> None:
    """A run may not give its job up before the service does, and the next run outlives the watch."""
    short = ("golden =", "deadlines_s = { running = 7199 }\ngolden =")
    job, watch = problems(short, ("scoring_script", "watch_s = 7199\nscoring_script"))
    assert job == (
        "training.timeout_s is 7200, more than deadlines_s.running = 7199:"
        " the run would give its job up while that may still run."
    )
    assert watch == (
        "endpoints[0].watch_s must be less than deadlines_s.running = 7199:"
        " the next run waits while a model is watched."
    )
    parse(ROUTE.replace("golden =", "deadlines_s = { running = 7200 }\ngolden ="))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/s-1/", "/s-1?x=/"),
        ("/rg/", "/r%2Fg/"),
        ("/rg/", "/../"),
        ("/ml", "/ml#"),
        ("/ml", "/ml/jobs"),
        ("/ml", "/m l"),
        ("/subscriptions", "https://ml.azure.com/subscriptions"),
    ],
)
def test_an_id_of_a_workspace_is_a_path_of_names(old: str, new: str) -> None:
    """Each request is sent below it: nothing in it may end the path, or mean another one."""
    (sentence,) = problems(("${AML_WORKSPACE}", WORKSPACE.replace(old, new)))
    assert sentence.startswith("training.workspace is no id of a workspace: ")


@pytest.mark.parametrize("script", ["/score.py", "../score.py", "a/../score.py", "score.txt", "a//score.py"])
def test_the_scoring_script_lies_in_the_code(script: str) -> None:
    """Another one is known wrong before a deployment was paid for."""
    (sentence,) = problems(('"score.py"', f'"{script}"'))
    assert sentence.startswith(f"endpoints[0].scoring_script is '{script}'.")


def test_a_route_without_its_endpoint_is_told_of_that_alone() -> None:
    """No initial model is asked of a route that may have none; one that is there is refused all the same."""
    endpoint = (ROUTE[ROUTE.index("[[routes") :], "")
    missing = "endpoints is missing. Add [[routes.churn.endpoints]]."
    assert problems(endpoint) == [missing]
    assert problems(endpoint, ("golden =", 'initial_model = "models/x.ilearner"\ngolden =')) == [
        missing,
        "initial_model is a key of service = 'classic'. Remove it, or use that service.",
    ]


def test_the_documented_route_can_be_read() -> None:
    """The route of the page is the one that these tests read."""
    (block,) = re.findall(r"```toml\n(.*?)```", (DOCS / "azureml.md").read_text(encoding="utf-8"), re.DOTALL)
    assert parse(block) == parse(ROUTE)


def test_every_key_is_documented() -> None:
    """Each key of both tables has its row in the page of routes."""
    page = (DOCS / "routes.md").read_text(encoding="utf-8").split("## Azure Machine Learning", 1)[1]
    rows = "\n".join(line.split("|")[1] for line in page.splitlines() if line.startswith("| `"))
    documented = set(re.findall(r"`(\w+)`", rows))
    assert {*AZUREML_TRAINING_KEYS, *AZUREML_ENDPOINT_KEYS} <= documented


@pytest.mark.parametrize(
    "component",
    [
        "train_churn",
        "train/churn:3",
        "azureml://registries/ours/components/train",
        "azureml://registries/our s/components/train/versions/3",
        "azureml://registries/ours/components/train/versions/3?x",
    ],
)
def test_a_component_has_its_version(component: str) -> None:
    """Without one a job would train with whatever is the newest; a registry's is named whole."""
    (sentence,) = problems(('"train_churn:3"', f'"{component}"'))
    assert sentence.startswith(f"training.component is '{component}'. Write NAME:VERSION, or azureml://registries/")
    registry = "azureml://registries/our-registry/components/train_churn/versions/3.1"
    training = parse(ROUTE.replace("train_churn:3", registry)).routes["churn"].training
    assert isinstance(training, AzureMlTraining)
    assert training.component == registry
