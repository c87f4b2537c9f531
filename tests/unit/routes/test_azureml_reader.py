"""A route of Azure Machine Learning: read whole, and everything that is wrong in it told at once, by key."""

import pytest

from shared.errors import ConfigError
from shared.routes.azureml_services import AnswerKeys, AzureMlEndpoint, AzureMlTraining, ModelType
from shared.routes.load import Routes, parse_routes
from shared.routes.route import EndpointRole

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
    assert isinstance(training, AzureMlTraining)
    assert isinstance(endpoint, AzureMlEndpoint)
    assert (training.workspace, training.compute, training.component) == (WORKSPACE, "cpu-cluster", "train_churn:3")
    assert training.parameters == {"learning_rate": "0.1"}
    assert (training.timeout_s, training.evaluation_file) == (7200, "metrics.json")
    assert (endpoint.endpoint, endpoint.workspace, endpoint.propagation_s) == ("churn-prod", WORKSPACE, 600)
    assert endpoint.answer == AnswerKeys("label", "probability")
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
    with pytest.raises(ConfigError, match="an endpoint belongs to one route"):
        parse(ROUTE + second.replace("${AML_WORKSPACE}", WORKSPACE.upper().replace("MICROSOFT", "Microsoft")))
