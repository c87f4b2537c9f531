"""The run: our record of one file version on its way from landing to its one outcome (pure)."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, TypedDict, Unpack

from shared.records.decision import Approval, DecisionRecord, Invitation, Override
from shared.records.endpoint_events import EndpointEvent
from shared.records.golden_answers import GoldenAnswers, Rollback
from shared.records.json_codec import to_json_value
from shared.records.models import Challenger, ChampionSummary, HoldoutProgress
from shared.records.run_steps import (
    LandedStep,
    PromotingStep,
    StagedStep,
    StartedStep,
    Step,
    SubmittedStep,
    VerifyingStep,
    WaitingStep,
)

REASON_LIMIT = 2000  # characters; a table property holds 32 K of them, a failed job's details can be far longer
UNROUTED = "_unrouted"  # the partition of files that no route matches; a route's name cannot begin with "_"
MIN_RETRY_PAUSE_S = 5.0
MAX_RETRY_PAUSE_S = 300.0
MAX_ASKED_PAUSE_S = 3600.0

type Json = dict[str, Any]


class RunState(StrEnum):
    """Where a run is. Ours, never the service's `StatusCode`."""

    LANDED = "landed"  # claimed; its input is being pinned and its job prepared
    SUBMITTED = "submitted"  # the job id is saved; the job is not known to be started
    STARTED = "started"  # the job is started, queued or running
    TRAINED = "trained"  # the job finished; its outputs wait for evaluation
    STAGED = "staged"  # the staging endpoint was given the challenger; its answers are awaited
    DECIDED = "decided"  # the decision record is written and says: promote
    PROMOTING = "promoting"  # the intent is written; the serving endpoint is being PATCHed
    VERIFYING = "verifying"  # the PATCH was accepted; the endpoint must now answer as the challenger does
    WAITING = "waiting"  # held back by something outside, such as a file that is archived; no deadline ends it
    HELD = "held"  # awaits approval
    PROMOTED = "promoted"
    UNROUTED = "unrouted"
    QUARANTINED = "quarantined"
    REJECTED = "rejected"
    UNCHANGED = "unchanged"
    SUPERSEDED = "superseded"
    ROLLED_BACK = "rolled_back"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"


TERMINAL = frozenset(
    {
        RunState.PROMOTED,
        RunState.UNROUTED,
        RunState.QUARANTINED,
        RunState.REJECTED,
        RunState.UNCHANGED,
        RunState.SUPERSEDED,
        RunState.ROLLED_BACK,
        RunState.FAILED,
        RunState.TIMED_OUT,
        RunState.CANCELLED,
    }
)

# Ends that an operator may have tried again: nothing of the run is in service. What is promoted, or answers as what is
# in service, has nothing to gain; a file without a route is claimed by the sweep once a route matches it.
RETRIABLE = frozenset(
    {
        RunState.QUARANTINED,
        RunState.REJECTED,
        RunState.SUPERSEDED,
        RunState.ROLLED_BACK,
        RunState.FAILED,
        RunState.TIMED_OUT,
        RunState.CANCELLED,
    }
)

_ENDS_BEFORE_PROMOTION = frozenset(
    {RunState.SUPERSEDED, RunState.FAILED, RunState.TIMED_OUT, RunState.CANCELLED, RunState.WAITING}
)

