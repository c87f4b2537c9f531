"""Translates the storage SDK's errors into those of `shared.errors`, for tables and blobs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from enum import Enum

from azure.core.exceptions import AzureError, ClientAuthenticationError, DecodeError, HttpResponseError
from requests import RequestException

from shared.adapters.http.retry_after import asked_pause_s
from shared.errors import (
    BlobArchivedError,
    KeyRefusedError,
    LandfallError,
    NoAnswerError,
    NotFoundError,
    RejectedError,
    ServiceFault,
    UnavailableError,
)
from shared.storage_settings import DATA_CONNECTION, HOST_CONNECTION, STRING_SETTING

_UNAVAILABLE = frozenset({408, 429})
# Temporary refusals: somebody has just deleted the container or table, and it will be created again.
_BEING_DELETED = frozenset({"ContainerBeingDeleted", "TableBeingDeleted"})
_REHYDRATION = "which takes up to 15 hours; then the run goes on by itself"
# The codes of a blob that exists but cannot be read, with what to do.
ARCHIVED = {
    "BlobArchived": "the blob is in the archive tier, where it cannot be read:"
    f" set its tier to Hot, Cool or Cold, {_REHYDRATION}",
    "BlobBeingRehydrated": f"the blob is being moved out of the archive tier, {_REHYDRATION}",
}
_NOT_SIGNED_IN = frozenset({"InvalidAuthenticationInfo"})  # answered with 400 as well as with 401


def error_code(error: AzureError) -> str:
    """Return the service's code of an error, such as `EntityAlreadyExists`; "" if it gave none."""
    code = getattr(error, "error_code", None)
    if isinstance(code, Enum):
        return str(code.value)
    if code is None:  # an answer to HEAD has no body: its code is in a header
        code = getattr(getattr(error, "response", None), "headers", {}).get("x-ms-error-code")
    return str(code or "")


@contextmanager
def storage_errors(operation: str, url: str) -> Iterator[None]:
    """Translate the errors that the SDK raises inside the `with`; `url` is the resource's, without a query.

    Raises:
        LandfallError: the translation. The SDK's own texts are dropped (`from None`): they quote the string that was
            signed and whole URLs, which hold a SAS token if the connection string does.
    """
    try:
        yield
    except AzureError as error:
        raise translated(error, operation, url) from None
    except RequestException as error:  # the SDK does not translate it if the answer to a transaction breaks off
        raise NoAnswerError(ServiceFault(operation, url, message=_no_answer(error))) from None


def translated(error: AzureError, operation: str, url: str) -> LandfallError:
    """Return the app's error for an error of the SDK."""
    status = (error.status_code or 0) if isinstance(error, HttpResponseError) else 0
    code = error_code(error)
    if code in ARCHIVED:
        return BlobArchivedError(ServiceFault(operation, url, status, code, ARCHIVED[code]))
    fault = ServiceFault(operation, url, status, code, _advice(error, status, code))
    refused = status in {401, 403} or code in _NOT_SIGNED_IN
    if refused or (status == 0 and isinstance(error, ClientAuthenticationError)):
        return KeyRefusedError(fault)
    # An unreadable answer counts as none: the request may have taken effect.
    if isinstance(error, DecodeError) or status < 400:
        return NoAnswerError(fault)
    if status in _UNAVAILABLE or status >= 500 or code in _BEING_DELETED:
        headers = getattr(getattr(error, "response", None), "headers", None) or {}
        return UnavailableError(replace(fault, retry_after_s=asked_pause_s(headers)))
    return NotFoundError(fault) if status == 404 else RejectedError(fault)


def _advice(error: AzureError, status: int, code: str) -> str:
    if code == "AuthorizationPermissionMismatch":
        return "the app's identity lacks a role on this storage account: assign it"
    if status in {401, 403} or isinstance(error, ClientAuthenticationError):
        return (
            f"check the connection string in the setting {STRING_SETTING}; under an identity, the settings that begin"
            f" with {HOST_CONNECTION}__ (or {DATA_CONNECTION}__) and the identity's roles on the account"
        )
    if status == 0:
        return _no_answer(error.inner_exception or error)
    return ""


def _no_answer(error: BaseException) -> str:
    return f"no answer ({type(error).__name__})"
