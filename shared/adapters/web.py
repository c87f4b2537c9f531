"""The one place that sends requests to the services: allow-list, timeouts, retries, size caps, and errors by kind."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError
from urllib3.util import Retry

from shared.adapters.bes_wire import read_fault
from shared.adapters.retry_after import asked_pause_s
from shared.allowed_hosts import AllowedHosts, redacted
from shared.errors import (
    BadAnswerError,
    KeyRefusedError,
    LandfallError,
    NoAnswerError,
    NotFoundError,
    RejectedError,
    ServiceFault,
    UnavailableError,
)

log = logging.getLogger("landfall.bes")
# What it warns of before it sends again quotes the whole URL, and with it the SAS token of a link.
logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)

CONNECT_TIMEOUT_S = 3.05  # a little more than the three seconds after which TCP tries again
READ_TIMEOUT_S = 30.0  # without a byte; nothing here waits for a job
AT_ONCE = 16  # connections kept per host: as many as a tick polls at a time
ANSWER_LIMIT_BYTES = 4 * 1024 * 1024
FAULT_LIMIT_BYTES = 64 * 1024

# Only these are tried again (protocol 1.9); 429 is not used by the service, and 500 "few times".
_RETRY_STATUS = (408, 500, 503, 504)
_NOT_NOW = frozenset({408, 429})
_REQUEST_IDS = ("x-ms-request-id", "x-ms-client-request-id", "Date")  # exact names are not known (protocol 1.2)


@dataclass(frozen=True)
class Call:
    """One request to a service.

    Attributes:
        operation: what it does, for errors and the log: "submit job".
        key: the bearer token, None for none; `key_setting` names where it comes from.
        repeatable: whether sending it again after a lost answer is harmless.
    """

    operation: str
    method: str
    url: str
    key: str | None = None
    key_setting: str = ""
    body: Any = None
    repeatable: bool = True
    limit_bytes: int = ANSWER_LIMIT_BYTES

    def __repr__(self) -> str:
        """Show operation and place without key, query and body."""
        return f"Call({self.operation} {self.method} {redacted(self.url)})"


class Web:
    """Sends calls with two sessions: one repeats what failed on the way, the other sends once."""

    def __init__(
        self,
        allowed: AllowedHosts,
        *,
        timeout_s: tuple[float, float] = (CONNECT_TIMEOUT_S, READ_TIMEOUT_S),
        retries: int = 2,
        backoff_s: float = 0.2,
        ca_bundle: str | None = None,
    ) -> None:
        """Take the hosts that may be called; `ca_bundle` is a file of the authorities to trust instead of the usual."""
        self._allowed = allowed
        self._timeout_s = timeout_s
        self._repeating = _session(
            Retry(
                total=retries,
                status_forcelist=_RETRY_STATUS,
                allowed_methods=None,  # every method: `Call.repeatable` decided already
                backoff_factor=backoff_s,
                backoff_jitter=backoff_s,
                respect_retry_after_header=False,  # a function never waits for long; the tick comes again
                raise_on_status=False,
                redirect=False,
            ),
            ca_bundle,
        )
        self._once = _session(Retry(total=0, redirect=False, raise_on_status=False), ca_bundle)

    def send(self, call: Call) -> str:
        """Send a call and return the body of its 2xx answer as text.

        Raises:
            HostNotAllowedError: the URL's host is not on the list; nothing was sent.
            NoAnswerError: no answer arrived; the request may have taken effect.
            UnavailableError: 408, 429 or 5xx.
            KeyRefusedError: 401 or 403.
            NotFoundError: 404.
            RejectedError: any other 4xx, or a redirect: none is followed.
            BadAnswerError: the answer is larger than the call's limit, or not UTF-8.
        """
        self._allowed.check(call.url)
        place = redacted(call.url)
        headers: dict[str, str] = {"Accept": "application/json, */*"}
        if call.key is not None:
            headers["Authorization"] = f"Bearer {call.key}"
        data = None
        if call.body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(call.body, ensure_ascii=False).encode()
        session = self._repeating if call.repeatable else self._once
        try:
            with session.request(
                call.method,
                call.url,
                headers=headers,
                data=data,
                timeout=self._timeout_s,
                allow_redirects=False,
                stream=True,
            ) as response:
                failed = not 200 <= response.status_code < 300
                content = _read(response, FAULT_LIMIT_BYTES if failed else call.limit_bytes, cut=failed)
        except (requests.RequestException, HTTPError, OSError) as error:
            # The text of a transport error quotes the URL with its query, so only its kind is told.
            raise NoAnswerError(ServiceFault(call.operation, place, 0, "", _kind(error))) from None
        if failed:
            _log_failure(call, response)
            raise _failure(call, place, response.status_code, content.decode(errors="replace"), response.headers)
        if len(content) > call.limit_bytes:
            limit = f"the answer is larger than {call.limit_bytes} bytes"
            raise BadAnswerError(ServiceFault(call.operation, place, response.status_code, "", limit))
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            fault = ServiceFault(call.operation, place, response.status_code, "", "the answer is not UTF-8")
            raise BadAnswerError(fault) from None

    def close(self) -> None:
        """Close the connections."""
        self._repeating.close()
        self._once.close()


def _session(retry: Retry, ca_bundle: str | None) -> requests.Session:
    session = requests.Session()
    session.verify = ca_bundle or True
    session.trust_env = False  # no proxy, no .netrc password, no CA bundle that was not handed over
    adapter = HTTPAdapter(pool_connections=AT_ONCE, pool_maxsize=AT_ONCE, max_retries=retry)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _read(response: requests.Response, limit_bytes: int, *, cut: bool) -> bytes:
    """Read a body up to one byte past the limit, so that a larger one is noticed; with `cut`, up to the limit."""
    content = bytearray()
    for chunk in response.iter_content(64 * 1024):
        content += chunk
        if len(content) > limit_bytes:
            break
    return bytes(content[:limit_bytes] if cut else content[: limit_bytes + 1])


def _failure(call: Call, place: str, status: int, text: str, headers: Mapping[str, str]) -> LandfallError:
    """Return the error of our own that an answer means."""
    fault = read_fault(call.operation, place, status, text)
    if 300 <= status < 400:
        target = redacted(headers.get("Location", ""))
        return RejectedError(_with_message(fault, f"redirects are not followed, this one leads to {target}"))
    if status in {401, 403}:
        hint = f"check the setting {call.key_setting}" if call.key_setting else "the link may have expired"
        return KeyRefusedError(_with_message(fault, "; ".join(part for part in (fault.message, hint) if part)))
    if status == 404:
        return NotFoundError(fault)
    if status in _NOT_NOW or status >= 500:
        return UnavailableError(replace(fault, retry_after_s=asked_pause_s(headers)))
    return RejectedError(fault)


def _with_message(fault: ServiceFault, message: str) -> ServiceFault:
    return ServiceFault(fault.operation, fault.url, fault.status, fault.code, message, fault.details)


def _kind(error: Exception) -> str:
    """Say in words what kind of transport error it was."""
    kinds: tuple[tuple[type[Exception], str], ...] = (
        (requests.exceptions.SSLError, "the secure connection could not be made (certificate or protocol)"),
        (requests.exceptions.ConnectTimeout, "no connection in time"),
        (requests.exceptions.ReadTimeout, "no answer in time"),
        (requests.exceptions.RetryError, "every retry failed"),
        (requests.exceptions.ChunkedEncodingError, "the answer broke off"),
        (requests.exceptions.ConnectionError, "connection refused or lost"),
    )
    said = next((text for kind, text in kinds if isinstance(error, kind)), "")
    return said or f"no answer ({type(error).__name__})"


def _log_failure(call: Call, response: requests.Response) -> None:
    ids = {name: response.headers[name] for name in _REQUEST_IDS if name in response.headers}
    log.warning("%s at %s answered %d %s", call.operation, redacted(call.url), response.status_code, ids)