# What may follow what. A state may also be written again (another step, a new reason).
TRANSITIONS: Mapping[RunState, frozenset[RunState]] = {
    RunState.LANDED: _ENDS_BEFORE_PROMOTION | {RunState.SUBMITTED, RunState.QUARANTINED},
    # Back to `landed`: the service dropped a job that was never started, so a new attempt begins.
    RunState.SUBMITTED: _ENDS_BEFORE_PROMOTION | {RunState.STARTED, RunState.LANDED},
    # Back to `landed`: the job was cancelled at its deadline, or the service lost it, so a new attempt begins.
    RunState.STARTED: _ENDS_BEFORE_PROMOTION | {RunState.TRAINED, RunState.LANDED},
    RunState.TRAINED: _ENDS_BEFORE_PROMOTION
    | {RunState.STAGED, RunState.DECIDED, RunState.HELD, RunState.REJECTED, RunState.UNCHANGED},
    # Back to `trained`: the champion changed, so the decision must be made anew.
    RunState.STAGED: _ENDS_BEFORE_PROMOTION
    | {
        RunState.DECIDED,
        RunState.TRAINED,
        RunState.HELD,
        RunState.REJECTED,
        RunState.UNCHANGED,
        RunState.ROLLED_BACK,
    },
    RunState.DECIDED: _ENDS_BEFORE_PROMOTION | {RunState.PROMOTING, RunState.TRAINED, RunState.HELD, RunState.REJECTED},
    # From here on the endpoint may have changed: it ends verified, put back, or refused outright.
    RunState.PROMOTING: frozenset(
        {RunState.VERIFYING, RunState.FAILED, RunState.TIMED_OUT, RunState.ROLLED_BACK, RunState.UNCHANGED}
    ),
    RunState.VERIFYING: frozenset({RunState.PROMOTED, RunState.ROLLED_BACK, RunState.UNCHANGED}),
    RunState.WAITING: frozenset({RunState.LANDED, RunState.SUPERSEDED, RunState.CANCELLED, RunState.TIMED_OUT}),
    # Back to `trained`: somebody approved it, and whatever it was compared with is looked at anew.
    RunState.HELD: frozenset(
        {RunState.TRAINED, RunState.REJECTED, RunState.SUPERSEDED, RunState.CANCELLED, RunState.TIMED_OUT}
    ),
    # Out of an end only by an operator's word: the next attempt.
    **dict.fromkeys(RETRIABLE, frozenset({RunState.LANDED})),
}


# The steps that a state has; a state that is not named has none.
STEPS: Mapping[RunState, type[Step]] = {
    RunState.LANDED: LandedStep,
    RunState.WAITING: WaitingStep,
    RunState.SUBMITTED: SubmittedStep,
    RunState.STARTED: StartedStep,
    RunState.STAGED: StagedStep,
    RunState.PROMOTING: PromotingStep,
    RunState.VERIFYING: VerifyingStep,
}


def step_of(state: RunState, text: str) -> Step | None:
    """Return the step of a state that a text names; "" names none.

    Raises:
        ValueError: the state has no such step.
    """
    if not text:
        return None
    kind = STEPS.get(state)
    if kind is None:
        raise ValueError(f"a run that is {state} has no step {text!r}")
    return kind(text)


class RunFields(TypedDict, total=False):
    """The fields of a run that a step may change beside its state and its reason."""

    not_before: datetime
    deadline_at: datetime | None
    step: Step | None
    attempt: int
    consecutive_failures: int
    job_id: str
    input_blob: str
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
    """One file version and everything known about its way. Frozen: `evolve` and `transitioned` give the next record.

    Holds no secret: no SAS token, key or connection string may enter any field (contract I7).
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
    not_before: datetime  # no step is taken before, except by the message that announces it
    deadline_at: datetime | None  # when the state becomes overdue; None for terminal states
    step: Step | None = None  # where within the state; a state without steps has none
    reason: str = ""  # why it is here, for people
    revision: int = 0  # counts the writes of this run; the number of its newest history entry
    attempt: int = 1  # trainings of this version, from 1
    consecutive_failures: int = 0  # failures of the present step in a row
    job_id: str = ""
    input_blob: str = ""  # container/path of the pinned copy that the job reads
    start_sent_at: datetime | None = None  # when the start of the job was last answered well, or sent again
    job_missing_since: datetime | None = None  # since when the service does not know the job
    patched_at: datetime | None = None  # when the endpoint that is being watched accepted its PATCH
    # Before it a PATCH of this run whose fate is unknown may reach the endpoint
    in_flight_until: datetime | None = None
    # The endpoint's `staging_in_flight_until`, if the PATCH it stands for was answered
    answered_staging_patch: datetime | None = None
    lease_token: int = 0  # of the endpoint's lease that this run took
    challenger: Challenger | None = None
    champion: ChampionSummary | None = None  # as it was at the decision
    decision: DecisionRecord | None = None
    notes: tuple[str, ...] = ()  # what the training says of its columns, a line each
    endpoint_events: tuple[EndpointEvent, ...] = ()
    golden_answers: GoldenAnswers | None = None
    rollback: Rollback | None = None  # the way back that a promotion is on
    holdout_progress: HoldoutProgress | None = None
    approval: Approval | None = None
    invitation: Invitation | None = None
    override: Override | None = None  # an operator's rollback
    actor: str = ""  # who wrote this revision: the function, or the operator
    chain: str = ""  # hash of this revision's history entry, which holds that of the one before

    def __post_init__(self) -> None:
        """Refuse a step of another state, and naive times: every time of a record is aware UTC."""
        if self.step is not None and type(self.step) is not STEPS.get(self.state):
            raise ValueError(f"a run that is {self.state} has no step {self.step!r}")
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, datetime) and value.utcoffset() != timedelta(0):
                raise ValueError(f"{field.name} must be an aware UTC time, not {value!r}")

    @property
    def terminal(self) -> bool:
        """Whether the run has its outcome."""
        return self.state in TERMINAL

    @property
    def job_folder(self) -> str:
        """`<run_id>/<attempt>`: the folder in the training container that this attempt reads and writes."""
        return f"{self.run_id}/{self.attempt}"

    def evolve(self, now: datetime, **changes: Unpack[RunChanges]) -> "Run":
        """Return the record with `changes`, written at `now`, one revision later; an overlong reason is cut."""
        return self._next(now, self.state, changes)

    def transitioned(self, now: datetime, state: RunState, reason: str = "", **changes: Unpack[RunFields]) -> "Run":
        """Return the record in another state; the count of failed tries begins anew, terminal states wait for nothing.

        Raises:
            ValueError: the transition is not one of `TRANSITIONS`, or the state has no such step.
        """
        if state != self.state and state not in TRANSITIONS.get(self.state, frozenset()):
            raise ValueError(f"a run cannot go from {self.state} to {state}")
        defaults: RunChanges = {"step": None, "consecutive_failures": 0, "not_before": now, "reason": reason}
        if state in TERMINAL:
            defaults["deadline_at"] = None
        return self._next(now, state, {**defaults, **changes})

    def retry_later(self, now: datetime, reason: str, least_s: float = 0.0, **changes: Unpack[RunFields]) -> "Run":
        """Return the record after a step that failed and may succeed later: next try after a growing pause.

        `least_s` is the pause in seconds that the service asked for; more than an hour is not granted.
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


