"""The errors of each operation, for the help pages (protocol 1.9)."""

from studio.pages.html import Markup, table

type Rows = list[tuple[str, str, str, str]]  # status, code, detail codes, meaning

_EVERYWHERE: Rows = [
    ("401", "Unauthorized", "ScoreRequestUnauthorized", "The Authorization header has none of the endpoint's keys."),
    ("404", "NotFound", "WorkspaceNotFound, WebServiceNotFound", "The URL has an unknown workspace or endpoint."),
    ("500", "InternalError", "ResourceLoadFailed, UnknownError", "The service failed; its log has the reason."),
    ("503", "ServiceUnavailable", "RequestThrottled", "Too many requests at once: wait, then retry."),
]
_BODY = ("400", "BadArgument", "BadVersionCall, RequestBodyInvalid", "No api-version=2.0, or the body is not JSON.")
SCORING: Rows = [
    _BODY,
    ("400", "BadArgument", "MissingRequestInput, InvalidInputNames", "Inputs lacks input1, or has others."),
    ("400", "BadUserArgument", "InputMismatchError", "Columns are missing, unknown, or given twice; all are named."),
    ("400", "BadUserArgument", "InputParseError", "Cells are not what their columns hold; up to ten are named."),
    ("400", "BadUserArgument", "UnexpectedParameter", "GlobalParameters is not empty; this service has no parameters."),
    ("400", "BadArgument", "InvalidQueryParameter", "details is neither true nor false, or format is not swagger."),
    ("409", "Conflict", "ModelOutputMetadataMismatch", "A column has the name of one that the answer adds."),
    *_EVERYWHERE,
]
JOBS: Rows = [
    _BODY,
    ("400", "BadArgument", "BatchJobInputsNotSpecified, InvalidInputNames", "Inputs lacks input1, or has others."),
    ("400", "BadArgument", "DuplicateInputInBatchCall", "Both Input and Inputs are given."),
    ("400", "BadArgument", "InvalidBlobExtension", "An input or output lacks the extension of its kind."),
    (
        "400",
        "BadArgument",
        "InvalidBlob, InvalidBlobConnectionString",
        "A blob reference is invalid, or its host refused.",
    ),
    ("400", "BadArgument", "InputBlobRelativeLocationInvalid", "A blob reference has no valid RelativeLocation."),
    ("400", "BadArgument", "MissingInputBlobInformation", "A blob reference names no account."),
    ("400", "BadArgument", "InvalidOutputOverrideName", "Outputs names an unknown output."),
    ("400", "BadArgument", "MissingOutputOverrideSpecification", "Outputs gives an output no location."),
    ("400", "BadArgument", "MissingRequiredOutputOverrides", "Every output needs a location at this studio."),
    (
        "400",
        "BadArgument",
        "UnexpectedParameter, MissingRequiredGlobalParameters",
        "Parameters are unknown or missing.",
    ),
    ("400", "BadArgument", "BadParameterValue", "A parameter has an invalid value; it is named."),
    ("400", "InvalidOperation", "MultipleInputsNotAllowed", "Inputs has more than one input."),
    ("400", "InvalidOperation", "CannotStartJob", "The job was already started, or has ended."),
    ("404", "NotFound", "JobNotFound", "The endpoint has no such job, or it was not started in time."),
    *_EVERYWHERE,
]
UPDATE: Rows = [
    ("400", "BadArgument", "RequestBodyInvalid", "The body is not JSON, or has no Resources."),
    ("400", "BadArgument", "BadParameterValue", "The resource's Name differs from the updatable resource's."),
    ("400", "BadArgument", "InvalidBlobExtension", "The model's location does not end in .ilearner."),
    (
        "400",
        "BadArgument",
        "InvalidBlob, BlobNotFound",
        "The blob cannot be read (perhaps its SAS expired), or is no model.",
    ),
    ("400", "InvalidOperation", "IncompatibleModel", "The model has other columns, or predicts another column."),
    ("400", "InvalidOperation", "UnsupportedOperation", "This endpoint's model cannot be updated."),
    (
        "401",
        "Unauthorized",
        "ManagementRequestUnauthorized",
        "The header has no key of the endpoint and no workspace token.",
    ),
    ("404", "NotFound", "WebServiceNotFound", "The URL has an unknown service or endpoint."),
    ("500", "InternalError", "ResourceDownload", "The storage did not answer; retry."),
]
ERROR_SHAPE = '{"error": {"code": "…", "message": "…", "details": [{"code": "…", "message": "…"}]}}'


def error_table(rows: Rows) -> Markup:
    """Return the table of an operation's errors."""
    return table(["status", "code", "detail code", "meaning"], [list(row) for row in rows])
