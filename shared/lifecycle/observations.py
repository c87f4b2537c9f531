"""What can be observed: the result of an effect, its failure, or that a run's time has come.

A result holds only what was learned. What was asked for stands in the effect, which the transition is given beside it.
"""

from datetime import datetime
from typing import NamedTuple

from shared.gates.evaluation_report import EvaluationReport
from shared.ports import Answers, JobStatus
from shared.records.decision import Interval
from shared.records.endpoint_record import EndpointRecord
from shared.records.golden_answers import GoldenAnswers
from shared.records.models import HoldoutMeasurement, HoldoutProgress, Metrics


class Claimed(NamedTuple):
    """This worker has just claimed the version: its insert is the permission to prepare the job. No effect."""


class TimerFired(NamedTuple):
    """The run's time has come: the row alone says what is next. No effect."""


class EffectFailed(NamedTuple):
    """The effect raised. An error is never a verdict: what it means depends on where the run is."""

    error: Exception


class Quarantined(NamedTuple):
    """The bad file was copied; `copied` is False if it was gone."""

    copied: bool


class InputPinned(NamedTuple):
    """The claimed version lies where the job will read it."""


class InputCopyPending(NamedTuple):
    """The storage is still copying the file."""


class InputArchived(NamedTuple):
    """The version is in the archive tier: nobody can copy it before it is rehydrated. `reason` tells what to do."""

    reason: str


class InputMissing(NamedTuple):
    """The version was overwritten or deleted before it could be pinned."""


class JobSubmitted(NamedTuple):
    """The service took the job; it is not started."""

    job_id: str


class JobStarted(NamedTuple):
    """The job was started, now or earlier."""


class JobStatusRead(NamedTuple):
    """The state of the job."""

    status: JobStatus


class JobNotFound(NamedTuple):
    """The service does not know the job; `reason` is its answer."""

    reason: str


class JobCancelled(NamedTuple):
    """The job cannot finish any more, or the service does not know it."""


class EndpointRead(NamedTuple):
    """The serving endpoint's row. `intent_ended`: the run of its open intent has its outcome, or does not exist."""

    record: EndpointRecord
    intent_ended: bool


class EvaluationRead(NamedTuple):
    """The evaluation of the finished job.

    Attributes:
        evaluation: container/path of the evaluation.
        model_md5: of the model; looked up only where a model was rolled back before, else "".
    """

    report: EvaluationReport
    evaluation: str
    model_md5: str = ""


class BaselineCaptured(NamedTuple):
    """The golden rows are pinned, and the answers from before the challenger are known."""

    answers: GoldenAnswers


class LeaseTaken(NamedTuple):
    """The endpoint is this run's until the lease ends.

    Attributes:
        token: of the lease.
        staging_in_flight_until: until when the PATCH of the staging endpoint may arrive, as the endpoint's row says.
    """

    token: int
    staging_in_flight_until: datetime | None


class LeaseLost(NamedTuple):
    """Another run had the endpoint in between."""


class StagingPatched(NamedTuple):
    """The staging endpoint accepted the challenger."""


class StagingRefused(NamedTuple):
    """The PATCH of the staging endpoint was answered with an error, or not answered at all, or never sent."""

    error: Exception


class StagingScored(NamedTuple):
    """The staging endpoint's answers to the golden rows; None: it gives none yet."""

    answers: Answers | None


class StagingModelRead(NamedTuple):
    """The model that the staging endpoint was given last: container/path; "" if the service does not tell."""

    model: str


class HoldoutScored(NamedTuple):
    """Some rows were scored, and more are left; `error` kept the next ones from being scored."""

    progress: HoldoutProgress
    done: int
    total: int
    error: Exception | None


class ChampionMeasurement(NamedTuple):
    """What the champion was measured to be on the holdout; `scored` tells where, for people."""

    metrics: Metrics
    scored: str


class HoldoutMeasured(NamedTuple):
    """Both models have answered every row.

    Attributes:
        champion: None if there is none to measure.
        intervals: of the gains, by metric, if the policy asks for them.
    """

    challenger: HoldoutMeasurement
    champion: ChampionMeasurement | None
    intervals: dict[str, Interval]
    rows: int


class HoldoutInvalidated(NamedTuple):
    """The scored rows cannot be used: a model changed meanwhile, or the answers are gone."""

    error: Exception


class ModelArchived(NamedTuple):
    """The challenger has its archived copy, and the model to roll back to exists."""


class IntentWritten(NamedTuple):
    """The endpoint's row says what is about to be done to it, under the lease `token`."""

    token: int


class ServingPatched(NamedTuple):
    """The serving endpoint accepted the challenger."""


class ServingRefused(NamedTuple):
    """The PATCH was answered with an error, or not answered at all, or never sent."""

    error: Exception


class ServingScored(NamedTuple):
    """The serving endpoint's answers to the golden rows; None if it cannot score them at all, and `reason` why."""

    answers: Answers | None
    reason: str = ""


class ChampionRecorded(NamedTuple):
    """The endpoint's row names this run as the champion."""


class RollbackMarked(NamedTuple):
    """The intent is marked as turned round; `rollback_target` is the model to put back: container/path."""

    rollback_target: str


class AlreadyRolledBack(NamedTuple):
    """The previous model was put back and verified before; only the run's own record of it is missing."""


class PreviousRestored(NamedTuple):
    """The serving endpoint accepted the previous model."""


class RestoreRefused(NamedTuple):
    """The PATCH with the previous model was answered with an error, or not answered at all, or never sent."""

    error: Exception


class EndpointReleased(NamedTuple):
    """The run holds neither the lease nor the intent. `held`: whether it still held the lease until now."""

    held: bool


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
    | LeaseLost
    | StagingPatched
    | StagingRefused
    | StagingScored
    | StagingModelRead
    | HoldoutScored
    | HoldoutMeasured
    | HoldoutInvalidated
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
)
