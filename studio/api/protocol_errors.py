"""The errors of the protocol (1.9), and the one place that turns the studio's own errors into them."""

from dataclasses import dataclass

from studio.errors import RequestError, StorageError, StorageFault
from studio.jobs import errors as jobs
from studio.json_values import Json
from studio.redaction import without_secrets
from studio.scoring.request_columns import ColumnMismatchError, ReservedColumnError
from studio.wire import errors as wire
from studio.workspace import errors as workspace

BAD_ARGUMENT = "BadArgument"
BAD_USER_ARGUMENT = "BadUserArgument"
INVALID_OPERATION = "InvalidOperation"
UNAUTHORIZED = "Unauthorized"
NOT_FOUND = "NotFound"
METHOD_NOT_ALLOWED = "MethodNotAllowed"
REQUEST_TIMEOUT = "RequestTimeout"
CONFLICT = "Conflict"
MEMORY_QUOTA_VIOLATION = "MemoryQuotaViolation"
INTERNAL_ERROR = "InternalError"
SERVICE_UNAVAILABLE = "ServiceUnavailable"
# By code: the HTTP status, and the message that always goes with it.
STATUSES: dict[str, tuple[int, str]] = {
    BAD_ARGUMENT: (400, "Invalid argument provided."),
    BAD_USER_ARGUMENT: (400, "Invalid user argument provided."),
    INVALID_OPERATION: (400, "The request is invalid in the current context."),
    UNAUTHORIZED: (401, "Request is unauthorized to access resource."),
    NOT_FOUND: (404, "Resource not found."),
    METHOD_NOT_ALLOWED: (405, "The resource does not support this method."),
    REQUEST_TIMEOUT: (408, "The operation could not be completed within the permitted time."),
    CONFLICT: (409, "Resource already exists."),
    MEMORY_QUOTA_VIOLATION: (413, "The model had exceeded the memory quota assigned to it."),
    INTERNAL_ERROR: (500, "Execution encountered an internal error."),
    SERVICE_UNAVAILABLE: (503, "Service is temporarily unavailable."),
}


@dataclass(frozen=True)
class Detail:
    """One problem, as an answer's `details` list it."""

    code: str
    message: str


class ProtocolError(Exception):
    """What an HTTP caller is answered, in the documented shape: status, code, and a detail for each problem."""

    def __init__(self, code: str, *details: Detail) -> None:
        """Take one of the codes of `STATUSES`, and at least one detail."""
        # Messages repeat what callers sent: a path with a signature in it, say.
        self.details = [Detail(detail.code, without_secrets(detail.message)) for detail in details]
        super().__init__(" ".join(detail.message for detail in self.details))
        self.code = code
        self.status, self.message = STATUSES[code]

    def body(self) -> Json:
        """Return the JSON body of the answer."""
        details = [{"code": detail.code, "message": detail.message} for detail in self.details]
        return {"error": {"code": self.code, "message": self.message, "details": details}}


def protocol_error(code: str, detail_code: str, message: str) -> ProtocolError:
    """Return the error with one detail."""
    return ProtocolError(code, Detail(detail_code, message))


def unsupported_method(method: str) -> ProtocolError:
    """Return the 405 for a method that a path does not have."""
    return protocol_error(METHOD_NOT_ALLOWED, "UnsupportedMethod", f"{method} is not supported here.")


def unexpected_error() -> ProtocolError:
    """Return the 500 for a fault of the studio's own."""
    return protocol_error(INTERNAL_ERROR, "UnknownError", "Unknown error; the studio's log has it.")


