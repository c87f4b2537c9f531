"""The run: our record of one file version on its way from landing to its outcome (pure)."""

from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import TypedDict, Unpack

from shared.records.batch import BatchRef, TrainingSetRef
from shared.records.decision import Approval, DecisionRecord, Invitation, Override
from shared.records.drift import DriftRecord
from shared.records.endpoint_events import EndpointEvent
from shared.records.golden_answers import GoldenAnswers, Rollback
from shared.records.intake_record import IntakeRecord
from shared.records.models import Challenger, ChampionSummary, HoldoutProgress
from shared.records.run_states import STEPS, TERMINAL, TRANSITIONS, RunState
from shared.records.run_steps import Step

REASON_LIMIT = 2000  # characters; a longer reason is cut, since a table property holds 32 K of them
MIN_RETRY_PAUSE_S = 5.0
MAX_RETRY_PAUSE_S = 300.0
MAX_ASKED_PAUSE_S = 3600.0


class RunFields(TypedDict, total=False):
    """The fields of a run that a step may change beside its state and its reason."""

    not_before: datetime
    deadline_at: datetime | None
    step: Step | None
    attempt: int
    consecutive_failures: int
    job_id: str
    original_blob: str
    input_blob: str
    intake: IntakeRecord | None
    problems: str
    generation: str
    own_generation: str
    batch_run_id: str
    batch: BatchRef | None
    training_set: TrainingSetRef | None
    drift: DriftRecord | None
    forgotten: str
    start_sent_at: datetime | None
    job_missing_since: datetime | None
    patched_at: datetime | None
    in_flight_until: datetime | None
    answered_staging_patch: datetime | None
    lease_token: int
    challenger: Challenger | None
    champion: ChampionSummary | None
    decision: DecisionRecord | None
    notes: tuple[str, ...]
    endpoint_events: tuple[EndpointEvent, ...]
    golden_answers: GoldenAnswers | None
    rollback: Rollback | None
    holdout_progress: HoldoutProgress | None
    approval: Approval | None
    invitation: Invitation | None
    override: Override | None


