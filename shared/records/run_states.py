"""The states of a run, the transitions between them, and the steps that each state has (pure)."""

from collections.abc import Mapping
from enum import StrEnum

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


class RunState(StrEnum):
    """The state of a run: the app's own, never the service's `StatusCode`."""

    LANDED = "landed"  # claimed; its input is being pinned and its job prepared
    SUBMITTED = "submitted"  # the job id is saved; the job is not known to be started
    STARTED = "started"  # the job is started, queued or running
    TRAINED = "trained"  # the job finished; its outputs wait for evaluation
    STAGED = "staged"  # the staging endpoint was given the challenger; its answers are awaited
    DECIDED = "decided"  # the decision is stored and its verdict is `promote`
    PROMOTING = "promoting"  # the intent is written; the serving endpoint is being updated
    VERIFYING = "verifying"  # the update was accepted; the endpoint must now answer as the challenger
    WAITING = "waiting"  # for something outside, or for the rest of its batch; no deadline ends it
    HELD = "held"  # the decision waits for a person
    PROMOTED = "promoted"
    UNROUTED = "unrouted"
    BATCHED = "batched"  # trained as a member of another run, `batch_run_id`
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
        RunState.BATCHED,
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

# Ends that an operator may retry: nothing of the run is in service. A promoted or unchanged run has nothing to gain.
# The sweep claims an unrouted file once a route matches it.
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

# The states that may follow each state. A state may also be written again (another step, a new reason).
TRANSITIONS: Mapping[RunState, frozenset[RunState]] = {
    # `unchanged`: its training set equals one that was trained, or no column drifted.
    RunState.LANDED: _ENDS_BEFORE_PROMOTION | {RunState.SUBMITTED, RunState.QUARANTINED, RunState.UNCHANGED},
    # Back to `landed`: the service dropped a job that was never started, so a new attempt begins.
    RunState.SUBMITTED: _ENDS_BEFORE_PROMOTION | {RunState.STARTED, RunState.LANDED},
    # Back to `landed`: the job was cancelled at its deadline, or the service lost it, so a new attempt begins.
    RunState.STARTED: _ENDS_BEFORE_PROMOTION | {RunState.TRAINED, RunState.LANDED},
    RunState.TRAINED: _ENDS_BEFORE_PROMOTION
    | {RunState.STAGED, RunState.DECIDED, RunState.HELD, RunState.REJECTED, RunState.UNCHANGED},
    # Back to `trained`: the champion changed, so the model is evaluated again.
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
    # From here on the endpoint may have changed: the promotion ends verified, restored, or refused outright.
    RunState.PROMOTING: frozenset(
        {RunState.VERIFYING, RunState.FAILED, RunState.TIMED_OUT, RunState.ROLLED_BACK, RunState.UNCHANGED}
    ),
    RunState.VERIFYING: frozenset({RunState.PROMOTED, RunState.ROLLED_BACK, RunState.UNCHANGED}),
    RunState.WAITING: frozenset(
        {RunState.LANDED, RunState.BATCHED, RunState.SUPERSEDED, RunState.CANCELLED, RunState.TIMED_OUT}
    ),
    # Back to `trained`: the decision was approved, and is made again with the champion of now.
    RunState.HELD: frozenset(
        {RunState.TRAINED, RunState.REJECTED, RunState.SUPERSEDED, RunState.CANCELLED, RunState.TIMED_OUT}
    ),
    # Only an operator's retry leaves an end: the next attempt begins.
    **dict.fromkeys(RETRIABLE, frozenset({RunState.LANDED})),
}


# The steps of each state; a state that is not named has none.
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
    """Return the step of a state by its text; "" is no step.

    Raises:
        ValueError: the state has no such step.
    """
    if not text:
        return None
    kind = STEPS.get(state)
    if kind is None:
        raise ValueError(f"A run that is {state} has no step {text!r}.")
    return kind(text)
