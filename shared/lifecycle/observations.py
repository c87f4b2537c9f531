"""What can be seen of the world: the results of effects, their failures, and that a run's time has come."""

from dataclasses import dataclass

from shared.champions import EndpointRecord
from shared.evaluation import EvaluationReport
from shared.lifecycle.effects import Challenge, KeepModel, LeaseTaken, Release, WriteIntent
from shared.ports import Answers, BlobLocation, JobStatus


@dataclass(frozen=True)
class Claimed:
    """This worker has just claimed the version: its insert is the permission to prepare the job."""


@dataclass(frozen=True)
class Due:
    """The run's time has come: the row alone says what is next."""


@dataclass(frozen=True)
class Failed:
    """An effect raised. An error is never a verdict: what it means depends on where the run is."""

    error: Exception


@dataclass(frozen=True)
class Quarantined:
    """The bad file was copied, or is gone (`copied` False)."""

    reason: str
    copied: bool


@dataclass(frozen=True)
class InputPinned:
    """The claimed version lies where the job will read it."""

    path: str


@dataclass(frozen=True)
class InputPinning:
    """The copy is under way."""


@dataclass(frozen=True)
class InputGone:
    """The version was overwritten or deleted before it could be pinned."""


@dataclass(frozen=True)
class JobSubmitted:
    """The service took the job; it is not started."""

    job_id: str
    input_path: str


@dataclass(frozen=True)
class JobStarted:
    """The job was started, now or earlier."""


@dataclass(frozen=True)
class JobSeen:
    """How the job is."""

    status: JobStatus


@dataclass(frozen=True)
class JobUnknown:
    """The service does not know the job."""

    said: str


@dataclass(frozen=True)
class JobCancelled:
    """The job cannot finish any more, or the service does not know it."""


@dataclass(frozen=True)
class EndpointSeen:
    """The serving endpoint's row. `intent_ended`: the run of its open intent has its outcome, or does not exist."""

    record: EndpointRecord
    intent_ended: bool


@dataclass(frozen=True)
class EvaluationRead:
    """The outputs of the finished job. `model` may be used at once: its link is fresh and never stored."""

    record: EndpointRecord
    report: EvaluationReport
    evaluation: str  # container/path
    model: BlobLocation


@dataclass(frozen=True)
class BeforeAsked:
    """The golden rows are pinned, and what was answered before the challenger is in the challenge."""

    challenge: Challenge


@dataclass(frozen=True)
class StagingPatched:
    """The staging endpoint accepted the challenger."""

    taken: LeaseTaken


@dataclass(frozen=True)
class StagingAnswered:
    """What the staging endpoint answers (None: nothing yet); the rest is what its question was about."""

    answers: Answers | None
    serving: Answers | None = None
    taken: LeaseTaken | None = None


@dataclass(frozen=True)
class StagingLocated:
    """Which model the staging endpoint was given last: container/path; "" if it does not tell."""

    answers: Answers
    model: str


@dataclass(frozen=True)
class ModelKept:
    """The challenger has its kept copy, and the way back exists."""

    kept: KeepModel


@dataclass(frozen=True)
class IntentWritten:
    """What is about to be done stands in the endpoint's row."""

    intent: WriteIntent
    token: int


@dataclass(frozen=True)
class ServingPatched:
    """The serving endpoint accepted the challenger."""

    first: bool


@dataclass(frozen=True)
class ServingRefused:
    """The PATCH was answered with an error, or not answered at all."""

    error: Exception
    first: bool


@dataclass(frozen=True)
class ServingAnswered:
    """What the serving endpoint answers; None if it cannot score the rows at all, and `said` why."""

    answers: Answers | None
    said: str = ""


@dataclass(frozen=True)
class Crowned:
    """The endpoint's row names this run as the champion."""


@dataclass(frozen=True)
class TurnedBack:
    """The way back is open, to this model."""

    model: str


@dataclass(frozen=True)
class TurnedEarlier:
    """The previous model was put back and verified before; only the run's own record of it is missing."""


@dataclass(frozen=True)
class BackPatched:
    """The serving endpoint accepted the previous model."""


@dataclass(frozen=True)
class Released:
    """Nothing of the endpoint is this run's any more; `held` tells whether its lease still was until now."""

    release: Release
    held: bool


type Observation = (
    Claimed
    | Due
    | Failed
    | Quarantined
    | InputPinned
    | InputPinning
    | InputGone
    | JobSubmitted
    | JobStarted
    | JobSeen
    | JobUnknown
    | JobCancelled
    | EndpointSeen
    | EvaluationRead
    | BeforeAsked
    | LeaseTaken
    | StagingPatched
    | StagingAnswered
    | StagingLocated
    | ModelKept
    | IntentWritten
    | ServingPatched
    | ServingRefused
    | ServingAnswered
    | Crowned
    | TurnedBack
    | TurnedEarlier
    | BackPatched
    | Released
)
