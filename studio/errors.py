"""The errors of the studio: those of the wire with their documented codes, and those of its inputs.

StudioError (any failure with a sentence for people)
├── ServiceError            what an HTTP caller is answered: status, code, detail code (protocol 1.9)
├── ProblemsError           an input file with problems, all of them at once
│   ├── ExperimentError     the experiment's TOML
│   └── TableError          a CSV that cannot be trained on
├── ParameterError          a job's parameter has a value that it cannot have
├── RowFilterError          a row filter that cannot be read, or fits not the CSV
├── CellError               a cell of a row to score is not what its column holds (studio.scoring)
├── ModelFileError          a model file that is not one, is damaged or hostile
├── StorageError            a blob that cannot be read or written
├── StoppedError            nobody wants what was being done (studio.stopping)
└── SetupError              this installation cannot do what was asked
"""

from collections.abc import Sequence

from studio.json_values import Json
from studio.redaction import without_secrets

CODES: dict[str, tuple[int, str]] = {
    "BadArgument": (400, "Invalid argument provided."),
    "BadUserArgument": (400, "Invalid user argument provided."),
    "InvalidOperation": (400, "The request is invalid in the current context."),
    "Unauthorized": (401, "Request is unauthorized to access resource."),
    "NotFound": (404, "Resource not found."),
    "MethodNotAllowed": (405, "The resource does not support this method."),
    "RequestTimeout": (408, "The operation could not be completed within the permitted time."),
    "Conflict": (409, "Resource already exists."),
    "MemoryQuotaViolation": (413, "The model had exceeded the memory quota assigned to it."),
    "InternalError": (500, "Execution encountered an internal error."),
    "ServiceUnavailable": (503, "Service is temporarily unavailable."),
}


class StudioError(Exception):
    """Any failure the studio knows; its text is a sentence for people."""


class ServiceError(StudioError):
    """What an HTTP caller is answered, in the documented shape (protocol 1.9)."""

    def __init__(self, code: str, detail_code: str, detail: str, *more: tuple[str, str]) -> None:
        """Take the code, and for each problem its detail code and sentence; `more` are those after the first."""
        # They repeat what callers sent: a link with its signature, say, in the place of a name.
        self.details = [(code, without_secrets(text)) for code, text in ((detail_code, detail), *more)]
        super().__init__(" ".join(text for _, text in self.details))
        self.code = code
        self.status, self.message = CODES[code]

    def body(self) -> Json:
        """Return the JSON body of the answer."""
        details = [{"code": detail_code, "message": text} for detail_code, text in self.details]
        return {"error": {"code": self.code, "message": self.message, "details": details}}


class ProblemsError(StudioError):
    """An input file with problems; `problems` has one sentence for each."""

    def __init__(self, what: str, problems: Sequence[str]) -> None:
        super().__init__(f"{what}: " + "; ".join(problems))
        self.what = what
        self.problems = list(problems)

    def __reduce__(self) -> tuple[type, tuple[str, list[str]]]:
        # It crosses from the worker process; the default would call the class with the joined text alone.
        return type(self), (self.what, self.problems)


class ExperimentError(ProblemsError):
    """The experiment's TOML cannot be used."""


class TableError(ProblemsError):
    """The CSV cannot be trained on."""


class ParameterError(StudioError):
    """A job's parameter has a value that it cannot have."""


class RowFilterError(StudioError):
    """The row filter cannot be read; the text says at which character."""


class ModelFileError(StudioError):
    """The file is not a model of this format, or is damaged or hostile."""


class StorageError(StudioError):
    """A blob cannot be read or written; `detail_code` says why in the protocol's words."""

    def __init__(self, detail_code: str, text: str, *, transient: bool = False) -> None:
        super().__init__(without_secrets(text))
        self.detail_code = detail_code
        self.transient = transient

    def for_caller(self) -> ServiceError:
        """Return the HTTP error that tells the caller about it: 500 if trying again may help, else 400."""
        if self.transient:
            return ServiceError("InternalError", "ResourceDownload", str(self))
        return ServiceError("BadArgument", self.detail_code, str(self))


class SetupError(StudioError):
    """This installation cannot do what was asked; the text says what to install or change."""


def bad_argument(detail_code: str, detail: str) -> ServiceError:
    """Return the 400 for an argument that is wrong in itself."""
    return ServiceError("BadArgument", detail_code, detail)


def invalid_operation(detail_code: str, detail: str) -> ServiceError:
    """Return the 400 for a request that does not fit the state of what it addresses."""
    return ServiceError("InvalidOperation", detail_code, detail)


def unsupported_method(method: str) -> ServiceError:
    """Return the 405 for a method that a path does not have."""
    return ServiceError("MethodNotAllowed", "UnsupportedMethod", f"{method} is not supported here.")


def unexpected_error() -> ServiceError:
    """Return the 500 for a fault of the studio's own."""
    return ServiceError("InternalError", "UnknownError", "Unknown error; the studio's log has it.")
