"""The state `held`: the decision waits for a person until it is approved, rejected, superseded or timed out."""

from datetime import datetime, timedelta

from shared.lifecycle.effects import Effect, Next, ReadEndpoint
from shared.lifecycle.endpoint_preconditions import end_by_champion
from shared.lifecycle.endpoint_release import released
from shared.lifecycle.observations import EffectFailed, EndpointRead, Observation, TimerFired
from shared.lifecycle.retry_later import unexpected
from shared.records.decision import Approval
from shared.records.endpoint_record import EndpointRecord
from shared.records.run import Run
from shared.records.run_states import RunState
from shared.routes.route import Route


def held(route: Route, run: Run, effect: Effect | None, observation: Observation, now: datetime) -> Next:
    """Check at each tick whether the run can still be promoted: newer data or a rollback ends it."""
    del effect
    match observation:
        case TimerFired():
            return run, ReadEndpoint()
        case EndpointRead(record):
            return _checked(route, run, record, now), None
        case EffectFailed() if run.overdue(now):
            return _nobody_decided(route, run, now), None
        case EffectFailed():
            return run, None  # its reason still says why it is held
    raise unexpected(run, observation)


def _checked(route: Route, run: Run, record: EndpointRecord, now: datetime) -> Run:
    ended = end_by_champion(run, record)
    if ended is not None:
        return released(run, ended, now)  # a held run has no lease: its release before the hold was the last
    return _nobody_decided(route, run, now) if run.overdue(now) else run


def _nobody_decided(route: Route, run: Run, now: datetime) -> Run:
    why = f"Nobody approved or rejected the decision within {route.deadlines.held} s. Last reason: {run.reason}"
    return run.transitioned(now, RunState.TIMED_OUT, why)


def approved(route: Route, run: Run, approval: Approval, now: datetime) -> Run:
    """Return a held run after its approval: the run is evaluated again, since the champion may have changed."""
    deadline = now + timedelta(seconds=route.deadlines.running)
    why = f"Approved by {approval.by}: {approval.reason}"
    return run.transitioned(now, RunState.TRAINED, why, deadline_at=deadline, approval=approval, invitation=None)


def rejected(run: Run, by: str, reason: str, now: datetime) -> Run:
    """Return a held run after a person rejected it."""
    return run.transitioned(now, RunState.REJECTED, f"Rejected by {by}: {reason}", invitation=None)
