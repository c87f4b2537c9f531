"""What every request of the run side must bring: the right version and a key of the endpoint it addresses."""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from urllib.parse import parse_qsl

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
    check_version(request.query_params, needed=version_needed)
    return endpoint


def admit(endpoint: Endpoint, authorization: str | None) -> None:
    """Let those pass who have a key of the endpoint.

    Raises:
        ServiceError: 401.
    """
    if not endpoint.admits(authorization):
        raise ServiceError("Unauthorized", "ScoreRequestUnauthorized", "Invalid credentials provided.")


def check_version(parameters: Mapping[str, str], *, needed: bool = True) -> None:
    """Let those pass that name the one version there is.

    Raises:
        ServiceError: 400 BadVersionCall.
    """
    version = parameters.get("api-version")
    if version != API_VERSION and (needed or version is not None):
        text = f"Invalid version parameter was passed during the API call: {version}. Use api-version={API_VERSION}."
        raise bad_argument("BadVersionCall", text)


@lru_cache(64)  # callers repeat the few that there are
def query_parameters(query: bytes) -> Mapping[str, str]:
    """Return the parameters of a URL; of one that is given twice the last."""
    return MappingProxyType(dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True)))
