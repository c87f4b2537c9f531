"""Translates the errors of the Azure library: which blob and host failed, and why, without any credential."""

import gc
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from http import HTTPStatus
from http.client import HTTPException, IncompleteRead, RemoteDisconnected
from urllib.parse import parse_qs

from azure.core.exceptions import AzureError, HttpResponseError, ResourceNotFoundError, ServiceRequestError
from requests.exceptions import InvalidHeader

from studio.errors import StorageError, StorageFault, StudioError
from studio.storage.blob_locations import BlobAddress
from studio.storage.transfer import Transfer
from studio.words import utc_text

_CODE = re.compile(r"[A-Za-z]{1,64}")  # the header of a response; any other text in it is not repeated


@dataclass(frozen=True)
class _Need:
    verb: str
    permissions: str  # letters of a SAS token's `sp`, one of which is enough


class Operation(Enum):
    """The operation on a blob."""

    READ = _Need("reading", "r")
    WRITE = _Need("writing", "w")


def release_failed_transfers() -> None:
    """Free the memory that failed transfers hold; call it once their errors are handled.

    The library's policies keep their errors in frames, which the errors' tracebacks hold in turn. These cycles hold
    what was read: megabytes, in so few objects that the garbage collector would leave them for long.
    """
    gc.collect(1)


@contextmanager
def translated_errors(address: BlobAddress, operation: Operation, transfer: Transfer) -> Iterator[None]:
    """Turn the library's errors into the studio's, without their cause: its text may hold a signed URL.

    Raises:
        StorageError: the operation failed.
        StoppedError: the operation was stopped.
    """
    try:
        yield
    except StudioError:
        raise
    except Exception as error:  # noqa: BLE001 (over a response that is no storage's, the library raises whatever it likes)
        ended = transfer.end_error()
        if ended is not None:
            raise ended from None
        status = error.status_code if isinstance(error, HttpResponseError) else None
        if status and not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            raise _of_response(address, operation, error, status) from None
        host = f"The storage host {address.host} of {address.path}"
        if isinstance(error, ServiceRequestError):
            raise StorageError(StorageFault.UNAVAILABLE, f"{host} cannot be reached.") from None
        broken = isinstance(error, AzureError) and not status and not any(map(_is_no_http, _causes(error)))
        if broken or transfer.is_head_truncated():
            raise StorageError(StorageFault.UNAVAILABLE, f"{host} broke off its response.") from None
        # Transient: a gateway's maintenance page looks the same, and says nothing about the blob.
        text = f"{host} does not answer as Azure Blob Storage does{transfer.describe_last_response()}."
        text += " Check that this host and port are the storage's."
        raise StorageError(StorageFault.UNAVAILABLE, text) from None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and all errors that it wraps: each library wraps those of the library below."""
    waiting = [error]
    while waiting:
        current = waiting.pop()
        yield current
        within = (*current.args, getattr(current, "inner_exception", None))
        waiting += [cause for cause in within if isinstance(cause, BaseException)]


def _is_no_http(error: BaseException) -> bool:
    """Tell whether an error shows that the host does not speak HTTP; a response that ends early does not show it."""
    early_end = isinstance(error, RemoteDisconnected | IncompleteRead)
    return isinstance(error, HTTPException | InvalidHeader) and not early_end


def _of_response(address: BlobAddress, operation: Operation, error: BaseException, status: int) -> StorageError:
    code = getattr(error, "error_code", None) or ""
    error_code = str(getattr(code, "value", code))
    reason = f"Azure error message: {error_code if _CODE.fullmatch(error_code) else 'unknown'} (HTTP status {status})."
    if isinstance(error, ResourceNotFoundError):
        missing = "it does not exist"
        if operation is Operation.WRITE:
            missing = f"the container {address.path.container!r} does not exist"
        text = f"Unable to access the provided Azure blob - {address.path}.  Azure error message: {missing}."
        return StorageError(StorageFault.NOT_FOUND, f"{text} The storage host is {address.host}.")
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        text = f"Invalid blob specification for blob: {address.path}. Its host {address.host} answers with a redirect"
        return StorageError(StorageFault.INVALID, f"{text} (HTTP status {status}), which is not followed.")
    if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.REQUEST_TIMEOUT:
        text = (
            f"Invalid blob specification for blob: {address.path}. Verify that connection string / relative path"
            f" or SAS token specification is correct and try again. {reason} The storage host is {address.host}."
        )
        return StorageError(StorageFault.INVALID, text + _token_hint(address, operation.value, datetime.now(UTC)))
    text = f"The storage host {address.host} of {address.path} failed, also after retries. {reason}"
    return StorageError(StorageFault.UNAVAILABLE, text)


def _token_hint(address: BlobAddress, need: _Need, now: datetime) -> str:
    """Return what is wrong with the SAS token; only its permissions and its end are shown."""
    if address.sas_token is None:
        return ""
    values = {name: texts[0] for name, texts in parse_qs(address.sas_token).items()}
    hints = []
    permissions = values.get("sp", "")
    if permissions.isalpha() and not set(need.permissions) & set(permissions):
        hints.append(
            f" Its SAS token allows sp={permissions[:16]}, but {need.verb} needs the permission {need.permissions!r}."
        )
    try:
        end = datetime.fromisoformat(values.get("se", ""))
        end = end.replace(tzinfo=end.tzinfo or UTC)
        if end < now:
            hints.append(f" Its SAS token expired at {utc_text(end)}.")
    except ValueError:
        pass  # the expiry is in a stored access policy, or the storage reads it differently
    if values.get("spr") == "https" and address.account_url.startswith("http:"):
        hints.append(" Its SAS token is for https only.")
    return "".join(hints)
