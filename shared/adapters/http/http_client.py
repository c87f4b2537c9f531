"""The one place that sends requests to the services: lists of hosts, keys, limits, retries, and errors by kind."""

import json
import time

import requests
from urllib3.exceptions import HTTPError
from urllib3.util import Retry

from shared.adapters.http.http_errors import failure, kind_of, log_failure, without_secrets
from shared.adapters.http.service_call import Call, Key
from shared.adapters.http.ssrf_guard import EndingAdapter, Resolver, checked, end_within
from shared.errors import (
    BadAnswerError,
    KeyRefusedError,
    LandfallError,
    NoAnswerError,
    ServiceFault,
    UnusableAnswerError,
)
from shared.log_actions import LogAction, get_log, log_fields
from shared.records.endpoint_record import PATCH_TIMEOUT_S
from shared.routes.host_allowlist import AllowedHosts, redacted

log = get_log("bes")

CONNECT_TIMEOUT_S = 3.05  # a little more than the three seconds after which TCP tries again
READ_TIMEOUT_S = 30.0  # without a byte; nothing here waits for a job
WHOLE_S = 60.0  # for a call as a whole, with every try and the last byte of its answer
ONCE_WHOLE_S = PATCH_TIMEOUT_S - 2  # for one that is sent once: what is promised of a PATCH counts from its first byte
MAX_CONNECTIONS = 16  # kept per host: as many as a tick polls at a time
FAULT_LIMIT_BYTES = 64 * 1024

# Only these are tried again (protocol 1.9); 429 is not used by the service, and 500 "few times".
_RETRY_STATUS = (408, 500, 503, 504)


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
        ca_bundle: str | None = None,
        look_up: Resolver | None = None,
    ) -> None:
        """Take the list for everything.

        `whole_s` limits what may be repeated and what is sent once; `ca_bundle` is a file of the authorities to trust
        instead of the usual.
        """
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
        self._repeating = _session(again, resolver, ca_bundle)
        self._once = _session(Retry(total=0, redirect=False, raise_on_status=False), resolver, ca_bundle)
        self._preferred: dict[tuple[str, ...], str] = {}  # settings of a call's keys -> the one that opened last

    def send(self, call: Call) -> str:
        """Send a call and return the body of its 2xx answer as text.

        If a key is refused, the call's other one is tried: a call that was refused has had no effect. Which of them
        opened is remembered.

        Raises:
            HostNotAllowedError: the URL's host is not on a list, or leads inside; nothing was sent.
            NoAnswerError: no answer arrived; the request may have taken effect.
            UnavailableError: 408 or 5xx; its kind ThrottledError: 429, or a 503 that says so.
            KeyRefusedError: 401 or 403, with every key.
            NotFoundError: 404, in the protocol's form.
            RejectedError: any other 4xx in the protocol's form.
            BadAnswerError: the answer is not in the protocol's form, is a redirect (none is followed), is larger than
                the call's limit, or not UTF-8.
            UnusableAnswerError: what a link leads to is larger than the call's limit, or not UTF-8.
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
                if not isinstance(error, NoAnswerError | BadAnswerError):  # the service itself has let the key in
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
            extra=log_fields(LogAction.SERVICE_KEY_REFUSED),
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
            raise NoAnswerError(ServiceFault(call.operation, place, 0, "", kind_of(error))) from None
        if failed:
            log_failure(call, response)
            text = without_secrets(content.decode(errors="replace"), call, key)
            raise failure(call, response.status_code, text, response.headers)
        if len(content) > call.limit_bytes:
            limit = f"the answer is larger than {call.limit_bytes} bytes"
            raise _kind(call)(ServiceFault(call.operation, place, response.status_code, "", limit))
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            fault = ServiceFault(call.operation, place, response.status_code, "", "the answer is not UTF-8")
            raise _kind(call)(fault) from None

    def close(self) -> None:
        """Close the connections."""
        self._repeating.close()
        self._once.close()


def _kind(call: Call) -> type[BadAnswerError | UnusableAnswerError]:
    """Return what an answer is that cannot be read: of a service it may be a gateway's; a link leads to storage."""
    return BadAnswerError if call.keys else UnusableAnswerError


def _session(retry: Retry, resolver: Resolver, ca_bundle: str | None) -> requests.Session:
    session = requests.Session()
    session.verify = ca_bundle or True
    session.trust_env = False  # no proxy, no .netrc password, no CA bundle that was not handed over
    adapter = EndingAdapter(None, connections=MAX_CONNECTIONS, retries=retry, resolver=resolver)
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