def run_id_for(container: str, blob: str, etag: str) -> str:
    """Return the id of the run of one file version: 32 hex digits, the same whoever computes it.

    `etag` may come with or without quotes.
    """
    text = "\n".join((container, blob, etag.strip('"')))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def generation_for(modified_at: datetime, claimed_at: datetime, run_id: str) -> str:
    """Return a text that sorts as (the blob's Last-Modified, the order of claims), and that no two runs share.

    A file that the sweep finds late is therefore still old: the claim only breaks ties, and the run's id those that
    are left when two are claimed in the same microsecond.
    """
    when = modified_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"{when}/{int(claimed_at.timestamp() * 1_000_000):020d}/{run_id[:8]}"


def retry_pause_s(failures: int) -> float:
    """Return the pause in seconds after the failure number `failures` (from 0): doubling, at most five minutes."""
    return min(MAX_RETRY_PAUSE_S, MIN_RETRY_PAUSE_S * 2.0 ** min(failures, 10))


def iso_time(when: datetime) -> str:
    """Write a time as ISO 8601 UTC with milliseconds and `Z`."""
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def iso(when: datetime | None) -> str | None:
    """Write a time as `iso_time` does; an absent time stays absent."""
    return None if when is None else iso_time(when)


def shown_time(when: datetime) -> str:
    """Write a time for people, in UTC, and saying so: "2026-11-30 09:16:14 UTC"."""
    return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def run_to_json(run: Run) -> Json:
    """Return the run as other tools read it; the names are fixed."""
    return {
        "run_id": run.run_id,
        "route": run.route,
        "blob": run.blob,
        "etag": run.etag,
        "generation": run.generation,
        "state": run.state.value,
        "step": str(run.step or ""),
        "reason": run.reason,
        "attempt": run.attempt,
        "job_id": run.job_id or None,
        "input_blob": run.input_blob or None,
        "landed_at": iso(run.landed_at),
        "updated_at": iso(run.updated_at),
        "not_before": None if run.terminal else iso(run.not_before),
        "challenger": to_json_value(run.challenger, iso_time),
        "champion": to_json_value(run.champion, iso_time),
        "decision": to_json_value(run.decision, iso_time),
        "notes": list(run.notes),
        "endpoints": to_json_value(run.endpoint_events, iso_time),
    }
