"""What every request of the run side must bring: the right version and a key of the endpoint it addresses."""

from starlette.requests import Request

from studio.errors import ServiceError, bad_argument
from studio.registry import Endpoint, Registry

API_VERSION = "2.0"


def admitted_endpoint(request: Request, registry: Registry) -> Endpoint:
    """Return the endpoint of a run URL, if the request may use it.

    Raises:
        ServiceError: 404, 401, or 400 BadVersionCall.
    """
    endpoint = registry.endpoint(request.path_params["workspace"], request.path_params["endpoint"])
    admit(endpoint, request.headers.get("authorization"))
    version = request.query_params.get("api-version")
    if version != API_VERSION:
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
