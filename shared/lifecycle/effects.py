"""The effects of a run: one thing each to do outside. Every effect is idempotent: after a crash the row repeats it.

An effect carries the input of its performer, and the values that the transition needs beside the result. Effects and
observations are named tuples: fifty frozen dataclasses would cost every cold start 20 ms more.
"""

from typing import NamedTuple

from shared.lifecycle.observations import LeaseTaken
from shared.ports.training_service import JobRequest
from shared.records.endpoint_record import Champion, EndpointRecord, Served
from shared.records.golden_answers import Answers, GoldenAnswers
from shared.records.models import ChampionSummary, HoldoutProgress
from shared.records.run import Run, RunFields
from shared.records.run_states import RunState


class QuarantineInput(NamedTuple):
    """Copy the bad file to the quarantine container; the original stays."""

    reason: str


class PinInput(NamedTuple):
    """Copy the claimed version server-side to the path that the job reads: container/path."""

    target: str


class ReadInput(NamedTuple):
    """Read and check the pinned original: write its clean rows as a part, or copy it to the quarantine container."""


class AssembleInput(NamedTuple):
    """Make the training set of the run, or of the batch that it carries, at the path that the job reads."""


class SubmitJob(NamedTuple):
    """Submit the job of this attempt. It neither runs nor costs anything before it is started."""

    request: JobRequest


class StartJob(NamedTuple):
    """Start the job whose id is saved; a job that was started before counts as started."""

    job_id: str


class GetJobStatus(NamedTuple):
    """Read the job's status at the service."""

    job_id: str


class CancelJob(NamedTuple):
    """Cancel the job; one that the service does not know counts as cancelled."""

    job_id: str


class ReadEvaluation(NamedTuple):
    """Get fresh links to the job's outputs and read the evaluation."""

    job_id: str
    record: EndpointRecord


class ReadEndpoint(NamedTuple):
    """Read the serving endpoint's row, and whether the run of an open intent has ended."""


class PendingPromotion(NamedTuple):
    """A challenger that passed its gates, before the run is written as staged or decided.

    Attributes:
        changes: challenger, champion and decision, as the run will keep them.
        answers: the golden rows' answers from before the challenger; None until they are captured.
        renewed: whether an earlier, unconfirmed update of this run may still arrive.
    """

    changes: RunFields
    answers: GoldenAnswers | None = None
    renewed: bool = False


class CaptureBaseline(NamedTuple):
    """Pin the golden rows, and score them on the serving and the staging endpoint."""

    pending: PendingPromotion


class TakeLease(NamedTuple):
    """Take the endpoint's lease by a conditional write of the row that was read."""

    pending: PendingPromotion


class PatchStaging(NamedTuple):
    """Give the challenger to the staging endpoint."""

    pending: PendingPromotion
    lease: LeaseTaken


class ScorePatchedStaging(NamedTuple):
    """Score the golden rows on staging just after its PATCH. If that fails, the next tick scores them."""

    pending: PendingPromotion
    lease: LeaseTaken


class ScoreStaging(NamedTuple):
    """Score the golden rows on staging; `serving`: the serving endpoint's answers to compare with, if any."""

    serving: Answers | None = None


class GetStagingModel(NamedTuple):
    """Read which model the staging endpoint was given last, because its `answers` do not tell."""

    answers: Answers


class ScoreHoldout(NamedTuple):
    """Score the holdout with both models, as many rows as the time allows; measure them after the last row.

    Attributes:
        progress: the scored rows, as the run's row keeps them; None at first.
    """

    progress: HoldoutProgress | None


class ArchiveModel(NamedTuple):
    """Copy the challenger to the archived models, and make sure that the model to roll back to exists.

    Attributes:
        model: where the challenger is: container/path.
        archived_model: where its copy goes.
        rollback_target: the model that is restored if the promotion fails.
    """

    model: str
    archived_model: str
    rollback_target: str


class WriteIntent(NamedTuple):
    """Write the intent into the endpoint's row, and renew the lease."""

    from_model: str
    to_model: str


class PatchServing(NamedTuple):
    """Give the archived challenger to the serving endpoint.

    `first` is True only directly after the write that permits it, while no earlier PATCH can be on its way.
    """

    model: str
    first: bool


class ScoreServing(NamedTuple):
    """Score the golden rows on the serving endpoint."""


class RecordChampion(NamedTuple):
    """Write the new champion, close the intent, release the lease: one write, refused after `MarkRollback`.

    Attributes:
        champion: None where an operator restored the initial model.
        replaced: the champion that an operator rolled back from; it is blocked from then on.
    """

    champion: Champion | None
    served: Served
    replaced: ChampionSummary | None = None


class MarkRollback(NamedTuple):
    """Mark the rollback in the intent: it can no longer be verified, and its generation is blocked."""


class RestorePrevious(NamedTuple):
    """Give the previous model back to the serving endpoint.

    `first` is True while no earlier, unconfirmed update of this run can arrive.
    """

    model: str
    first: bool


class ReleaseEndpoint(NamedTuple):
    """Release the run's lease and intent; then the run gets its outcome.

    Attributes:
        outcome, reason: of the run.
        changes: further fields of the run to write.
        served: the verified answers of the restored model.
    """

    outcome: RunState
    reason: str
    changes: RunFields | None = None
    served: Served | None = None


type JobEffect = QuarantineInput | PinInput | SubmitJob | StartJob | GetJobStatus | CancelJob | ReadEvaluation
type IntakeEffect = ReadInput | AssembleInput
type EndpointRecordEffect = ReadEndpoint | TakeLease | WriteIntent | RecordChampion | MarkRollback | ReleaseEndpoint
type EndpointEffect = (
    CaptureBaseline
    | PatchStaging
    | ScorePatchedStaging
    | ScoreStaging
    | GetStagingModel
    | ArchiveModel
    | PatchServing
    | ScoreServing
    | RestorePrevious
)
type Effect = JobEffect | IntakeEffect | EndpointRecordEffect | EndpointEffect | ScoreHoldout

type Next = tuple[Run, Effect | None]  # the record to write if it is a new object, then the effect to perform
