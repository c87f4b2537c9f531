"""The errors that each operation answers, as the help pages tell them (protocol 1.9)."""

from studio.pages.html import Markup, table

type Rows = list[tuple[str, str, str, str]]  # status, code, detail codes, what it means

_EVERYWHERE: Rows = [
    ("401", "Unauthorized", "ScoreRequestUnauthorized", "The Authorization header has none of the endpoint's keys."),
    ("404", "NotFound", "WorkspaceNotFound, WebServiceNotFound", "The URL names a workspace or endpoint that is not."),
    ("500", "InternalError", "ResourceLoadFailed, UnknownError", "The service failed; its log says why."),
    ("503", "ServiceUnavailable", "RequestThrottled", "Too many requests at once: wait, then send it again."),
]
_BODY = ("400", "BadArgument", "BadVersionCall, RequestBodyInvalid", "No api-version=2.0, or the body is not JSON.")
SCORING: Rows = [
    _BODY,
    ("400", "BadArgument", "MissingRequestInput, InvalidInputNames", "Inputs has no input1, or another one."),
    ("400", "BadUserArgument", "InputMismatchError", "A column is missing, unknown, or given twice; they are named."),
    ("400", "BadUserArgument", "InputParseError", "A cell is not what its column holds; up to ten are named."),
    ("400", "BadUserArgument", "UnexpectedParameter", "GlobalParameters is not empty; this service has none."),
    ("400", "BadArgument", "InvalidQueryParameter", "details is neither true nor false, or format is not swagger."),
    ("409", "Conflict", "ModelOutputMetadataMismatch", "A column of yours has the name of one that the answer adds."),
    *_EVERYWHERE,
]
JOBS: Rows = [
    _BODY,
    ("400", "BadArgument", "BatchJobInputsNotSpecified, InvalidInputNames", "Inputs has no input1, or another one."),
    ("400", "BadArgument", "DuplicateInputInBatchCall", "Both Input and Inputs are given."),
    ("400", "BadArgument", "InvalidBlobExtension", "An input or output has not the extension that its kind needs."),
    ("400", "BadArgument", "InvalidBlob, InvalidBlobConnectionString", "A blob reference, or its host, is refused."),
    ("400", "BadArgument", "InputBlobRelativeLocationInvalid", "A blob reference has no sound RelativeLocation."),
    ("400", "BadArgument", "MissingInputBlobInformation", "A blob reference names no account."),
    ("400", "BadArgument", "InvalidOutputOverrideName", "Outputs names an unknown output."),
    ("400", "BadArgument", "MissingOutputOverrideSpecification", "Outputs gives an output no location."),
    ("400", "BadArgument", "MissingRequiredOutputOverrides", "Every output needs a location at this studio."),
    ("400", "BadArgument", "UnexpectedParameter, MissingRequiredGlobalParameters", "Parameters do not fit; named."),
    ("400", "BadArgument", "BadParameterValue", "A parameter has a value that it cannot have; it is named."),
    ("400", "InvalidOperation", "MultipleInputsNotAllowed", "Inputs has more than one input."),
    ("400", "InvalidOperation", "CannotStartJob", "The job was started before, or has ended."),
    ("404", "NotFound", "JobNotFound", "The endpoint has no such job, or nobody started it in time."),
    *_EVERYWHERE,
]
UPDATE: Rows = [
    ("400", "BadArgument", "RequestBodyInvalid", "The body is not JSON, or has no Resources."),
    ("400", "BadArgument", "BadParameterValue", "The resource's Name is not exactly that of the updatable resource."),
    ("400", "BadArgument", "InvalidBlobExtension", "The model's location does not end in .ilearner."),
    (
        "400",
        "BadArgument",
        "InvalidBlob, BlobNotFound",
        "The blob cannot be read (an expired SAS?) or is no model.",
    ),
    ("400", "InvalidOperation", "IncompatibleModel", "The model has other columns, or predicts another one."),
    ("400", "InvalidOperation", "UnsupportedOperation", "This endpoint's model cannot be updated."),
    (
        "401",
        "Unauthorized",
        "ManagementRequestUnauthorized",
        "Neither a key of the endpoint nor the workspace token.",
    ),
    ("404", "NotFound", "WebServiceNotFound", "The URL names a service or endpoint that is not."),
    ("500", "InternalError", "ResourceDownload", "The storage did not answer; try again."),
]
ERROR_SHAPE = '{"error": {"code": "…", "message": "…", "details": [{"code": "…", "message": "…"}]}}'


def error_table(rows: Rows) -> Markup:
    """Return the table of an operation's errors."""
    return table(["status", "code", "detail code", "what it means"], [list(row) for row in rows])
