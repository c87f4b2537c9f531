"""What a run may want done next. Every effect can be repeated: after a crash the row asks for it again.

An effect carries what its performer needs, and what the transition needs again once the result is known. Effects and
observations are named tuples: fifty frozen dataclasses would cost every cold start 20 ms more.
"""

from typing import NamedTuple

from shared.lifecycle.observations import LeaseTaken
from shared.ports import Answers, JobRequest
from shared.records.endpoint_record import Champion, EndpointRecord, Served
from shared.records.golden_answers import GoldenAnswers
from shared.records.models import ChampionSummary, HoldoutProgress
from shared.records.run import Run, RunFields
from shared.records.run_states import RunState


class QuarantineInput(NamedTuple):
    """Copy the bad file to the quarantine container; the original stays."""

    reason: str


class PinInput(NamedTuple):
    """Copy the claimed version server-side to where the job will read it: container/path."""

    target: str


class SubmitJob(NamedTuple):
    """Submit the job of this attempt. It does not run before it is started, and costs nothing until then."""

    request: JobRequest


class StartJob(NamedTuple):
    """Start the job whose id is saved; started already counts as started now."""

    job_id: str


class GetJobStatus(NamedTuple):
    """Ask the service for the job's state."""

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
    """A challenger that passed its gates, on its way to the staging endpoint or to the decision: not yet written.

    Attributes:
        changes: challenger, champion and decision, as the run will keep them.
        answers: the golden rows' answers from before the challenger; None until they are captured.
        renewed: whether an earlier PATCH of this run, whose fate is unknown, may still be on its way.
    """

    changes: RunFields
    answers: GoldenAnswers | None = None
    renewed: bool = False


class CaptureBaseline(NamedTuple):
    """Pin the golden rows, and ask the model in service and the staging endpoint for their answers of now."""

    pending: PendingPromotion


class TakeLease(NamedTuple):
    """Take the endpoint's lease by a conditional write of the row that was read."""

    pending: PendingPromotion


class PatchStaging(NamedTuple):
    """Give the challenger to the staging endpoint."""

    pending: PendingPromotion
    lease: LeaseTaken


class ScorePatchedStaging(NamedTuple):
    """Ask the staging endpoint the golden rows just after its PATCH. If that fails, a tick asks again."""

    pending: PendingPromotion
    lease: LeaseTaken


class ScoreStaging(NamedTuple):
    """Ask the staging endpoint the golden rows; `serving` are the serving endpoint's, if the two are compared."""

    serving: Answers | None = None


class GetStagingModel(NamedTuple):
    """Ask which model the staging endpoint was given last, because its `answers` do not tell."""

    answers: Answers


class ScoreHoldout(NamedTuple):
    """Let both models answer the holdout's rows, as many as there is time for, and measure them once all are there.

    Attributes:
        progress: what the run's row keeps of what was scored so far; None at first.
    """

    progress: HoldoutProgress | None


class ArchiveModel(NamedTuple):
    """Copy the challenger to the archived models, and make sure that the model to roll back to exists.

    Attributes:
        model: where the challenger is: container/path.
        archived_model: where its copy goes.
        rollback_target: the model that is put back if the promotion fails.
    """

    model: str
    archived_model: str
    rollback_target: str


class WriteIntent(NamedTuple):
    """Write into the endpoint's row what is about to be done to it; renews the lease."""

    from_model: str
    to_model: str


class PatchServing(NamedTuple):
    """Give the archived challenger to the serving endpoint.

    `first` is True only directly after the write that permits it, while no earlier PATCH can be on its way.
    """

    model: str
    first: bool


class ScoreServing(NamedTuple):
    """Ask the serving endpoint the golden rows."""


class RecordChampion(NamedTuple):
    """Write the new champion, close the intent, give the lease back: one write, refused if the intent is turned round.

    Attributes:
        champion: None where an operator went back to the model from before the first promotion.
        replaced: the champion that an operator went away from: run, generation, model; it is blocked from then on.
    """

    champion: Champion | None
    served: Served
    replaced: ChampionSummary | None = None


class MarkRollback(NamedTuple):
    """Mark the intent as turned round: it cannot be verified any more, and its generation is blocked."""


class RestorePrevious(NamedTuple):
    """Give the previous model back to the serving endpoint.

    `first` is True while no earlier PATCH of this run, whose fate is unknown, can be on its way.
    """

    model: str
    first: bool


class ReleaseEndpoint(NamedTuple):
    """Give back whatever lease and intent are this run's; then the run gets the outcome.

    Attributes:
        outcome, reason: of the run.
        changes: further fields that the run is written with.
        served: what the endpoint was verified to answer after the previous model was put back.
    """

    outcome: RunState
    reason: str
    changes: RunFields | None = None
    served: Served | None = None


type JobEffect = QuarantineInput | PinInput | SubmitJob | StartJob | GetJobStatus | CancelJob | ReadEvaluation
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
type Effect = JobEffect | EndpointRecordEffect | EndpointEffect | ScoreHoldout

type Next = tuple[Run, Effect | None]  # what to write, if it is another record than before; then what to do
