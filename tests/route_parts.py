"""A training service and a scoring endpoint as a route has them."""

from typing import Any

from shared.ports.training_service import JobRequest, JobSubject
from shared.routes.classic_services import ClassicEndpoint, ClassicTraining
from shared.routes.route import Endpoint, EndpointRole, Training


def a_training(url: str = "https://bes.example/jobs", api_key: str = "training key") -> ClassicTraining:
    """Return a training service."""
    return ClassicTraining(
        jobs_url=url,
        api_key=api_key,
        api_key_setting="CENSUS_TRAINING_KEY",
        input="input1",
        model_output="output1",
        evaluation_output="output2",
    )


def a_request(folder: str = "training/0f/1", input_path: str | None = None, *, valid_s: int = 3600) -> JobRequest:
    """Return the request of a job that reads and writes in `folder`: container/path."""
    subject = JobSubject("census", "0f", 1, "census/0.csv", '"0x1"')
    source = input_path if input_path is not None else f"{folder}/input.csv"
    return JobRequest(source, f"{folder}/model.ilearner", f"{folder}/evaluation.csv", valid_s, subject)


def an_endpoint(
    patched_at: str = "https://bes.example/webservices/1/endpoints/production",
    executed_at: str = "https://bes.example/execute",
    *,
    name: str = "production",
    api_key: str = "endpoint key",
    resource: str = "Census Model [trained model]",
) -> ClassicEndpoint:
    """Return an endpoint that serves."""
    return ClassicEndpoint(
        name=name,
        role=EndpointRole.SERVE,
        patch_url=patched_at,
        execute_url=executed_at,
        api_key=api_key,
        api_key_setting="CENSUS_ENDPOINT_KEY",
        resource=resource,
    )


def described_training(service: dict[str, Any]) -> ClassicTraining:
    """Return the training service of a studio's description of a web service."""
    training = service["training"]
    return a_training(training["jobs_url"].partition("?")[0], training["api_key"])


def described_endpoint(endpoint: dict[str, Any]) -> ClassicEndpoint:
    """Return an endpoint of a studio's description of a web service."""
    return an_endpoint(
        endpoint["patch_url"],
        endpoint["execute_url"].partition("?")[0],
        name=endpoint["name"],
        api_key=endpoint["api_key"],
        resource=endpoint["resource"],
    )


def classic_training(training: Training) -> ClassicTraining:
    """Return a training service that is a classic one."""
    assert isinstance(training, ClassicTraining)
    return training


def classic_endpoint(endpoint: Endpoint) -> ClassicEndpoint:
    """Return an endpoint that is a classic one."""
    assert isinstance(endpoint, ClassicEndpoint)
    return endpoint


def jobs_url(training: Training) -> str:
    """Return the URL of a classic training service."""
    return classic_training(training).jobs_url


def patch_url(endpoint: Endpoint) -> str:
    """Return the URL at which a classic endpoint is given a model."""
    return classic_endpoint(endpoint).patch_url


def execute_url(endpoint: Endpoint) -> str:
    """Return the URL at which a classic endpoint scores."""
    return classic_endpoint(endpoint).execute_url
