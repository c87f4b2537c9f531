"""The shape of `stack.json`, and of what the studio says it has published."""

from pathlib import Path
from typing import NotRequired, TypedDict

from landfall.errors import CommandError


class Endpoint(TypedDict):
    """A scoring endpoint. The studio's default endpoint has no name, role and update URL."""

    execute_url: str
    api_key: str


class NamedEndpoint(Endpoint):
    """A scoring endpoint that can be updated."""

    name: str
    role: str
    patch_url: str
    resource: str


class TrainingService(TypedDict):
    """A training service."""

    jobs_url: str
    api_key: str


class PredictiveService(TypedDict):
    """A scoring service with its endpoints."""

    default: Endpoint
    endpoints: list[NamedEndpoint]


class Service(TypedDict):
    """A published experiment. `seed_model`, a path, stands in the studio's description alone."""

    name: str
    seed_model: NotRequired[str]
    training: TrainingService
    predictive: PredictiveService


class Management(TypedDict):
    """The studio's management API."""

    url: str
    token: str


class Description(TypedDict):
    """What `python -m studio describe` prints."""

    management: Management | None
    services: list[Service]


class StackDocument(TypedDict):
    """`stack.json`: the addresses and keys of a running stack. Without a studio its members are None."""

    storage: str
    input: str
    functions: str
    functions_key: str
    functions_nonce: str | None
    studio: str | None
    management: Management | None
    services: list[Service]
    studio_log: str | None
    pids: dict[str, int]
    routes: str


def studio_log(document: StackDocument) -> Path:
    """Return the path of the studio's request log.

    Raises:
        CommandError: the stack runs without a studio.
    """
    if document["studio_log"] is None:
        raise CommandError("this stack runs without a studio, so there is no request log: start it without --no-studio")
    return Path(document["studio_log"])
