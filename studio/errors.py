"""The errors of the studio. None of them knows HTTP: `studio.api.protocol_errors` gives each its answer on the wire.

StudioError (any failure with a sentence for people)
├── RequestError            a caller's request cannot be carried out; each kind has its answer on the wire
│   ├── StorageError        a blob that cannot be read or written
│   └── …                   in studio.wire.errors, studio.scoring.request_columns, studio.workspace.errors
│                           and studio.jobs.errors
├── ProblemsError           an input file with problems, all of them at once
│   ├── ExperimentError     the experiment's TOML
│   └── TableError          a CSV that cannot be trained on
├── ParameterError          a job's parameter has a value that it cannot have
├── RowFilterError          a row filter that cannot be read, or does not fit the CSV
├── CellError               a cell of a row to score is not what its column holds (studio.scoring)
├── ModelFileError          a model file that is not one, is damaged or hostile
├── StoppedError            a job's work was ended: cancelled, deleted, or the studio stops (studio.storage.stopping)
├── WorkerDiedError         a training process ended before its training (studio.training.training_worker)
└── SetupError              this installation cannot do what was asked
"""

from collections.abc import Sequence
from enum import Enum, auto

from studio.redaction import without_secrets


class StudioError(Exception):
    """Any failure the studio knows; its text is a sentence for people."""


class RequestError(StudioError):
    """A caller's request cannot be carried out. The text is for the caller, without the secrets that it repeats."""

    def __init__(self, text: str) -> None:
        # A text repeats what callers sent: a link with its signature, say, in the place of a name.
        super().__init__(without_secrets(text))


class StorageFault(Enum):
    """Why a blob cannot be read or written."""

    INVALID = auto()  # the reference, or what the storage says of it
    NOT_FOUND = auto()
    INCOMPLETE = auto()  # the reference lacks the account or the token
    CONNECTION_STRING = auto()
    NO_CONTAINER = auto()
    CONTAINER_NAME = auto()
    NO_BLOB = auto()
    BLOB_NAME_TOO_LONG = auto()
    UNAVAILABLE = auto()  # the storage does not answer as it should; trying again may help


class StorageError(RequestError):
    """A blob cannot be read or written."""

    def __init__(self, fault: StorageFault, text: str) -> None:
        super().__init__(text)
        self.fault = fault


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


class SetupError(StudioError):
    """This installation cannot do what was asked; the text says what to install or change."""
