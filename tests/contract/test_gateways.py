"""The answer of a gateway, a proxy or a maintenance page in front of the service is not the service's verdict."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from shared.adapters.classic.bes_client import BesTrainingService, ClassicScoringService
from shared.adapters.http.http_client import HttpClient
from shared.errors import (
    BadAnswerError,
    LandfallError,
    NotFoundError,
    RejectedError,
    RetryableError,
    ThrottledError,
    UnusableAnswerError,
    had_no_effect,
)
from shared.ports.blob_location import BlobLocation
from shared.routes.host_allowlist import AllowedHosts
from tests.contract.scripted import Reply, scripted
from tests.route_parts import a_request, a_training, an_endpoint

PLACE = BlobLocation("https://memory/", "training/x/1/model.ilearner", "?sig=x")
PAGE = b"<html><h1>Back soon</h1></html>"


class _Storage:
    base = "https://memory/"

    def link(self, path: str, valid_s: int) -> BlobLocation:
        """Make a link."""
        del valid_s
        return BlobLocation(self.base, path, "?sig=x")

    link_for_output = link


class Service:
    """The client of a service at an address, operation by operation."""

    def __init__(self, web: HttpClient, base: str) -> None:
        self._bes, self._scoring = BesTrainingService(web, _Storage()), ClassicScoringService(web)
        self._training, self._endpoint = a_training(f"{base}/jobs"), an_endpoint(base, base, resource="M")

    def submit(self) -> object:
        """Submit a job."""
        return self._bes.submit(self._training, a_request())

    def start(self) -> None:
        """Start it."""
        self._bes.start(self._training, "j1", a_request())

    def status(self) -> object:
        """Ask how it is."""
        return self._bes.status(self._training, "j1")

    def cancel(self) -> None:
        """Cancel it."""
        self._bes.cancel(self._training, "j1")

    def patch(self) -> None:
        """Give an endpoint a model."""
        self._scoring.patch(self._endpoint, PLACE)

    def resources(self) -> object:
        """Ask which one it has."""
        return self._scoring.resources(self._endpoint)

    def score(self) -> object:
        """Score a row."""
        return self._scoring.score(self._endpoint, ["a"], [["1"]])


OPERATIONS: dict[str, Callable[[Service], object]] = {
    name: getattr(Service, name) for name in ("submit", "start", "status", "cancel", "patch", "resources", "score")
}


@pytest.fixture(scope="module")
def web() -> Iterator[HttpClient]:
    """Give a transport."""
    with closing(HttpClient(AllowedHosts(["127.0.0.1:*"]), backoff_s=0.001)) as web:
        yield web


@pytest.mark.parametrize(
    "reply",
    [
        Reply(404, b"404 page not found\n"),
        Reply(404),
        Reply(400, b'{"statusCode": 400, "message": "no route"}'),
        Reply(200, PAGE),
        Reply(200, b"OK"),
        Reply(302, headers={"Location": "https://login.example/"}),
        Reply(405, PAGE),
    ],
    ids=["404 text", "404 empty", "400 json", "200 page", "200 text", "302", "405 page"],
)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_gateways_answer_is_no_verdict(web: HttpClient, operation: str, reply: Reply) -> None:
    """Every operation may be repeated, and its effect is unknown."""
    with scripted(reply) as server, pytest.raises(BadAnswerError) as raised:
        OPERATIONS[operation](Service(web, server.base_url))

    assert isinstance(raised.value, RetryableError)
    assert not had_no_effect(raised.value)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_services_own_refusal_is_one(web: HttpClient, operation: str) -> None:
    """Only an error in the protocol's form ends a run."""
    reply = Reply(400, b'{"error": {"code": "BadArgument", "message": "m", "details": []}}')
    with scripted(reply) as server, pytest.raises(RejectedError) as raised:
        OPERATIONS[operation](Service(web, server.base_url))

    assert had_no_effect(raised.value)


@pytest.mark.parametrize("operation", ["start", "status", "patch"])
def test_the_services_own_404_is_one(web: HttpClient, operation: str) -> None:
    """A 404 in the protocol's form: the service does not know what the URL names."""
    with scripted(Reply(404, b'{"error": {"code": "NotFound"}}')) as server, pytest.raises(NotFoundError):
        OPERATIONS[operation](Service(web, server.base_url))


@pytest.mark.parametrize("status", [200, 202, 204])
@pytest.mark.parametrize("operation", ["start", "cancel", "patch"])
def test_an_empty_answer_is_what_the_protocol_has(web: HttpClient, operation: str, status: int) -> None:
    """Any 2xx without a body: it is done."""
    with scripted(Reply(status)) as server:
        assert OPERATIONS[operation](Service(web, server.base_url)) is None


@pytest.mark.parametrize(
    ("reply", "effect_known"),
    [
        (Reply(429, PAGE), True),
        (Reply(503, b'{"error": {"code": "ServiceUnavailable", "details": [{"code": "RequestThrottled"}]}}'), True),
        (Reply(503, b'{"error": {"code": "ServiceUnavailable"}}'), False),
        (Reply(503, PAGE), False),
        (Reply(500, b'{"error": {"code": "InternalError"}}'), False),
        (Reply(403, b'{"error": {"code": "Unauthorized"}}'), True),
        (Reply(403, PAGE), False),
        (Reply(hang_up=True), False),
    ],
    ids=["429", "503 throttled", "503", "503 page", "500", "403", "403 page", "no answer"],
)
def test_what_is_known_of_an_update_that_was_not_accepted(web: HttpClient, reply: Reply, effect_known: bool) -> None:
    """Only a refusal before the update was accepted is known to have changed nothing."""
    with scripted(reply) as server, pytest.raises(LandfallError) as raised:
        OPERATIONS["patch"](Service(web, server.base_url))

    assert had_no_effect(raised.value) is effect_known
    assert isinstance(raised.value, ThrottledError) is (effect_known and reply.status in {429, 503})


def test_rows_that_the_service_cannot_answer_are_its_verdict(web: HttpClient) -> None:
    """A table without a scored column is the service's own answer."""
    table = {"Results": {"o": {"type": "table", "value": {"ColumnNames": ["a"], "Values": [["1"]]}}}}
    with scripted(Reply(200, json.dumps(table).encode())) as server, pytest.raises(UnusableAnswerError):
        OPERATIONS["score"](Service(web, server.base_url))
