"""What a run may want done next. Every effect can be repeated: after a crash the row asks for it again.

Named tuples, as the observations are: fifty frozen dataclasses would cost every cold start 20 ms more.
"""

from datetime import datetime
from typing import NamedTuple

from shared.ports import Answers, BlobLocation, JobRequest
from shared.records.endpoint_record import Champion, EndpointRecord, Served
from shared.records.run import Json, Run, RunState


class QuarantineInput(NamedTuple):
    """Copy the bad file to the quarantine container; the original stays."""

    reason: str


class PinInput(NamedTuple):
    """Copy the claimed version server-side to where the job will read it."""

    target: str


class SubmitJob(NamedTuple):
    """Submit the job of this attempt. It does not run before it is started, and costs nothing until then."""

    request: JobRequest


class StartJob(NamedTuple):
    """Start the job whose id is saved; started already counts as started now."""

    job_id: str


class GetJobStatus(NamedTuple):
    """Ask the service how the job is."""

    job_id: str


class CancelJob(NamedTuple):
    """Cancel the job; one that the service does not know counts as cancelled."""

    job_id: str


class ReadEndpoint(NamedTuple):
    """Read the serving endpoint's row, and whether the run of an open intent has ended."""


class ReadEvaluation(NamedTuple):
    """Get fresh links to the job's outputs and read the evaluation."""

    job_id: str
    record: EndpointRecord


class PendingPromotion(NamedTuple):
    """What is known of a challenger that passed its gates, on its way to the staging endpoint or to the decision."""

    model: BlobLocation | None  # None: the kept model that an operator goes back to
    known: Json  # challenger, champion and decision, as the run keeps them
    answers: Json | None = None
    renewed: bool = False  # whether an earlier PATCH of this run, whose fate is unknown, may still be on its way


class CaptureBaseline(NamedTuple):
    """Pin the golden rows, and ask how the model in service and the staging endpoint answer them now."""

    pending: PendingPromotion


class TakeLease(NamedTuple):
    """Take the endpoint's lease, on the very row that was looked at."""

    pending: PendingPromotion


class LeaseTaken(NamedTuple):
    """The endpoint is this run's until the lease ends (an observation; it stands here since it is handed on).

    Attributes:
        in_flight_until: until when the row says that the PATCH of the staging endpoint may be on its way.
    """

    pending: PendingPromotion
    token: int
    in_flight_until: datetime | None


class PatchStaging(NamedTuple):
    """Give the challenger to the staging endpoint."""

    taken: LeaseTaken


class ScoreStaging(NamedTuple):
    """Ask the staging endpoint the golden rows.

    Attributes:
        serving: what the serving endpoint says now, if the two are to be compared.
        taken: the lease under which its PATCH was just accepted; whatever goes wrong then only means asking again.
    """

    serving: Answers | None = None
    taken: LeaseTaken | None = None


class GetStagingModel(NamedTuple):
    """Ask which model the staging endpoint was given last, because its answers do not tell."""

    answers: Answers


class ScoreHoldout(NamedTuple):
    """Let both models answer the holdout's rows, as many as there is time for, and measure them once all are there.

    Attributes:
        scoring: what the run's row keeps of what was scored so far; empty at first.
    """

    scoring: Json


class ArchiveModel(NamedTuple):
    """Copy the challenger to the kept models, and make sure that the way back exists."""

    record: EndpointRecord
    model: str
    kept: str
    rollback_target: str


class WriteIntent(NamedTuple):
    """Write down what is about to be done to the endpoint, on the very row that was looked at; renews the lease."""

    from_model: str
    to_model: str


class PatchServing(NamedTuple):
    """Give the kept challenger to the serving endpoint.

    `first` is True only directly after the write that permits it, while no earlier PATCH can be on its way.
    """

    kept: str
    first: bool


class ScoreServing(NamedTuple):
    """Ask the serving endpoint the golden rows."""


class RecordChampion(NamedTuple):
    """Write the new champion, close the intent, give the lease back: one write, refused if the way back was taken.

    Attributes:
        champion: None where an operator went back to the model from before the first promotion.
        replaced: the champion that an operator went away from: run, generation, model; it is barred from then on.
    """

    champion: Champion | None
    served: Served
    replaced: Json | None = None


class MarkRollback(NamedTuple):
    """Mark the intent as turned: from then on it cannot be verified any more, and its generation is barred."""


class RestorePrevious(NamedTuple):
    """Give the previous model back to the serving endpoint.

    `first` is True while no earlier PATCH of this run, whose fate is unknown, can be on its way.
    """

    model: str
    first: bool


class ReleaseEndpoint(NamedTuple):
    """Give back whatever lease and intent are this run's; then the run gets the outcome.

    `served` is what the endpoint was verified to answer after the previous model was put back.
    """

    outcome: RunState
    reason: str
    known: Json | None = None
    served: Served | None = None


type Effect = (
    QuarantineInput
    | PinInput
    | SubmitJob
    | StartJob
    | GetJobStatus
    | CancelJob
    | ReadEndpoint
    | ReadEvaluation
    | CaptureBaseline
    | TakeLease
    | PatchStaging
    | ScoreStaging
    | GetStagingModel
    | ScoreHoldout
    | ArchiveModel
    | WriteIntent
    | PatchServing
    | ScoreServing
    | RecordChampion
    | MarkRollback
    | RestorePrevious
    | ReleaseEndpoint
)

type Next = tuple[Run, Effect | None]  # what to write, if it is another record than before; then what to do
