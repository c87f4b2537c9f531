"""A training service and a scoring endpoint as a route has them."""

from typing import Any

from shared.routes.route import Endpoint, EndpointRole, Training


def a_training(jobs_url: str = "https://bes.example/jobs", api_key: str = "training key") -> Training:
    """Return a training service."""
    return Training(
        jobs_url=jobs_url,
        api_key=api_key,
        api_key_setting="CENSUS_TRAINING_KEY",
        input="input1",
        model_output="output1",
        evaluation_output="output2",
    )


def an_endpoint(
    patch_url: str = "https://bes.example/webservices/1/endpoints/production",
    execute_url: str = "https://bes.example/execute",
    *,
    name: str = "production",
    api_key: str = "endpoint key",
    resource: str = "Census Model [trained model]",
) -> Endpoint:
    """Return an endpoint that serves."""
    return Endpoint(
        name=name,
        role=EndpointRole.SERVE,
        patch_url=patch_url,
        execute_url=execute_url,
        api_key=api_key,
        api_key_setting="CENSUS_ENDPOINT_KEY",
        resource=resource,
    )


def described_training(service: dict[str, Any]) -> Training:
    """Return the training service of a studio's description of a web service."""
    training = service["training"]
    return a_training(training["jobs_url"].partition("?")[0], training["api_key"])


def described_endpoint(endpoint: dict[str, Any]) -> Endpoint:
    """Return an endpoint of a studio's description of a web service."""
    return an_endpoint(
        endpoint["patch_url"],
        endpoint["execute_url"].partition("?")[0],
        name=endpoint["name"],
        api_key=endpoint["api_key"],
        resource=endpoint["resource"],
    )
