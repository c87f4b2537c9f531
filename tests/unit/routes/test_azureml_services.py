"""Names of deployments follow from the models they serve, and an endpoint brings its staging with it."""

import re

from hypothesis import given
from hypothesis import strategies as st

from shared.routes.azureml_services import AzureMlEndpoint, AzureMlTraining, deployment_name
from shared.routes.route import EndpointRole

WORKSPACE = "/subscriptions/S/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/ml"
NAME = re.compile(r"[a-z][a-z0-9-]{2,31}")  # as the service allows them, in lower case


def an_azureml_endpoint() -> AzureMlEndpoint:
    """Return an endpoint as a route has it."""
    return AzureMlEndpoint(
        name="production",
        role=EndpointRole.SERVE,
        resource="churn-prod",
        propagation_s=600,
        workspace=WORKSPACE,
        endpoint="churn-prod",
        models_datastore="landfall_models",
        instance_type="Standard_DS3_v2",
        initial_deployment="blue",
    )


@given(st.text(min_size=1), st.text(min_size=1))
def test_a_deployment_is_named_by_its_model(first: str, second: str) -> None:
    """By nothing else: the same model has the same name, another model another one, each as the service allows it."""
    names = [deployment_name(f"models/churn/{model}") for model in (first, second)]
    assert all(NAME.fullmatch(name) for name in names)
    assert (names[0] == names[1]) == (first == second)


def test_the_initial_deployment_keeps_its_own_name() -> None:
    """It was there before: its model is none that the app keeps."""
    assert deployment_name("deployments/blue") == "blue"


def test_a_new_deployment_is_the_staging_of_its_endpoint() -> None:
    """It is asked by name and may take minutes to be ready; the endpoint itself follows the traffic."""
    serving = an_azureml_endpoint().of_model("models/churn/0f")
    staging = an_azureml_endpoint().staging.of_model("models/churn/0f")
    assert (serving.role, serving.propagation_s) == (EndpointRole.SERVE, 600)
    assert (staging.role, staging.propagation_s) == (EndpointRole.STAGING, 3600)
    assert serving.deployment == staging.deployment == deployment_name("models/churn/0f")
    assert serving.named
    assert staging.named


def test_two_spellings_of_a_workspace_are_one_endpoint() -> None:
    """ARM answers with other casings than it was asked with."""
    endpoint = an_azureml_endpoint()
    assert endpoint.address == f"{WORKSPACE}/onlineEndpoints/churn-prod".lower()


def test_a_job_writes_folders() -> None:
    """A model is a folder, also when it is kept; the evaluation is a file in a folder of its own."""
    training = AzureMlTraining(
        input="training_data",
        model_output="model",
        evaluation_output="evaluation",
        workspace=WORKSPACE,
        datastore="landfall_training",
    )
    assert (training.model_name, training.kept_suffix) == ("model", "")
    assert training.evaluation_name == "evaluation/metrics.json"
