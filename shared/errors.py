"""The exception tree: what went wrong, and what a trigger does about it.

::

    LandfallError
    ├── RetryableError              recorded in the run; the tick tries again until the deadline
    │   ├── LeaseHeldError          another run is being promoted to the endpoint
    │   ├── UnavailableError        the service said: not now (408, 5xx)
    │   │   └── ThrottledError      it refused for now, before it took the request (429, RequestThrottled)
    │   ├── BadAnswerError          what answered does not follow the protocol: it may be a gateway; nothing is known
    │   ├── NotSentError            what the request needs could not be had: nothing was sent
    │   ├── BlobArchivedError       the blob is in the archive tier: somebody must rehydrate it
    │   └── NoAnswerError           no answer arrived: whether the request took effect is unknown
    ├── PermanentError              recorded in the run as `failed`; trying again would change nothing
    │   ├── RejectedError           the service refused the request (400, 409, 413, ...)
    │   ├── NotFoundError           the service does not know the job, endpoint or blob (404)
    │   ├── UnusableAnswerError     the answer follows the protocol, and holds something else than was asked for
    │   ├── BlobMissingError        what is to be copied does not exist
    │   ├── BadEvaluationError      the evaluation cannot be read as metrics
    │   ├── UnreadableRowError      a table row that this release cannot read
    │   └── BadMessageError         a queue message that this release cannot read
    ├── ConflictError               somebody else was first: read again, usually nothing is left to do
    │   ├── AlreadyClaimedError     this file version has its run already
    │   ├── StaleWriteError         the row changed since it was read
    │   └── BlobChangedError        the blob is no longer the version that was claimed
    ├── ConfigError                 somebody must change a setting; every problem is listed
    │   ├── KeyRefusedError         the service refused the key (401, 403)
    │   └── HostNotAllowedError     a URL leads to a host that `allow_hosts` does not name
    ├── AccessDeniedError           a caller of an HTTP function is not let in
    │   ├── AuthSettingsError       the settings of authentication are wrong, so nobody is let in
    │   ├── NotSignedInError        the platform has not signed the caller in
    │   ├── RoleMissingError        the caller lacks the app role
    │   └── WrongContentTypeError   the body's type is one that a page of another site could send
    └── OperationError              an operator asked for something that cannot be done
        ├── BadRequestError         the request itself is wrong; every problem is listed
        ├── UnknownError            what it names does not exist
        └── NotNowError             what it names is in no state for that

An error is never a verdict: a retryable or configuration error leaves the run where it is, with the reason written
down.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace


class LandfallError(Exception):
    """Root of everything this package raises on purpose."""


class RetryableError(LandfallError):
    """The same step may succeed later."""


class LeaseHeldError(RetryableError):
    """Another run is being promoted to the endpoint; this one waits for it."""


class PermanentError(LandfallError):
    """The same step will fail again."""


class ConflictError(LandfallError):
    """Another worker won; its result stands."""


class ConfigError(LandfallError):
    """Settings or `routes.toml` are wrong.

    Attributes:
        problems: one sentence each, all that were found, with the key and what to do.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        whole_sentences = all(problem.endswith(".") for problem in problems)
        super().__init__((" " if whole_sentences else "; ").join(problems))
        self.problems = list(problems)


@dataclass(frozen=True)
class ServiceFault:
    """What a service said when it refused (protocol 1.9: `{"error": {code, message, details}}`).

    `url` is redacted: no query, so no SAS token. `status` is 0 where no HTTP answer came. `retry_after_s` is how long
    the service asked to be left alone; 0 if it did not. `foreign`: the answer is not in the protocol's form, so
    something before the service may have given it. `cause` is what the app knows better than the service said it.
    """

    operation: str
    url: str
    status: int = 0
    code: str = ""
    message: str = ""
    details: tuple[tuple[str, str], ...] = ()
    retry_after_s: float = 0.0
    foreign: bool = False
    cause: str = ""

    def __str__(self) -> str:
        """Give the cause first (every detail, then the general message), then what was asked, and the URL last."""
        return self.told()

    def because(self, cause: str) -> "ServiceFault":
        """Return the fault with a cause that is known better than the service said it, in front of its own words."""
        return replace(self, cause=cause)

    def told(self, more: str = "") -> str:
        """Return the text with one more sentence behind the cause; the URL still comes last."""
        answered = " ".join(part for part in (str(self.status or ""), self.code) if part)
        parts = [self.cause]
        parts += [f"{code}: {message}" if message else code for code, message in self.details]
        parts.append(self.message)
        asked = f"{self.operation} answered {answered}" if self.status else self.operation
        parts = [part.rstrip(". ") for part in (*parts, more, "" if self.status else self.code)]
        return "; ".join(part for part in (*parts, f"{asked} at {self.url}") if part)


