"""Errors as HTTP answers: each has its status, and a text for the caller."""

import json

import pytest

from shared.errors import (
    AccessDeniedError,
    AuthSettingsError,
    BadRequestError,
    ConfigError,
    LandfallError,
    NotNowError,
    NotSignedInError,
    OperationError,
    RetryableError,
    RoleMissingError,
    UnknownError,
    WrongContentTypeError,
)
from shared.operators.http_answers import _STATUS, bad_query_answer, error_answer


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (BadRequestError("no"), 400),
        (NotSignedInError("no"), 401),
        (RoleMissingError("no"), 403),
        (UnknownError("no"), 404),
        (NotNowError("no"), 409),
        (WrongContentTypeError("no"), 415),
        (AuthSettingsError("no"), 503),
        (RetryableError("no"), 503),
    ],
)
def test_an_error_has_its_status_and_its_text(error: LandfallError, status: int) -> None:
    """What is no refusal comes from the storage, and may be tried again."""
    assert error_answer(error) == (status, '{"error": "no"}')


def test_wrong_settings_are_listed() -> None:
    """All of them; the text says that they are the app's."""
    status, body = error_answer(ConfigError(["A is not set", "B is wrong"]))

    assert status == 500
    assert json.loads(body) == {"error": "the app is misconfigured", "problems": ["A is not set", "B is wrong"]}


def test_every_refusal_has_a_status_of_its_own() -> None:
    """A refusal without one would tell the caller to try again."""
    assert {*OperationError.__subclasses__(), *AccessDeniedError.__subclasses__()} == set(_STATUS)


def test_a_bad_query_is_refused_with_every_problem() -> None:
    """As one text for people, and as a list."""
    status, body = bad_query_answer(["x is unknown", "y is empty"])

    assert status == 400
    assert json.loads(body) == {"error": "x is unknown; y is empty", "problems": ["x is unknown", "y is empty"]}
