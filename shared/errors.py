"""The exception tree: what went wrong, and what a trigger does about it.

::

    LandfallError
    ├── RetryableError              recorded in the run; the tick tries again until the deadline
    │   ├── UnavailableError        the service is unavailable (408, 5xx)
    │   │   └── ThrottledError      it refused the request before it took effect (429, RequestThrottled)
    │   ├── BadAnswerError          the answer does not follow the protocol: it may be a gateway's, so it proves nothing
    │   ├── NotSentError            something that the request needs is unavailable: nothing was sent
    │   ├── BlobArchivedError       the blob is in the archive tier: somebody must rehydrate it
    │   ├── DeploymentPendingError  the deployment of a model is still being made: the run waits for it
    │   └── NoAnswerError           no answer arrived: whether the request took effect is unknown
    ├── PermanentError              recorded in the run as `failed`; trying again would change nothing
    │   ├── RejectedError           the service refused the request (400, 409, 413, ...)
    │   ├── NotFoundError           the service does not know the job, endpoint or blob (404)
    │   ├── UnusableAnswerError     the answer follows the protocol, but lacks what was asked for
    │   ├── OtherModelError         another model than the one that is meant gave the answer
    │   ├── BlobMissingError        the blob to copy does not exist
    │   ├── BadEvaluationError      the evaluation cannot be read as metrics
    │   ├── UnfitSetError           the training set is not fit to train on
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
        ├── UnknownError            the run or endpoint that it names does not exist
        └── NotNowError             the run or endpoint is in no state for it

An error is never a verdict: a retryable or configuration error leaves the run where it is, with the reason written
down.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace


class LandfallError(Exception):
    """Root of all errors that this package raises on purpose."""


class RetryableError(LandfallError):
    """The same step may succeed later."""


class PermanentError(LandfallError):
    """The same step will fail again."""


class ConflictError(LandfallError):
    """Another worker won; its result stands."""


class ConfigError(LandfallError):
    """Settings or `routes.toml` are wrong.

    Attributes:
        problems: every problem, each with the key or setting and what to do.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        whole_sentences = all(problem.endswith(".") for problem in problems)
        super().__init__((" " if whole_sentences else "; ").join(problems))
        self.problems = list(problems)


@dataclass(frozen=True)
class ServiceFault:
    """An error answer of a service (protocol 1.9: `{"error": {code, message, details}}`), or the lack of an answer.

    Attributes:
        operation: the call: "submit job".
        url: without its query, so without a SAS token.
        status: the HTTP status; 0 if no answer came.
        retry_after_s: the pause that the service asked for; 0 if none.
        foreign: whether the answer is not in the protocol's form, so that a gateway may have given it.
        cause: the app's own explanation, where it knows more than the service.
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
        """Give the cause first (every detail, then the general message), then the operation, and the URL last."""
        return self.text()

    def because(self, cause: str) -> "ServiceFault":
        """Return the fault with the app's own explanation, which comes before the service's words."""
        return replace(self, cause=cause)

    def text(self, note: str = "") -> str:
        """Return the text, with a note after the cause; the URL still comes last."""
        parts = [self.cause]
        parts += [f"{code}: {message}" if message else code for code, message in self.details]
        parts += [self.message, note]
        outcome = self.operation
        if self.status:
            outcome = " ".join(part for part in (f"{self.operation} answered {self.status}", self.code) if part)
        else:
            parts.append(self.code)
        parts = [part.rstrip(". ") for part in parts]
        return "; ".join(part for part in (*parts, f"{outcome} at {self.url}") if part)


class _ServiceError(LandfallError):
    """Carries a `ServiceFault`; mixed into the errors that a remote service causes."""

    fault: ServiceFault

    def __init__(self, fault: ServiceFault) -> None:
        super().__init__(str(fault))
        self.fault = fault


class UnavailableError(_ServiceError, RetryableError):
    """The service is unavailable (408, 5xx). Whether a PATCH or submit took effect is unknown."""


class ThrottledError(UnavailableError):
    """The service refused the request for now, before it took effect."""


class NoAnswerError(_ServiceError, RetryableError):
    """The connection failed or timed out; the request may have taken effect."""


class RejectedError(_ServiceError, PermanentError):
    """The service refused the request itself (4xx other than 401, 403, 404, 408, 429)."""


class NotFoundError(_ServiceError, PermanentError):
    """The service does not know what the URL names (404)."""


class BadAnswerError(_ServiceError, RetryableError):
    """The answer does not follow the protocol: it may be a gateway's or a maintenance page. It is no verdict."""


class NotSentError(RetryableError):
    """Something that the request needs is unavailable now: nothing was sent."""


class BlobArchivedError(_ServiceError, RetryableError):
    """The blob is in the archive tier, so it cannot be read; rehydrated, it keeps its ETag."""


class DeploymentPendingError(RetryableError):
    """A deployment is still being made, or its endpoint is still changed: normal for minutes, and no failure.

    An update that is answered so was not sent.
    """


class OtherModelError(PermanentError):
    """Another model than the one that is meant gave the answer: what was scored says nothing about that one."""


class UnusableAnswerError(_ServiceError, PermanentError):
    """The answer follows the protocol, but lacks what was asked for."""


class BlobMissingError(PermanentError):
    """The blob to copy does not exist, and there is no copy of it yet."""


class BadEvaluationError(PermanentError):
    """The evaluation CSV has no such row, or no metric can be read from it."""


class UnfitSetError(PermanentError):
    """A sealed training set is not fit to train on any more: files were forgotten, or schema or holdout changed."""


class UnreadableRowError(PermanentError):
    """A table row lacks a column that the record needs, or a column holds a wrong value."""


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
    """An operator asked for something that cannot be done; nothing was changed. The text says what is possible."""


class BadRequestError(OperationError):
    """The request is incomplete or wrong."""


class UnknownError(OperationError):
    """There is no such run or endpoint."""


class NotNowError(OperationError):
    """The run or the endpoint is in no state for the operation."""


def text_with(error: Exception, note: str) -> str:
    """Return an error's text with a note; the URL of a service still comes last."""
    return error.fault.text(note) if isinstance(error, _ServiceError) else f"{error}; {note}"


def retry_after_s(error: Exception) -> float:
    """Return the pause that the service behind an error asked for, in seconds; 0 if none."""
    return error.fault.retry_after_s if isinstance(error, _ServiceError) else 0.0


def had_no_effect(error: Exception) -> bool:
    """Tell whether an update that failed with this error certainly changed nothing: it was refused, or never sent."""
    if isinstance(error, _ServiceError) and error.fault.foreign:
        return False
    return isinstance(error, PermanentError | ConfigError | ThrottledError | NotSentError | DeploymentPendingError)
