"""Errors as HTTP answers: the only place that turns an error of the app into a status and a JSON body."""

import json
from collections.abc import Mapping, Sequence

from shared.errors import (
    AuthSettingsError,
    BadRequestError,
    ConfigError,
    LandfallError,
    NotNowError,
    NotSignedInError,
    RoleMissingError,
    UnknownError,
    WrongContentTypeError,
)

type Answer = tuple[int, str]  # HTTP status and body

_STATUS: Mapping[type[LandfallError], int] = {
    BadRequestError: 400,
    NotSignedInError: 401,
    RoleMissingError: 403,
    UnknownError: 404,
    NotNowError: 409,
    WrongContentTypeError: 415,
    AuthSettingsError: 503,
}


def status_of(error: LandfallError) -> int:
    """Return the HTTP status of an error: 500 for wrong settings, 503 for a storage that does not answer."""
    if isinstance(error, ConfigError):
        return 500
    return _STATUS.get(type(error), 503)


def error_answer(error: LandfallError) -> Answer:
    """Return an error as JSON; wrong settings are listed as `problems`."""
    if isinstance(error, ConfigError):
        return status_of(error), json.dumps({"error": "the app is misconfigured", "problems": error.problems})
    return status_of(error), json.dumps({"error": str(error)})


def bad_query_answer(problems: Sequence[str]) -> Answer:
    """Return the refusal of a query, with everything that is wrong with it."""
    return 400, json.dumps({"error": "; ".join(problems), "problems": list(problems)})
