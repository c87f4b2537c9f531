"""What every request of the run side must bring: the right version and a key of the endpoint it addresses."""

from starlette.requests import Request

from studio.errors import ServiceError, bad_argument
from studio.registry import Endpoint, Registry

API_VERSION = "2.0"


def admitted_endpoint(request: Request, registry: Registry, *, version_needed: bool = True) -> Endpoint:
    """Return the endpoint of a run URL, if the request may use it.

    Raises:
        ServiceError: 404, 401, or 400 BadVersionCall or BadSubscriptionId.
    """
    workspace = request.path_params["workspace"]
    if request.url.path.startswith("/subscriptions/") and workspace != registry.workspace_id:
        text = "The subscription Id that is used to score is not the one present in the resource."
        raise bad_argument("BadSubscriptionId", text)
    endpoint = registry.endpoint(workspace, request.path_params["endpoint"])
    admit(endpoint, request.headers.get("authorization"))
    version = request.query_params.get("api-version")
    if version != API_VERSION and (version_needed or version is not None):
        text = f"Invalid version parameter was passed during the API call: {version}. Use api-version={API_VERSION}."
        raise bad_argument("BadVersionCall", text)
    return endpoint


def admit(endpoint: Endpoint, authorization: str | None) -> None:
    """Let those pass who have a key of the endpoint.

    Raises:
        ServiceError: 401.
    """
    if not endpoint.admits(authorization):
        raise ServiceError("Unauthorized", "ScoreRequestUnauthorized", "Invalid credentials provided.")