class RunChanges(RunFields, total=False):
    """The fields of a run that a step may change beside its state."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class Run:
    """The record of one file version. Frozen: `evolve` and `transitioned` return the next record.

    No field holds a secret: no SAS token, key or connection string (contract I7).
    """

    run_id: str
    route: str
    container: str
    blob: str
    etag: str  # without quotes
    size: int = 0  # bytes
    generation: str  # sorts by the blob's Last-Modified, then by the order of claims
    state: RunState
    landed_at: datetime
    updated_at: datetime
    not_before: datetime  # earliest time of the next step; an evaluation message may start it sooner
    deadline_at: datetime | None  # when the state becomes overdue; None: it never does
    step: Step | None = None  # within the state; None in a state without steps
    reason: str = ""  # why the run is in its state, for people
    revision: int = 0  # counts the writes of this run; the number of its newest history entry
    attempt: int = 1  # the training of this version, counted from 1
    consecutive_failures: int = 0  # of the present step, in a row
    job_id: str = ""
    original_blob: str = ""  # container/path of the pinned original, where the route reads its files
    input_blob: str = ""  # container/path of what the job reads: the pinned copy, or the training set
    intake: IntakeRecord | None = None  # what was read of the file
    problems: str = ""  # container/path of problems.json, if there are any
    batch_run_id: str = ""  # the run that this version is trained with, if it is not the run itself
    batch: BatchRef | None = None  # the batch that this run carries
    training_set: TrainingSetRef | None = None  # what its job trains on, where that is more than a pinned copy
    own_generation: str = ""  # of the file, where `generation` is that of a training set with newer files; else ""
    drift: DriftRecord | None = None
    forgotten: str = ""  # who had its data deleted, and why; nothing trains on this version again
    start_sent_at: datetime | None = None  # when the job's start last succeeded, or was sent again
    job_missing_since: datetime | None = None  # when the service first did not know the job
    patched_at: datetime | None = None  # when the endpoint that is being verified accepted its PATCH
    # Until then an unconfirmed update of this run may reach the endpoint.
    in_flight_until: datetime | None = None
    # The endpoint's `staging_in_flight_until` whose update was answered.
    answered_staging_patch: datetime | None = None
    lease_token: int = 0  # of this run's lease of the endpoint
    challenger: Challenger | None = None
    champion: ChampionSummary | None = None  # at the decision
    decision: DecisionRecord | None = None
    notes: tuple[str, ...] = ()  # the training's remarks about the columns, a line each
    endpoint_events: tuple[EndpointEvent, ...] = ()
    golden_answers: GoldenAnswers | None = None
    rollback: Rollback | None = None  # the restore of a failed promotion
    holdout_progress: HoldoutProgress | None = None
    approval: Approval | None = None
    invitation: Invitation | None = None
    override: Override | None = None  # an operator's rollback
    actor: str = ""  # the writer of this revision: a function or an operator
    chain: str = ""  # hash of this revision's history entry, which covers the hash of the entry before

    def __post_init__(self) -> None:
        """Refuse a step of another state, and naive times: every time of a record is aware UTC."""
        if self.step is not None and type(self.step) is not STEPS.get(self.state):
            raise ValueError(f"A run that is {self.state} has no step {self.step!r}.")
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, datetime) and value.utcoffset() != timedelta(0):
                raise ValueError(f"{field.name} must be an aware UTC time, not {value!r}.")

    @property
    def terminal(self) -> bool:
        """Whether the run has its outcome."""
        return self.state in TERMINAL

    @property
    def file_generation(self) -> str:
        """The generation of the file itself, whatever else its training set has: it never changes."""
        return self.own_generation or self.generation

    @property
    def job_folder(self) -> str:
        """`<run_id>/<attempt>`: the folder in the training container that this attempt reads and writes."""
        return f"{self.run_id}/{self.attempt}"

    def evolve(self, now: datetime, **changes: Unpack[RunChanges]) -> "Run":
        """Return the next revision with `changes`, written at `now`; a reason past `REASON_LIMIT` is cut."""
        return self._next(now, self.state, changes)

    def transitioned(self, now: datetime, state: RunState, reason: str = "", **changes: Unpack[RunFields]) -> "Run":
        """Return the record in another state, with no failures counted; a terminal state has no deadline.

        Raises:
            ValueError: the transition is not one of `TRANSITIONS`, or the state has no such step.
        """
        if state != self.state and state not in TRANSITIONS.get(self.state, frozenset()):
            raise ValueError(f"A run cannot go from {self.state} to {state}.")
        defaults: RunChanges = {"step": None, "consecutive_failures": 0, "not_before": now, "reason": reason}
        if state in TERMINAL:
            defaults["deadline_at"] = None
        return self._next(now, state, {**defaults, **changes})

    def retry_later(self, now: datetime, reason: str, least_s: float = 0.0, **changes: Unpack[RunFields]) -> "Run":
        """Return the record after a failed step, which is tried again after a growing pause.

        `least_s` is the pause in seconds that the service asked for; past an hour, it is an hour.
        """
        failures = self.consecutive_failures
        pause_s = max(retry_pause_s(failures), min(least_s, MAX_ASKED_PAUSE_S))
        later: RunChanges = {
            "reason": reason,
            "consecutive_failures": failures + 1,
            "not_before": now + timedelta(seconds=pause_s),
        }
        return self._next(now, self.state, {**later, **changes})

    def _next(self, now: datetime, state: RunState, changes: RunChanges) -> "Run":
        reason = changes.get("reason", self.reason)
        if len(reason) > REASON_LIMIT:
            changes = {**changes, "reason": reason[: REASON_LIMIT - 1] + "…"}
        return replace(self, state=state, updated_at=now, revision=self.revision + 1, **changes)

    def overdue(self, now: datetime) -> bool:
        """Tell whether the deadline has passed. Computed, never stored."""
        return self.deadline_at is not None and now >= self.deadline_at


def retry_pause_s(failures: int) -> float:
    """Return the pause in seconds after failure number `failures` (from 0): it doubles, up to five minutes."""
    return min(MAX_RETRY_PAUSE_S, MIN_RETRY_PAUSE_S * 2.0 ** min(failures, 10))
