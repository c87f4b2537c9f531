"""What the storage service or the connection to it says becomes the error that tells a trigger what to do."""

from types import SimpleNamespace
from typing import Any

import pytest
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    DecodeError,
    HttpResponseError,
    IncompleteReadError,
    ServiceRequestError,
    ServiceResponseError,
)
from requests.exceptions import ChunkedEncodingError

from shared.adapters.storage.azure_errors import storage_errors
from shared.errors import (
    BlobArchivedError,
    KeyRefusedError,
    LandfallError,
    NoAnswerError,
    NotFoundError,
    RejectedError,
    UnavailableError,
)

PLACE = "https://landfall.blob.core.windows.net/incoming/june.csv"
CANARY = "sig=CANARY"


def _answer(status: int, code: str | None = None) -> HttpResponseError:
    headers = {} if code is None else {"x-ms-error-code": code}
    response: Any = SimpleNamespace(status_code=status, reason="because", headers=headers)
    return HttpResponseError(f"no {CANARY}", response=response)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (_answer(500), UnavailableError),
        (_answer(503, "ServerBusy"), UnavailableError),
        (_answer(429), UnavailableError),
        (_answer(408), UnavailableError),
        (_answer(409, "TableBeingDeleted"), UnavailableError),
        (_answer(409, "ContainerBeingDeleted"), UnavailableError),
        (_answer(401), KeyRefusedError),
        (_answer(403, "AuthenticationFailed"), KeyRefusedError),
        (_answer(403, "AuthorizationPermissionMismatch"), KeyRefusedError),
        (_answer(400, "InvalidAuthenticationInfo"), KeyRefusedError),
        (ClientAuthenticationError(f"cannot sign {CANARY}"), KeyRefusedError),
        (_answer(404, "BlobNotFound"), NotFoundError),
        (_answer(400, "InvalidInput"), RejectedError),
        (_answer(409, "BlobArchived"), BlobArchivedError),
        (_answer(409, "BlobImmutableDueToPolicy"), RejectedError),
        (_answer(413, "RequestBodyTooLarge"), RejectedError),
        (ServiceRequestError(f"refused {CANARY}"), NoAnswerError),
        (ServiceResponseError(f"reset {CANARY}"), NoAnswerError),
        (IncompleteReadError(f"half {CANARY}"), NoAnswerError),
        (DecodeError(f"garbled {CANARY}"), NoAnswerError),
        (AzureError(f"something {CANARY}"), NoAnswerError),
        (ChunkedEncodingError(f"broke off {CANARY}"), NoAnswerError),
    ],
    ids=lambda value: f"{value!r}"[:60] if isinstance(value, Exception) else value.__name__,
)
def test_every_failure_has_its_kind(error: Exception, expected: type[LandfallError]) -> None:
    """Each failure becomes one kind of error; it names operation, place, status and code, and quotes nothing else."""
    with pytest.raises(LandfallError) as caught, storage_errors("copy a blob", PLACE):
        raise error

    text = str(caught.value)
    assert type(caught.value) is expected
    assert text.endswith(f" at {PLACE}")
    assert CANARY not in text
    assert caught.value.__suppress_context__


def test_status_and_code_are_told() -> None:
    """The service's own code, also where only a header has it, stands in the text."""
    with pytest.raises(RejectedError, match="answered 409 SnapshotsPresent") as caught, storage_errors("copy", PLACE):
        raise _answer(409, "SnapshotsPresent")

    assert (caught.value.fault.status, caught.value.fault.code) == (409, "SnapshotsPresent")
