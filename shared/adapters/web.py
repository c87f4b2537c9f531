"""The one place that sends requests to the services: lists of hosts, keys, limits, retries, and errors by kind."""

import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import requests
from urllib3.exceptions import HTTPError
from urllib3.util import Retry

from shared.adapters.bes_wire import read_fault
from shared.adapters.guarded import EndingAdapter, Resolver, checked, end_within
from shared.adapters.retry_after import asked_pause_s
from shared.allowed_hosts import AllowedHosts, redacted
from shared.champions import PATCH_TIMEOUT_S
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
from shared.redaction import HIDDEN

log = logging.getLogger("landfall.bes")

CONNECT_TIMEOUT_S = 3.05  # a little more than the three seconds after which TCP tries again
READ_TIMEOUT_S = 30.0  # without a byte; nothing here waits for a job
WHOLE_S = 60.0  # for a call as a whole, with every try and the last byte of its answer
ONCE_WHOLE_S = PATCH_TIMEOUT_S - 2  # for one that is sent once: what is promised of a PATCH counts from its first byte
AT_ONCE = 16  # connections kept per host: as many as a tick polls at a time
ANSWER_LIMIT_BYTES = 4 * 1024 * 1024
FAULT_LIMIT_BYTES = 64 * 1024

# Only these are tried again (protocol 1.9); 429 is not used by the service, and 500 "few times".
_RETRY_STATUS = (408, 500, 503, 504)
_NOT_NOW = frozenset({408, 429})
_REQUEST_IDS = ("x-ms-request-id", "x-ms-client-request-id", "Date")  # exact names are not known (protocol 1.2)


@dataclass(frozen=True)
class Key:
    """A bearer token, and the app setting that it comes from: that is all an error may say of it."""

    value: str = field(repr=False)
    setting: str


@dataclass(frozen=True)
class Call:
    """One request to a service.

    Attributes:
        operation: what it does, for errors and the log: "submit job".
        keys: the bearer tokens that may open the service, the usual one first; none for a link.
        repeatable: whether sending it again after a lost answer is harmless.
        hosts: where the keys may be sent, within the list for everything; None: anywhere on that.
    """

    operation: str
    method: str
    url: str
    keys: tuple[Key, ...] = ()
    body: Any = None
    repeatable: bool = True
    limit_bytes: int = ANSWER_LIMIT_BYTES
    hosts: AllowedHosts | None = None

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
        whole_s: tuple[float, float] = (WHOLE_S, ONCE_WHOLE_S),
        retries: int = 2,
        backoff_s: float = 0.2,
        look_up: Resolver | None = None,
    ) -> None:
        """Take the list for everything; `whole_s` limits what may be repeated and what is sent once."""
        self._allowed = allowed
        self._timeout_s = timeout_s
        self._whole_s = whole_s
        resolver = checked(allowed, look_up)
        again = Retry(
            total=retries,
            status_forcelist=_RETRY_STATUS,
            allowed_methods=None,  # every method: `Call.repeatable` decided already
            backoff_factor=backoff_s,
            backoff_jitter=backoff_s,
            respect_retry_after_header=False,  # a function never waits for long; the tick comes again
            raise_on_status=False,
            redirect=False,
        )
        self._repeating = _session(again, resolver)
        self._once = _session(Retry(total=0, redirect=False, raise_on_status=False), resolver)
        self._preferred: dict[tuple[str, ...], str] = {}  # settings of a call's keys -> the one that opened last

    def send(self, call: Call) -> str:
        """Send a call and return the body of its 2xx answer as text.

        If a key is refused, the call's other one is tried: a call that was refused has had no effect. Which of them
        opened is remembered.

        Raises:
            HostNotAllowedError: the URL's host is not on a list, or leads inside; nothing was sent.
            NoAnswerError: no answer arrived; the request may have taken effect.
            UnavailableError: 408, 429 or 5xx.
            KeyRefusedError: 401 or 403, with every key.
            NotFoundError: 404.
            RejectedError: any other 4xx, or a redirect: none is followed.
            BadAnswerError: the answer is larger than the call's limit, or not UTF-8.
        """
        self._allowed.check(call.url)
        if call.hosts is not None:
            call.hosts.check(call.url)
        settings = tuple(key.setting for key in call.keys)
        preferred = self._preferred.get(settings, "")
        keys: list[Key | None] = [*sorted(call.keys, key=lambda key: key.setting != preferred)] or [None]
        ends_at = time.monotonic() + self._whole_s[0 if call.repeatable else 1]
        refused: KeyRefusedError | None = None
        for key in keys:
            left_s = ends_at - time.monotonic()
            if refused is not None and left_s <= 0:
                break
            end_within(left_s)
            try:
                answer = self._send(call, key)
            except KeyRefusedError as error:
                refused = refused or error
                continue
            except LandfallError as error:
                if not isinstance(error, NoAnswerError):  # whatever else it says, it has let the key in
                    self._opened(call, settings, key, refused)
                raise
            self._opened(call, settings, key, refused)
            return answer
        raise refused or AssertionError("there is always something to try")

    def _opened(self, call: Call, settings: tuple[str, ...], key: Key | None, refused: KeyRefusedError | None) -> None:
        """Remember which of several keys a service took."""
        if key is None or refused is None:
            return
        self._preferred[settings] = key.setting
        log.warning(
            "%s at %s: the key in the setting %s was refused (%d), the one in %s was not and is used from now on;"
            " correct the first",
            call.operation,
            redacted(call.url),
            next(setting for setting in settings if setting != key.setting),
            refused.fault.status,
            key.setting,
        )

    def _send(self, call: Call, key: Key | None) -> str:
        place = redacted(call.url)
        headers: dict[str, str] = {"Accept": "application/json, */*", "Accept-Encoding": "identity"}
        if key is not None:
            headers["Authorization"] = f"Bearer {key.value}"
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
            text = _without_secrets(content.decode(errors="replace"), call, key)
            raise _failure(call, response.status_code, text, response.headers)
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


def _session(retry: Retry, resolver: Resolver) -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # no proxy, no .netrc password, no CA bundle from the environment
    adapter = EndingAdapter(None, connections=AT_ONCE, retries=retry, resolver=resolver)
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


def _without_secrets(text: str, call: Call, key: Key | None) -> str:
    """Take out of an error's text what was sent with the call: some services repeat it, in whatever words."""
    signatures = parse_qs(urlsplit(call.url).query).get("sig", [])
    for secret in filter(None, (*signatures, key.value if key is not None else "")):
        for form in (secret, quote(secret, safe=""), secret.replace("/", "\\/")):  # the last one: within some JSON
            text = text.replace(form, HIDDEN)
    return text


def _failure(call: Call, status: int, text: str, headers: Mapping[str, str]) -> LandfallError:
    """Return the error of our own that an answer means."""
    fault = read_fault(call.operation, redacted(call.url), status, text)
    if 300 <= status < 400:
        target = redacted(headers.get("Location", ""))
        return RejectedError(_with_message(fault, f"redirects are not followed, this one leads to {target}"))
    if status in {401, 403}:
        settings = " and ".join(one.setting for one in call.keys)
        plural = "s" if len(call.keys) > 1 else ""
        hint = f"check the setting{plural} {settings}" if settings else "the link may have expired"
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