# The code and the detail code of each error.
_REQUEST_CODES: dict[type[RequestError], tuple[str, str]] = {
    wire.InvalidBodyError: (BAD_ARGUMENT, "RequestBodyInvalid"),
    wire.BlobExtensionError: (BAD_ARGUMENT, "InvalidBlobExtension"),
    wire.DuplicateInputError: (BAD_ARGUMENT, "DuplicateInputInBatchCall"),
    wire.MissingInputError: (BAD_ARGUMENT, "BatchJobInputsNotSpecified"),
    wire.TooManyInputsError: (INVALID_OPERATION, "MultipleInputsNotAllowed"),
    wire.UnknownInputError: (BAD_ARGUMENT, "InvalidInputNames"),
    wire.UnknownOutputError: (BAD_ARGUMENT, "InvalidOutputOverrideName"),
    wire.NullOutputError: (BAD_ARGUMENT, "MissingOutputOverrideSpecification"),
    wire.UnknownParameterError: (BAD_ARGUMENT, "UnexpectedParameter"),
    wire.MissingParameterError: (BAD_ARGUMENT, "MissingRequiredGlobalParameters"),
    wire.ScoringParameterError: (BAD_USER_ARGUMENT, "UnexpectedParameter"),
    wire.MissingRowsError: (BAD_ARGUMENT, "MissingRequestInput"),
    wire.UnreadableRowsError: (BAD_USER_ARGUMENT, "InputParseError"),
    ColumnMismatchError: (BAD_USER_ARGUMENT, "InputMismatchError"),
    ReservedColumnError: (CONFLICT, "ModelOutputMetadataMismatch"),
    workspace.WorkspaceNotFoundError: (NOT_FOUND, "WorkspaceNotFound"),
    workspace.ServiceNotFoundError: (NOT_FOUND, "WebServiceNotFound"),
    workspace.ServiceIdError: (BAD_ARGUMENT, "WebServiceIdInvalid"),
    workspace.EndpointNotFoundError: (NOT_FOUND, "WebServiceNotFound"),
    workspace.DefaultEndpointInUseError: (INVALID_OPERATION, "UnsupportedOperation"),
    workspace.EndpointNotUpdatableError: (INVALID_OPERATION, "UnsupportedOperation"),
    workspace.UnknownResourceError: (BAD_ARGUMENT, "BadParameterValue"),
    workspace.InvalidModelError: (BAD_ARGUMENT, "InvalidBlob"),
    workspace.IncompatibleModelError: (INVALID_OPERATION, "IncompatibleModel"),
    workspace.ModelUnavailableError: (INTERNAL_ERROR, "ResourceLoadFailed"),
    workspace.SettingValueError: (BAD_ARGUMENT, "BadParameterValue"),
    workspace.SettingTypeError: (BAD_ARGUMENT, "RequestBodyInvalid"),
    workspace.TooManyCallsError: (BAD_ARGUMENT, "WebServiceTooManyConcurrentRequestRequirement"),
    workspace.FixedCallsError: (BAD_ARGUMENT, "WebServiceConcurrentRequestRequirementInvalid"),
    jobs.JobNotFoundError: (NOT_FOUND, "JobNotFound"),  # the original's code is not documented
    jobs.JobNotStartableError: (INVALID_OPERATION, "CannotStartJob"),
    jobs.JobParameterError: (BAD_ARGUMENT, "BadParameterValue"),
    jobs.MissingOutputLocationError: (BAD_ARGUMENT, "MissingRequiredOutputOverrides"),
}
_STORAGE_CODES: dict[StorageFault, tuple[str, str]] = {
    StorageFault.INVALID: (BAD_ARGUMENT, "InvalidBlob"),
    StorageFault.NOT_FOUND: (BAD_ARGUMENT, "BlobNotFound"),
    StorageFault.INCOMPLETE: (BAD_ARGUMENT, "MissingInputBlobInformation"),
    StorageFault.CONNECTION_STRING: (BAD_ARGUMENT, "InvalidBlobConnectionString"),
    StorageFault.NO_CONTAINER: (BAD_ARGUMENT, "ContainerIsEmpty"),
    StorageFault.CONTAINER_NAME: (BAD_ARGUMENT, "ContainerSegmentInvalid"),
    StorageFault.NO_BLOB: (BAD_ARGUMENT, "InputBlobRelativeLocationInvalid"),
    StorageFault.BLOB_NAME_TOO_LONG: (BAD_ARGUMENT, "BlobNameTooLong"),
    StorageFault.UNAVAILABLE: (INTERNAL_ERROR, "ResourceDownload"),
}


def translate(error: RequestError | ProtocolError) -> ProtocolError:
    """Return what the caller of a failed request is answered."""
    if isinstance(error, ProtocolError):
        return error
    problems = error.problems if isinstance(error, workspace.SettingsError) else [error]
    codes = [_codes(problem) for problem in problems]
    details = [Detail(detail, str(problem)) for (_, detail), problem in zip(codes, problems, strict=True)]
    return ProtocolError(codes[0][0], *details)


def _codes(error: RequestError) -> tuple[str, str]:
    if isinstance(error, StorageError):
        return _STORAGE_CODES[error.fault]
    return _REQUEST_CODES[type(error)]
