"""The port of the Batch Execution Service."""

from enum import StrEnum
from typing import NamedTuple, Protocol

from shared.ports.blob_location import BlobLocation
from shared.routes.route import Training


class JobState(StrEnum):
    """The state of a job, translated from the service's StatusCode in the codec; UNKNOWN counts as still running."""

    NOT_STARTED = "not_started"
    RUNNING = "running"
    FAILED = "failed"
    CANCELLED = "cancelled"
    FINISHED = "finished"
    UNKNOWN = "unknown"


class JobStatus(NamedTuple):
    """A job's status as the service reports it; `outputs` is empty until the job has finished."""

    state: JobState
    details: str  # the error of a failed job, extracted and shortened; "" otherwise
    outputs: dict[str, BlobLocation]
    code: str  # the StatusCode as it was sent
    notes: tuple[str, ...] = ()  # notes of a finished job on its training, one per line, redacted and shortened


class JobSubject(NamedTuple):
    """What a job is for: the attempt of a run, and the version of a file that it trains on.

    Attributes:
        blob: name of the file in the input container.
    """

    route: str
    run_id: str
    attempt: int
    blob: str
    etag: str


class JobRequest(NamedTuple):
    """Where a job reads and writes: container/path each, in the app's own storage account.

    `valid_s` is how long from now it may do so, in seconds.
    """

    input_path: str
    model_path: str
    evaluation_path: str
    valid_s: int
    subject: JobSubject


class TrainingService[Settings: Training = Training](Protocol):
    """The service that trains the models of a route. Every call raises the service errors of `shared.errors`."""

    def submit(self, training: Settings, request: JobRequest) -> str:
        """Submit a job and return its id; it does not run yet. Sent once, never repeated."""

    def start(self, training: Settings, job_id: str, request: JobRequest) -> None:
        """Start a submitted job; idempotent. `request` is the one that it was submitted with."""

    def status(self, training: Settings, job_id: str) -> JobStatus:
        """Get a job's status; the outputs of a finished job have fresh SAS tokens.

        Raises:
            NotFoundError: the service does not know the job.
        """

    def cancel(self, training: Settings, job_id: str) -> None:
        """Cancel a job; a job that the service no longer knows counts as cancelled."""

    def read_output(self, location: BlobLocation, limit_bytes: int) -> str:
        """Read a small text output by its link."""
