"""The observations of a run: the result of an effect, its failure, or a trigger.

A result holds only what was learned. The request stands in the effect, which is the transition's input beside it.
"""

from datetime import datetime
from typing import NamedTuple

from shared.gates.evaluation_report import EvaluationReport
from shared.lifecycle.input_observations import (
    InputAccepted,
    InputArchived,
    InputCopyPending,
    InputMissing,
    InputPinned,
    InputRefused,
    MemberForgotten,
    MemberRewritten,
    NothingToTrain,
    OriginalMissing,
    Quarantined,
    SetAssembled,
)
from shared.ports.training_service import JobStatus
from shared.records.decision import Interval
from shared.records.endpoint_record import EndpointRecord
from shared.records.golden_answers import Answers, GoldenAnswers
from shared.records.models import HoldoutMeasurement, HoldoutProgress, Metrics


class Claimed(NamedTuple):
    """Trigger: this worker has just claimed the version. Its insert permits it to prepare the job."""


class TimerFired(NamedTuple):
    """Trigger: the run is due. The row alone names the next step."""


class IntakeAnnounced(NamedTuple):
    """Trigger: a message of the queue `intake` names the run. Only this trigger reads files and assembles sets."""


class EffectFailed(NamedTuple):
    """The effect raised an error. An error is never a verdict: its meaning depends on the run's state."""

    error: Exception


class JobSubmitted(NamedTuple):
    """The service accepted the job; it is not started."""

    job_id: str


class JobStarted(NamedTuple):
    """The job was started, now or earlier."""


class JobStatusRead(NamedTuple):
    """The status of the job."""

    status: JobStatus


class JobNotFound(NamedTuple):
    """The service does not know the job; `reason` is its answer."""

    reason: str


class JobCancelled(NamedTuple):
    """The job can no longer finish, or the service does not know it."""


class EndpointRead(NamedTuple):
    """The serving endpoint's row. `intent_ended`: the run of its open intent has its outcome, or does not exist."""

    record: EndpointRecord
    intent_ended: bool


class EvaluationRead(NamedTuple):
    """The evaluation of the finished job.

    Attributes:
        evaluation: container/path of the evaluation.
        model_md5: of the model; read only if the endpoint has blocked models, else "".
    """

    report: EvaluationReport
    evaluation: str
    model_md5: str = ""


class BaselineCaptured(NamedTuple):
    """The golden rows are pinned, and their answers from before the update are known."""

    answers: GoldenAnswers


class LeaseTaken(NamedTuple):
    """The endpoint is this run's until the lease ends.

    Attributes:
        token: of the lease.
        staging_in_flight_until: the end of the time in which the update of staging may arrive, as in the row.
    """

    token: int
    staging_in_flight_until: datetime | None


class LeaseLost(NamedTuple):
    """Another run had the endpoint in between."""


class StagingPatched(NamedTuple):
    """The staging endpoint accepted the challenger."""


class StagingRefused(NamedTuple):
    """The PATCH of the staging endpoint was answered with an error, not answered, or not sent."""

    error: Exception


class StagingScored(NamedTuple):
    """The staging endpoint's answers to the golden rows; None if it does not answer yet."""

    answers: Answers | None


class StagingModelRead(NamedTuple):
    """The model that the staging endpoint was given last: container/path; "" if the service does not tell."""

    model: str


class HoldoutScored(NamedTuple):
    """Some rows were scored, and more are left; `error` stopped the scoring, if it is not None."""

    progress: HoldoutProgress
    done: int
    total: int
    error: Exception | None


class ChampionMeasurement(NamedTuple):
    """The champion's metrics on the holdout; `scored` says in words where it was scored."""

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
    """The scored rows are invalid: a model changed meanwhile, or the answers are missing."""

    error: Exception


class ModelArchived(NamedTuple):
    """The challenger has its archived copy, and the model to roll back to exists."""


class IntentWritten(NamedTuple):
    """The endpoint's row has the intent, under the lease `token`."""

    token: int


class ServingPatched(NamedTuple):
    """The serving endpoint accepted the challenger."""


class ServingRefused(NamedTuple):
    """The PATCH was answered with an error, not answered, or not sent."""

    error: Exception


class ServingScored(NamedTuple):
    """The serving endpoint's answers to the golden rows; None if it refuses the rows, with the `reason`.

    `by_other`: another model than the expected one answered, so that there are no answers to judge.
    """

    answers: Answers | None
    reason: str = ""
    by_other: bool = False


class ChampionRecorded(NamedTuple):
    """The endpoint's row names this run as the champion."""


class RollbackMarked(NamedTuple):
    """The intent has the mark of the rollback; `rollback_target` is the model to restore: container/path."""

    rollback_target: str


class AlreadyRolledBack(NamedTuple):
    """The previous model was restored and verified before; only the run's own record of it is missing."""


class PreviousRestored(NamedTuple):
    """The serving endpoint accepted the previous model."""


class RestoreRefused(NamedTuple):
    """The PATCH with the previous model was answered with an error, not answered, or not sent."""

    error: Exception


class EndpointReleased(NamedTuple):
    """The run no longer holds the lease or the intent. `held`: whether it still held the lease when it released it."""

    held: bool


type Observation = (
    Claimed
    | TimerFired
    | IntakeAnnounced
    | EffectFailed
    | Quarantined
    | InputPinned
    | InputCopyPending
    | InputArchived
    | InputMissing
    | InputAccepted
    | InputRefused
    | OriginalMissing
    | SetAssembled
    | MemberForgotten
    | MemberRewritten
    | NothingToTrain
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
