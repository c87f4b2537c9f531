"""The HTTP client of the services: host allow-lists, keys, time-outs, size limits, retries, and typed errors."""

import json
import time

import requests
from urllib3.exceptions import HTTPError
from urllib3.util import Retry

from shared.adapters.http.http_errors import failure, kind_of, log_failure, without_secrets
from shared.adapters.http.service_call import Answer, Call, Key
from shared.adapters.http.ssrf_guard import DeadlineAdapter, Resolver, checked_resolver, set_time_limit
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
READ_TIMEOUT_S = 30.0  # between two pieces of an answer; no call waits for a job
TOTAL_TIMEOUT_S = 60.0  # of a call, with every retry and the last byte of its answer
SINGLE_SEND_TIMEOUT_S = PATCH_TIMEOUT_S - 2  # of a call that is sent once; PATCH_TIMEOUT_S counts from its first byte
MAX_CONNECTIONS = 16  # kept open per host: as many as a tick polls at a time
FAULT_LIMIT_BYTES = 64 * 1024

# Only these are retried (protocol 1.9): the service never answers 429, and 500 is to be retried "few times".
_RETRY_STATUS = (408, 500, 503, 504)


class HttpClient:
    """Sends calls over two sessions: one retries, the other sends once."""

    def __init__(
        self,
        allowed: AllowedHosts,
        *,
        timeout_s: tuple[float, float] = (CONNECT_TIMEOUT_S, READ_TIMEOUT_S),
        total_timeout_s: tuple[float, float] = (TOTAL_TIMEOUT_S, SINGLE_SEND_TIMEOUT_S),
        retries: int = 2,
        backoff_s: float = 0.2,
        ca_bundle: str | None = None,
        look_up: Resolver | None = None,
    ) -> None:
        """Create both sessions; nothing is sent yet.

        Args:
            allowed: the hosts that any call may go to.
            timeout_s: to connect, and between two pieces of an answer.
            total_timeout_s: of a call that may be repeated, and of one that is sent once.
            retries: how often a repeatable call is sent again.
            backoff_s: the pause before the second retry; it doubles with each further one.
            ca_bundle: a file of certificate authorities that replaces the usual ones.
            look_up: resolves host names instead of the system.
        """
        self._allowed = allowed
        self._timeout_s = timeout_s
        self._total_timeout_s = total_timeout_s
        resolver = checked_resolver(allowed, look_up)
        retrying = Retry(
            total=retries,
            status_forcelist=_RETRY_STATUS,
            allowed_methods=None,  # every method: `Call.repeatable` has decided
            backoff_factor=backoff_s,
            backoff_jitter=backoff_s,
            respect_retry_after_header=False,  # a function never waits long; the tick comes again
            raise_on_status=False,
            redirect=False,
        )
        self._repeating = _session(retrying, resolver, ca_bundle)
        self._once = _session(Retry(total=0, redirect=False, raise_on_status=False), resolver, ca_bundle)
        self._preferred: dict[tuple[str, ...], str] = {}  # settings of a call's keys -> the one accepted last

    def send(self, call: Call) -> str:
        """Send a call and return the body of its 2xx answer as text; see `exchange`."""
        return self.exchange(call).text

    def exchange(self, call: Call) -> Answer:
        """Send a call and return its 2xx answer.

        If the service refuses a key, the call is sent with its other key, since a refused call has no effect. The key
        that was accepted is tried first from then on.

        Raises:
            HostNotAllowedError: an allow-list does not name the URL's host, or the host's address is private; nothing
                was sent.
            NoAnswerError: no answer arrived; the request may have taken effect.
            ThrottledError: 429, or a 503 whose code says so.
            UnavailableError: 408 or another 5xx.
            KeyRefusedError: 401 or 403, with every key.
            NotFoundError: 404, in the protocol's form.
            RejectedError: any other 4xx in the protocol's form.
            BadAnswerError: the answer is not in the protocol's form, is a redirect (none is followed), is larger than
                the call's limit, or is not UTF-8.
            UnusableAnswerError: the blob behind a link is larger than the call's limit, or is not UTF-8.
        """
        self._allowed.check(call.url)
        if call.hosts is not None:
            call.hosts.check(call.url)
        settings = tuple(key.setting for key in call.keys)
        preferred = self._preferred.get(settings, "")
        keys: list[Key | None] = [None]  # a link needs no key
        if call.keys:
            keys = [*sorted(call.keys, key=lambda key: key.setting != preferred)]
        usual_s = self._total_timeout_s[0 if call.repeatable else 1]
        ends_at = time.monotonic() + (usual_s if call.within_s is None else call.within_s)
        refused: KeyRefusedError | None = None
        for key in keys:
            left_s = ends_at - time.monotonic()
            if refused is not None and left_s <= 0:
                break
            set_time_limit(left_s)
            try:
                answer = self._send(call, key)
            except KeyRefusedError as error:
                refused = refused or error
                continue
            except LandfallError as error:
                if not isinstance(error, NoAnswerError | BadAnswerError):  # the service itself has accepted the key
                    self._accepted(call, settings, key, refused)
                raise
            self._accepted(call, settings, key, refused)
            return answer
        raise refused or AssertionError("at least one call was sent")

    def _accepted(
        self, call: Call, settings: tuple[str, ...], key: Key | None, refused: KeyRefusedError | None
    ) -> None:
        """Remember which of several keys a service accepted."""
        if key is None or refused is None:
            return
        self._preferred[settings] = key.setting
        log.warning(
            "%s at %s: the key in the setting %s was refused (%d), the one in %s was accepted; correct the first",
            call.operation,
            redacted(call.url),
            next(setting for setting in settings if setting != key.setting),
            refused.fault.status,
            key.setting,
            extra=log_fields(LogAction.SERVICE_KEY_REFUSED),
        )

    def _send(self, call: Call, key: Key | None) -> Answer:
        place = redacted(call.url)
        headers: dict[str, str] = {"Accept": "application/json, */*", "Accept-Encoding": "identity", **call.headers}
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
            # The text of a transport error quotes the URL with its query, so only the kind of error is kept.
            raise NoAnswerError(ServiceFault(call.operation, place, 0, "", kind_of(error))) from None
        if failed:
            log_failure(call, response)
            text = without_secrets(content.decode(errors="replace"), call, key)
            raise failure(call, response.status_code, text, response.headers)
        if len(content) > call.limit_bytes:
            limit = f"the answer is larger than {call.limit_bytes} bytes"
            raise _unreadable(call)(ServiceFault(call.operation, place, response.status_code, "", limit))
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            fault = ServiceFault(call.operation, place, response.status_code, "", "the answer is not UTF-8")
            raise _unreadable(call)(fault) from None
        return Answer(text, {name.casefold(): value for name, value in response.headers.items()})

    def close(self) -> None:
        """Close the connections."""
        self._repeating.close()
        self._once.close()


def _unreadable(call: Call) -> type[BadAnswerError | UnusableAnswerError]:
    """Return the error for an unreadable answer: a service's may come from a gateway, a link's is a blob."""
    return BadAnswerError if call.keys else UnusableAnswerError


def _session(retry: Retry, resolver: Resolver, ca_bundle: str | None) -> requests.Session:
    session = requests.Session()
    session.verify = ca_bundle or True
    session.trust_env = False  # no proxy, no .netrc password, no CA bundle of the environment
    adapter = DeadlineAdapter(None, connections=MAX_CONNECTIONS, retries=retry, resolver=resolver)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _read(response: requests.Response, limit_bytes: int, *, cut: bool) -> bytes:
    """Read a body up to one byte past the limit, which shows that it is larger; with `cut`, up to the limit."""
    content = bytearray()
    for chunk in response.iter_content(64 * 1024):
        content += chunk
        if len(content) > limit_bytes:
            break
    return bytes(content[:limit_bytes] if cut else content[: limit_bytes + 1])
