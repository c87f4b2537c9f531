"""Translates error answers of services, and missing answers, into the app's errors, without secrets."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import parse_qs, unquote, urlsplit

import requests

from shared.adapters.http.retry_after import asked_pause_s
from shared.adapters.http.service_call import Call, Key
from shared.adapters.http.service_faults import read_fault
from shared.errors import (
    BadAnswerError,
    KeyRefusedError,
    LandfallError,
    NotFoundError,
    RejectedError,
    ThrottledError,
    UnavailableError,
)
from shared.held_secrets import SecretValues
from shared.log_actions import LogAction, get_log, log_fields
from shared.redaction import redact
from shared.routes.host_allowlist import redacted

log = get_log("bes")

_THROTTLED = frozenset({"RequestThrottled", "TooManyConcurrentRequests"})  # with 503 (protocol 1.9)
_FOREIGN = "the answer is not in the protocol's form, so it may be a gateway's and not the service's"
_REQUEST_IDS = ("x-ms-request-id", "x-ms-client-request-id", "Date")  # exact names are not known (protocol 1.2)


def without_secrets(text: str, call: Call, key: Key | None) -> str:
    """Redact the secrets of a call in an error's text: some services repeat them, in any words."""
    signatures = parse_qs(urlsplit(call.url).query).get("sig", [])
    if call.body is not None:  # a job is given links, each signed for one blob
        signatures += map(unquote, re.findall(r"\bsig=([^&;\"\s]+)", json.dumps(call.body)))
    return SecretValues([*signatures, key.value if key is not None else ""]).hide(text)


def failure(call: Call, status: int, text: str, headers: Mapping[str, str]) -> LandfallError:
    """Return the app's error for an error answer.

    Only an answer in the protocol's form (1.9), or in the storage's form if the call follows a link, is a verdict.
    """
    fault = read_fault(call.operation, redacted(call.url), status, text, of_storage=not call.keys)
    if 300 <= status < 400:
        target = redact(redacted(headers.get("Location", "")))
        return BadAnswerError(replace(fault, message=f"redirects are not followed, and this one leads to {target}"))
    if status in {401, 403}:
        settings = " and ".join(key.setting for key in call.keys)
        plural = "s" if len(call.keys) > 1 else ""
        hint = f"the key is refused, check the setting{plural} {settings}" if settings else "the link may have expired"
        return KeyRefusedError(fault.because(hint))
    if status == 429 or (status == 503 and _THROTTLED & {fault.code, *(code for code, _ in fault.details)}):
        # A gateway that answers 429 has not forwarded the request.
        return ThrottledError(replace(fault, retry_after_s=asked_pause_s(headers), foreign=False))
    if status == 408 or status >= 500:
        return UnavailableError(replace(fault, retry_after_s=asked_pause_s(headers)))
    if fault.foreign:
        message = "; ".join(part for part in (fault.message, _FOREIGN) if part)
        return BadAnswerError(replace(fault, message=message, retry_after_s=asked_pause_s(headers)))
    return NotFoundError(fault) if status == 404 else RejectedError(fault)


def kind_of(error: Exception) -> str:
    """Return the kind of a transport error in words."""
    kinds: tuple[tuple[type[Exception], str], ...] = (
        (requests.exceptions.SSLError, "the secure connection could not be made (certificate or protocol)"),
        (requests.exceptions.ConnectTimeout, "no connection in time"),
        (requests.exceptions.ReadTimeout, "no answer in time"),
        (requests.exceptions.RetryError, "every retry failed"),
        (requests.exceptions.ChunkedEncodingError, "the answer broke off"),
        (requests.exceptions.ConnectionError, "connection refused or lost"),
    )
    return next((text for kind, text in kinds if isinstance(error, kind)), f"no answer ({type(error).__name__})")


def log_failure(call: Call, response: requests.Response) -> None:
    """Log a refused call with the ids by which the service's support finds it."""
    ids = ", ".join(f"{name} {response.headers[name]}" for name in _REQUEST_IDS if name in response.headers)
    log.warning(
        "%s at %s answered %d (%s)",
        call.operation,
        redacted(call.url),
        response.status_code,
        ids or "without a request id",
        extra=log_fields(LogAction.SERVICE_CALL_FAILED),
    )
