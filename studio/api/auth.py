"""What every request of the run side must have: the right version, and a key of the endpoint that it addresses."""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.types import Scope

from studio.api.protocol_errors import BAD_ARGUMENT, UNAUTHORIZED, protocol_error
from studio.workspace.registry import Registry
from studio.workspace.services import Endpoint

API_VERSION = "2.0"
WORKSPACES, SUBSCRIPTIONS = "workspaces", "subscriptions"
RUN_PREFIXES = (WORKSPACES, SUBSCRIPTIONS)  # the second for services of the later, resource-managed kind (protocol 1.1)


def authorized_endpoint(request: Request, registry: Registry, *, version_needed: bool = True) -> Endpoint:
    """Return the endpoint of a run URL, after checking the request's key and version.

    Raises:
        ProtocolError: 401, or 400 BadVersionCall or BadSubscriptionId.
        WorkspaceNotFoundError: the URL names another workspace.
        ServiceNotFoundError: there is no such endpoint.
    """
    prefix = request.url.path.split("/", 2)[1]
    endpoint = run_endpoint(registry, prefix, request.path_params["workspace"], request.path_params["endpoint"])
    authorize(endpoint, request.headers.get("authorization"))
    check_version(query_parameters(request.scope["query_string"]), needed=version_needed)
    return endpoint


def run_endpoint(registry: Registry, prefix: str, workspace: str, endpoint_id: str) -> Endpoint:
    """Return the endpoint that a run URL names below one of the `RUN_PREFIXES`.

    Raises:
        ProtocolError: 400 BadSubscriptionId.
        WorkspaceNotFoundError: the URL names another workspace.
        ServiceNotFoundError: there is no such endpoint.
    """
    if prefix == SUBSCRIPTIONS and workspace != registry.workspace_id:
        text = "The subscription Id that is used to score is not the one present in the resource."
        raise protocol_error(BAD_ARGUMENT, "BadSubscriptionId", text)
    return registry.endpoint(workspace, endpoint_id)


def authorization_of(scope: Scope) -> str:
    """Return the Authorization header of an ASGI request; empty if it has none."""
    header: bytes = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
    return header.decode("latin-1")


def authorize(endpoint: Endpoint, authorization: str | None) -> None:
    """Check that an Authorization header has a key of the endpoint.

    Raises:
        ProtocolError: 401.
    """
    if not endpoint.accepts(authorization):
        raise protocol_error(UNAUTHORIZED, "ScoreRequestUnauthorized", "Invalid credentials provided.")


def check_version(parameters: Mapping[str, str], *, needed: bool = True) -> None:
    """Check that a request names the only version there is.

    Raises:
        ProtocolError: 400 BadVersionCall.
    """
    version = parameters.get("api-version")
    if version != API_VERSION and (needed or version is not None):
        text = f"Invalid version parameter was passed during the API call: {version}. Use api-version={API_VERSION}."
        raise protocol_error(BAD_ARGUMENT, "BadVersionCall", text)


@lru_cache(64)  # callers repeat few queries
def query_parameters(query: bytes) -> Mapping[str, str]:
    """Return the parameters of a URL, with names in lower case; of a repeated parameter, the last value."""
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    return MappingProxyType({name.lower(): value for name, value in pairs})
