"""Storage SDK errors -> the exception tree of `shared.errors`, in one place for tables and blobs."""

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

_NOT_NOW = frozenset({408, 429})
# Refusals that pass by themselves: somebody just deleted the container or table, and it will be there again.
_BEING_DELETED = frozenset({"ContainerBeingDeleted", "TableBeingDeleted"})
# A blob that cannot be read although it is there, and what is to be done about it.
_THEN = "which takes up to 15 hours; what waits for it then goes on by itself"
ARCHIVED = {
    "BlobArchived": "this blob is in the archive tier, where it cannot be read:"
    f" set its tier to Hot, Cool or Cold, {_THEN}",
    "BlobBeingRehydrated": f"this blob is being moved out of the archive tier, {_THEN}",
}
_NOT_SIGNED_IN = frozenset({"InvalidAuthenticationInfo"})  # answered with 400 as well as with 401


def error_code(error: AzureError) -> str:
    """Return the service's own code of an error, such as `EntityAlreadyExists`; "" if it gave none."""
    code = getattr(error, "error_code", None)
    if isinstance(code, Enum):
        return str(code.value)
    if code is None:  # an answer to HEAD has no body: its code stands in a header only
        code = getattr(getattr(error, "response", None), "headers", {}).get("x-ms-error-code")
    return str(code or "")


@contextmanager
def storage_errors(operation: str, url: str) -> Iterator[None]:
    """Translate what the SDK raises inside the `with`; `url` is the place without a query.

    Raises:
        LandfallError: the translation. The SDK's own texts are left behind (`from None`): they quote whole URLs, which
            hold a SAS token where the connection string has one, and the string that was signed.
    """
    try:
        yield
    except AzureError as error:
        raise translated(error, operation, url) from None
    except RequestException as error:  # the SDK lets it through if the answer to a transaction breaks off
        raise NoAnswerError(ServiceFault(operation, url, message=_no_answer(error))) from None


def translated(error: AzureError, operation: str, url: str) -> LandfallError:
    """Return the error of our own that an SDK error means."""
    status = (error.status_code or 0) if isinstance(error, HttpResponseError) else 0
    code = error_code(error)
    if code in ARCHIVED:
        return BlobArchivedError(ServiceFault(operation, url, status, code, ARCHIVED[code]))
    fault = ServiceFault(operation, url, status, code, _advice(error, status, code))
    refused = status in {401, 403} or code in _NOT_SIGNED_IN
    if refused or (status == 0 and isinstance(error, ClientAuthenticationError)):
        return KeyRefusedError(fault)
    # An answer that cannot be read is as good as none: the request may have taken effect.
    if isinstance(error, DecodeError) or status < 400:
        return NoAnswerError(fault)
    if status in _NOT_NOW or status >= 500 or code in _BEING_DELETED:
        headers = getattr(getattr(error, "response", None), "headers", None) or {}
        return UnavailableError(replace(fault, retry_after_s=asked_pause_s(headers)))
    return NotFoundError(fault) if status == 404 else RejectedError(fault)


def _advice(error: AzureError, status: int, code: str) -> str:
    if code == "AuthorizationPermissionMismatch":
        return "the app's identity lacks a role on this storage account"
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
