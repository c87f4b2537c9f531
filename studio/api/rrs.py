"""The Request-Response Service over HTTP: scores the rows of a request with the endpoint's model (protocol 2).

It is an ASGI application of its own in front of the framework: the framework's routing takes several times as long as
the scoring of a row.
"""

import re
from collections.abc import Mapping, Sequence

import orjson
from starlette.types import Receive, Scope, Send

from studio.api.auth import (
    RUN_PREFIXES,
    WORKSPACES,
    authorization_of,
    authorize,
    check_version,
    query_parameters,
    run_endpoint,
)
from studio.api.protocol_errors import (
    BAD_ARGUMENT,
    INVALID_OPERATION,
    METHOD_NOT_ALLOWED,
    ProtocolError,
    protocol_error,
    translate,
    unexpected_error,
    unsupported_method,
)
from studio.api.request_threads import in_thread
from studio.api.scoring_pool import ScoringPool
from studio.api.scoring_process import ScoringTask
from studio.api.throttle import Throttle
from studio.errors import RequestError
from studio.responses import JSON_TYPE
from studio.scoring.scorer import Scorer
from studio.wire.charsets import to_utf8
from studio.wire.scoring_codec import ScoringForm, response_body
from studio.workspace.deployed_models import DeployedModels
from studio.workspace.errors import ModelUnavailableError
from studio.workspace.registry import Registry
from studio.workspace.services import Endpoint, Kind

_PATH = re.compile(rf"/({'|'.join(RUN_PREFIXES)})/([^/]+)/services/([^/]+)/execute")
# Requests of more work are scored in a process, so that other requests need not wait for them. Work is the bytes of the
# body, which bound the number of rows, times the cost of reading and scoring a row. 160 KB for 100 small trees, about
# 10 ms, reach the limit.
_MAX_INLINE_WORK = 160 * 2**10 * 300
_VERY_LONG_WORK = 20 * _MAX_INLINE_WORK
_MAX_ATTEMPTS = 3  # to find the file of a model, which a deployment may replace each time
_READING_COST = 200  # of a row, in units of `Scorer.cost`


class RequestResponse:
    """The execute URLs."""

    def __init__(self, registry: Registry, deployed: DeployedModels, pool: ScoringPool) -> None:
        self._registry = registry
        self._deployed = deployed
        self._pool = pool
        self._throttle = Throttle()

    def serves(self, scope: Scope) -> bool:
        """Tell whether an ASGI event is for this application."""
        return scope["type"] == "http" and _PATH.fullmatch(scope["path"]) is not None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that it `serves`; its body arrives whole, in one message."""
        try:
            content = await self._answer(scope, (await receive())["body"])
        except (RequestError, ProtocolError) as error:
            await _send_error(send, translate(error))
        except Exception:  # whatever it is, the caller gets the documented 500, and the server's log gets the error
            await _send_error(send, unexpected_error())
            raise
        else:
            await _send(send, 200, *content)

    async def _answer(self, scope: Scope, body: bytes) -> Sequence[bytes]:
        """Return the body of the answer, in pieces."""
        if scope["method"] != "POST":
            raise unsupported_method(scope["method"])
        parameters = query_parameters(scope["query_string"])
        endpoint, catalogue_version = self._endpoint(scope, parameters)
        scorer = self._deployed.ready(endpoint, catalogue_version)
        if scorer is None:  # the model is read from the disk for the first time, which may take long
            scorer = await in_thread(lambda: self._deployed.scorer(endpoint))
        swagger = _choice(parameters, "format", ("", "table", "swagger")) == "swagger"
        details = _choice(parameters, "details", ("", "false", "true")) == "true"
        form = ScoringForm(swagger=swagger, details=details)
        with self._throttle.slot(endpoint):
            if _work(scorer, body) <= _MAX_INLINE_WORK:
                return [response_body(scorer, to_utf8(body, scope["headers"]), form)]
            return await self._scored_elsewhere(endpoint, scorer, body, form, scope["headers"])

    async def _scored_elsewhere(
        self, endpoint: Endpoint, scorer: Scorer, body: bytes, form: ScoringForm, headers: Sequence[tuple[bytes, bytes]]
    ) -> list[bytes]:
        telling = [(name, value) for name, value in headers if name == b"content-type"]
        for _ in range(_MAX_ATTEMPTS):
            if scorer.file is not None:
                task = ScoringTask(scorer.file, form, telling, len(body))
                very_long = _work(scorer, body) > _VERY_LONG_WORK
                content = await self._pool.score(task, body, very_long=very_long)
                if content is not None:
                    return content
            # Another model was deployed meanwhile, and this model's file was removed.
            scorer = await in_thread(lambda: self._deployed.scorer(endpoint))
        text = f"The file of the model of endpoint {endpoint.name!r} is gone from the studio's folder."
        raise ModelUnavailableError(text)

    def _endpoint(self, scope: Scope, parameters: Mapping[str, str]) -> tuple[Endpoint, str]:
        """Return the endpoint, after checking key and version, and the catalogue's version that it was read from."""
        named = _PATH.fullmatch(scope["path"])
        prefix, workspace, endpoint_id = named.groups() if named else (WORKSPACES, "", "")
        endpoint = run_endpoint(self._registry, prefix, workspace, endpoint_id)
        authorize(endpoint, authorization_of(scope))
        check_version(parameters)
        if endpoint.service.kind is not Kind.PREDICTIVE:
            text = f"{endpoint.service.title!r} only trains, by /jobs; its predictive service scores."
            raise protocol_error(INVALID_OPERATION, "UnsupportedOperation", text)
        return endpoint, self._registry.catalogue_version


def _work(scorer: Scorer, body: bytes) -> int:
    return len(body) * (scorer.cost + _READING_COST)


async def _send(send: Send, status: int, *content: bytes, more: Sequence[tuple[bytes, bytes]] = ()) -> None:
    length = (b"content-length", str(sum(map(len, content))).encode())
    head = [(b"content-type", JSON_TYPE.encode()), length, *more]
    await send({"type": "http.response.start", "status": status, "headers": head})
    for piece in content[:-1]:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": content[-1]})


async def _send_error(send: Send, error: ProtocolError) -> None:
    allow = [(b"allow", b"POST")] if error.code == METHOD_NOT_ALLOWED else []
    await _send(send, error.status, orjson.dumps(error.body()), more=allow)


def _choice(parameters: Mapping[str, str], name: str, choices: Sequence[str]) -> str:
    """Return a query parameter, in lower case."""
    value = parameters.get(name, "").lower()
    if value not in choices:
        text = f"Invalid query parameter '{name}'. It is {value!r}; known are {', '.join(filter(None, choices))}."
        raise protocol_error(BAD_ARGUMENT, "InvalidQueryParameter", text)
    return value
