"""How the framework answers the errors that a handler raises."""

from collections.abc import Mapping
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import HTTPExceptionHandler

from studio.api.protocol_errors import (
    NOT_FOUND,
    ProtocolError,
    protocol_error,
    translate,
    unexpected_error,
    unsupported_method,
)
from studio.errors import RequestError
from studio.responses import JsonResponse


def _answer(error: ProtocolError) -> Response:
    return JsonResponse(error.body(), status_code=error.status)


async def _request_error(_: Request, error: Exception) -> Response:
    if isinstance(error, RequestError | ProtocolError):
        return _answer(translate(error))
    return _answer(unexpected_error())


async def _http_error(request: Request, error: Exception) -> Response:
    """Answer what the router refuses: an unknown path, or a method that the path does not have."""
    if isinstance(error, HTTPException) and error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        answer = _answer(unsupported_method(request.method))
        answer.headers.update(error.headers or {})  # Allow
        return answer
    return _answer(protocol_error(NOT_FOUND, "ResourceNotFound", f"There is nothing at {request.url.path}."))


EXCEPTION_HANDLERS: Mapping[type[Exception], HTTPExceptionHandler] = {
    ProtocolError: _request_error,
    RequestError: _request_error,
    HTTPException: _http_error,
    Exception: _request_error,
}
