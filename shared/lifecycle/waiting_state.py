"""The state `waiting`: something outside prevents progress, and no deadline ends the run."""

from datetime import datetime, timedelta

from shared.errors import PermanentError
from shared.lifecycle.effects import Effect, Next
from shared.lifecycle.input_observations import InputArchived, InputCopyPending, InputMissing, InputPinned
from shared.lifecycle.input_preparation import COPIED, GONE, LANDING_LEASE_S, prepare
from shared.lifecycle.intake_states import prepared
from shared.lifecycle.observations import EffectFailed, Observation, TimerFired
from shared.lifecycle.retry_later import error_text, unexpected
from shared.lifecycle.run_updates import reason_changed
from shared.records.run import Run
from shared.records.run_states import RunState
from shared.records.run_steps import LandedStep, WaitingStep
from shared.routes.route import Route


def waiting(route: Route, run: Run, effect: Effect | None, observation: Observation, now: datetime) -> Next:
    """Check at each tick whether an archived file was rehydrated: its ETag stays, and no event reports it.

    No deadline ends the run, since a person decides when to rehydrate. Nothing is written while nothing changes. A file
    that settles is looked at by `shared/pipeline/settling.py`, and a batch is sealed by `shared/pipeline/batching.py`.
    """
    del effect
    deadline = now + timedelta(seconds=route.deadlines.not_started)
    match observation:
        case TimerFired():
            return _due(route, run, now)
        case InputPinned():
            # The step is claimed first, as always, then repeated: the copy exists already.
            lease = now + timedelta(seconds=LANDING_LEASE_S)
            why = "The file can be read again."
            landed_again = run.transitioned(now, RunState.LANDED, why, not_before=lease, deadline_at=deadline)
            return landed_again, prepare(route, landed_again)
        case InputCopyPending():
            copied = run.transitioned(now, RunState.LANDED, COPIED, step=LandedStep.PINNING, deadline_at=deadline)
            return copied, None
        case InputArchived(reason):
            return reason_changed(run, reason, now), None
        case InputMissing():
            return run.transitioned(now, RunState.SUPERSEDED, GONE), None
        case EffectFailed(error) if isinstance(error, PermanentError):  # `landed` tries once more and judges the error
            return run.transitioned(now, RunState.LANDED, error_text(error), deadline_at=deadline), None
        case EffectFailed(error):
            return reason_changed(run, error_text(error), now), None
    raise unexpected(run, observation)


def _due(route: Route, run: Run, now: datetime) -> Next:
    if run.step == WaitingStep.SETTLE or (run.step == WaitingStep.BATCH and route.batch is not None):
        return run, None
    if run.step == WaitingStep.BATCH:  # routes.toml no longer gathers its files
        return prepared(route, run, now), None
    return run, prepare(route, run)