class _ServiceError(LandfallError):
    """Carries a `ServiceFault`; mixed into the errors that a remote service causes."""

    fault: ServiceFault

    def __init__(self, fault: ServiceFault) -> None:
        super().__init__(str(fault))
        self.fault = fault


class UnavailableError(_ServiceError, RetryableError):
    """The service said: not now (408, 500, 503, 504). For a PATCH or submit the outcome is unknown."""


class ThrottledError(UnavailableError):
    """The service refused for now, before it took the request: it had no effect."""


class NoAnswerError(_ServiceError, RetryableError):
    """The connection failed or timed out; the request may have taken effect."""


class RejectedError(_ServiceError, PermanentError):
    """The service refused the request itself (4xx other than 401, 403, 404, 408, 429)."""


class NotFoundError(_ServiceError, PermanentError):
    """The service does not know what the URL names (404)."""


class BadAnswerError(_ServiceError, RetryableError):
    """What answered does not follow the protocol: a gateway or a maintenance page, perhaps. It is no verdict."""


class NotSentError(RetryableError):
    """What a request needs could not be had now: nothing was sent."""


class BlobArchivedError(_ServiceError, RetryableError):
    """The blob is in the archive tier, where nobody can read it; once it is rehydrated it has the same ETag."""


class UnusableAnswerError(_ServiceError, PermanentError):
    """The service answered in the protocol's form, but without what was asked for."""


class BlobMissingError(PermanentError):
    """The blob that is to be copied does not exist, and there is no copy of it yet."""


class BadEvaluationError(PermanentError):
    """The evaluation CSV has no such row, or no metric can be read from it."""


class UnreadableRowError(PermanentError):
    """A table row lacks a column that the record needs, or holds something else in it."""


class BadMessageError(PermanentError):
    """A queue message is not JSON, of another version, or incomplete."""


class AlreadyClaimedError(ConflictError):
    """This file version has its run already."""


class StaleWriteError(ConflictError):
    """The row changed since it was read; nothing was written."""


class BlobChangedError(ConflictError):
    """The blob was overwritten or deleted since its version was read."""


class KeyRefusedError(_ServiceError, ConfigError):
    """The service refused the key (401 or 403); somebody must correct the setting."""

    def __init__(self, fault: ServiceFault) -> None:
        ConfigError.__init__(self, [str(fault)])
        self.fault = fault


class HostNotAllowedError(ConfigError):
    """A URL leads to a host that `allow_hosts` in routes.toml does not name; no request was sent."""


class AccessDeniedError(LandfallError):
    """A caller of an HTTP function is not let in."""


class AuthSettingsError(AccessDeniedError):
    """The settings of authentication are wrong: nobody is let in until somebody corrects them."""


class NotSignedInError(AccessDeniedError):
    """The platform has not signed the caller in."""


class RoleMissingError(AccessDeniedError):
    """The caller is signed in and lacks the app role."""


class WrongContentTypeError(AccessDeniedError):
    """The body's type is one that a page of another site could make a signed-in browser send (CSRF)."""


class OperationError(LandfallError):
    """An operator asked for something that cannot be done; nothing was changed. The text says what can be done."""


class BadRequestError(OperationError):
    """The request is incomplete or wrong."""


class UnknownError(OperationError):
    """There is no such run or endpoint."""


class NotNowError(OperationError):
    """The run or the endpoint is in no state for that."""


def told_with(error: Exception, more: str) -> str:
    """Return an error's text with one more sentence; the URL of a service that refused still comes last."""
    return error.fault.told(more) if isinstance(error, _ServiceError) else f"{error}; {more}"


def retry_after_s(error: Exception) -> float:
    """Return how long the service behind an error asked to be left alone, in seconds; 0 if it did not ask."""
    return error.fault.retry_after_s if isinstance(error, _ServiceError) else 0.0


def had_no_effect(error: Exception) -> bool:
    """Tell whether an update that met with this error is known to have changed nothing: refused, or not even sent."""
    if isinstance(error, _ServiceError) and error.fault.foreign:
        return False
    return isinstance(error, PermanentError | ConfigError | ThrottledError | NotSentError)
