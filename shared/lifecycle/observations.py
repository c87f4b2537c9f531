"""What can be seen of the world: the results of effects, their failures, and that a run's time has come."""

from typing import NamedTuple

from shared.gates.evaluation_report import EvaluationReport
from shared.gates.policy import Interval
from shared.lifecycle.effects import ArchiveModel, LeaseTaken, PendingPromotion, ReleaseEndpoint, WriteIntent
from shared.ports import Answers, BlobLocation, JobStatus
from shared.records.endpoint_record import EndpointRecord
from shared.records.run import Json


class Claimed(NamedTuple):
    """This worker has just claimed the version: its insert is the permission to prepare the job."""


class TimerFired(NamedTuple):
    """The run's time has come: the row alone says what is next."""


class EffectFailed(NamedTuple):
    """An effect raised. An error is never a verdict: what it means depends on where the run is."""

    error: Exception


class Quarantined(NamedTuple):
    """The bad file was copied, or is gone (`copied` False)."""

    reason: str
    copied: bool


class InputPinned(NamedTuple):
    """The claimed version lies where the job will read it."""

    path: str


class InputCopyPending(NamedTuple):
    """The copy is under way."""


class InputArchived(NamedTuple):
    """The version is in the archive tier: nobody can copy it before it is rehydrated. `said` tells what to do."""

    said: str


class InputMissing(NamedTuple):
    """The version was overwritten or deleted before it could be pinned."""


class JobSubmitted(NamedTuple):
    """The service took the job; it is not started."""

    job_id: str
    input_path: str


class JobStarted(NamedTuple):
    """The job was started, now or earlier."""


class JobStatusRead(NamedTuple):
    """How the job is."""

    status: JobStatus


class JobNotFound(NamedTuple):
    """The service does not know the job."""

    said: str


class JobCancelled(NamedTuple):
    """The job cannot finish any more, or the service does not know it."""


class EndpointRead(NamedTuple):
    """The serving endpoint's row. `intent_ended`: the run of its open intent has its outcome, or does not exist."""

    record: EndpointRecord
    intent_ended: bool


class EvaluationRead(NamedTuple):
    """The outputs of the finished job. `model` may be used at once: its link is fresh and never stored."""

    record: EndpointRecord
    report: EvaluationReport
    evaluation: str  # container/path
    model: BlobLocation
    model_md5: str = ""  # looked up only where a model was rolled back before


class BaselineCaptured(NamedTuple):
    """The golden rows are pinned, and what was answered before the challenger is in the challenge."""

    pending: PendingPromotion


class StagingPatched(NamedTuple):
    """The staging endpoint accepted the challenger."""

    taken: LeaseTaken


class StagingRefused(NamedTuple):
    """The PATCH of the staging endpoint was answered with an error, or not answered at all, or never sent."""

    taken: LeaseTaken
    error: Exception


class StagingScored(NamedTuple):
    """What the staging endpoint answers (None: nothing yet); the rest is what its question was about."""

    answers: Answers | None
    serving: Answers | None = None
    taken: LeaseTaken | None = None


class StagingModelRead(NamedTuple):
    """Which model the staging endpoint was given last: container/path; "" if it does not tell."""

    answers: Answers
    model: str


class HoldoutScored(NamedTuple):
    """Some rows were scored, and there are more; `error` is what kept the next ones from being scored."""

    scoring: Json
    done: int
    total: int
    error: Exception | None


class HoldoutMeasured(NamedTuple):
    """Both models have answered every row.

    Attributes:
        challenger: {identity, etag, metrics, parts}: of which holdout, and where the answers lie.
        champion: {metrics, scored}; None if there is none to measure.
        intervals: of the gains, by metric, if the policy asks for them.
    """

    challenger: Json
    champion: Json | None
    intervals: dict[str, Interval]
    rows: int


class HoldoutInvalidated(NamedTuple):
    """What was scored cannot be used: a model changed meanwhile, or the answers are gone."""

    error: Exception


class LeaseLost(NamedTuple):
    """Another run had the endpoint in between."""


class ModelArchived(NamedTuple):
    """The challenger has its kept copy, and the way back exists."""

    kept: ArchiveModel


class IntentWritten(NamedTuple):
    """What is about to be done stands in the endpoint's row."""

    intent: WriteIntent
    token: int


class ServingPatched(NamedTuple):
    """The serving endpoint accepted the challenger."""

    first: bool


class ServingRefused(NamedTuple):
    """The PATCH was answered with an error, or not answered at all, or never sent."""

    error: Exception
    first: bool


class ServingScored(NamedTuple):
    """What the serving endpoint answers; None if it cannot score the rows at all, and `said` why."""

    answers: Answers | None
    said: str = ""


class ChampionRecorded(NamedTuple):
    """The endpoint's row names this run as the champion."""


class RollbackMarked(NamedTuple):
    """The way back is open, to this model."""

    model: str


class AlreadyRolledBack(NamedTuple):
    """The previous model was put back and verified before; only the run's own record of it is missing."""


class PreviousRestored(NamedTuple):
    """The serving endpoint accepted the previous model."""

    first: bool


class RestoreRefused(NamedTuple):
    """The PATCH with the previous model was answered with an error, or not answered at all, or never sent."""

    error: Exception
    first: bool


class EndpointReleased(NamedTuple):
    """Nothing of the endpoint is this run's any more; `held` tells whether its lease still was until now."""

    release: ReleaseEndpoint
    held: bool


class ReleaseFailed(NamedTuple):
    """The endpoint could not be given back: its row could not be read or written."""

    release: ReleaseEndpoint
    error: Exception


type Observation = (
    Claimed
    | TimerFired
    | EffectFailed
    | Quarantined
    | InputPinned
    | InputCopyPending
    | InputArchived
    | InputMissing
    | JobSubmitted
    | JobStarted
    | JobStatusRead
    | JobNotFound
    | JobCancelled
    | EndpointRead
    | EvaluationRead
    | BaselineCaptured
    | LeaseTaken
    | StagingPatched
    | StagingRefused
    | StagingScored
    | StagingModelRead
    | HoldoutScored
    | HoldoutMeasured
    | HoldoutInvalidated
    | LeaseLost
    | ModelArchived
    | IntentWritten
    | ServingPatched
    | ServingRefused
    | ServingScored
    | ChampionRecorded
    | RollbackMarked
    | AlreadyRolledBack
    | PreviousRestored
    | RestoreRefused
    | EndpointReleased
    | ReleaseFailed
)
