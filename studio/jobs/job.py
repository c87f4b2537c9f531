"""The records of a job: its state, its outputs, and what its owner sees of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from studio.jobs.accepted_job import AcceptedJob
from studio.training.training_progress import Progress


class JobState(StrEnum):
    """The states of a job, in the words of the wire (protocol 1.6); `Cancelled` has two l's there."""

    NOT_STARTED = "NotStarted"
    RUNNING = "Running"
    FAILED = "Failed"
    CANCELLED = "Cancelled"
    FINISHED = "Finished"


@dataclass(frozen=True)
class Result:
    """Where an output of a finished job is, and the token for reading it that was made when the job ended."""

    base_location: str
    relative_location: str
    token: str
    in_default_storage: bool = False  # it lies in the studio's own storage account
    given_token: bool = False  # its token is the one that the job gave for it


@dataclass(frozen=True)
class Outcome:
    """What a job has made: its metrics (CSV with a header), and the checksum of the model's file."""

    evaluation: str
    model_sha256: str


@dataclass(frozen=True)
class Job:
    """A job as it is in the database."""

    id: str
    endpoint_id: str
    state: JobState
    queued: bool  # it was started: it runs, or will run as soon as a worker is free
    runs: int
    accepted: AcceptedJob | None  # holds credentials; None once the job has ended
    results: Mapping[str, Result]
    details: str | None
    log: str  # a line for each step: the time, and what happened
    submitted_at: str  # ISO 8601, UTC, as all three
    started_at: str | None  # when its last run began
    ended_at: str | None
    progress: Progress | None = None  # of its training, while that lasts
