"""A run that waits for something outside, without a deadline: waiting."""

from datetime import datetime, timedelta

from shared.errors import PermanentError
from shared.lifecycle.effects import Next, PinInput
from shared.lifecycle.job_states import COPIED, GONE, LANDING_LEASE_S, PINNING, input_path, prepare
from shared.lifecycle.observations import (
    EffectFailed,
    InputArchived,
    InputCopyPending,
    InputMissing,
    InputPinned,
    Observation,
    TimerFired,
)
from shared.lifecycle.retry_later import error_text, unexpected
from shared.records.run import Run, RunState
from shared.routes.route import Route


def waiting(route: Route, run: Run, seen: Observation, now: datetime) -> Next:
    """Look from time to time whether an archived file was rehydrated: it has the same ETag, and no event tells.

    No deadline ends it: that takes as long as somebody takes. Nothing is written while nothing changes.
    """
    begun = {"deadline_at": now + timedelta(seconds=route.deadlines.not_started)}
    match seen:
        case TimerFired():
            return run, PinInput(input_path(run))
        case InputPinned():
            # The step is claimed first, as ever, and taken anew: the copy is there already.
            lease = now + timedelta(seconds=LANDING_LEASE_S)
            landed_again = run.transitioned(
                now, RunState.LANDED, "the file can be read again", not_before=lease, **begun
            )
            return landed_again, prepare(landed_again)
        case InputCopyPending():
            return run.transitioned(now, RunState.LANDED, COPIED, step=PINNING, **begun), None
        case InputArchived(said):
            return (run if run.reason == said else run.evolve(now, reason=said)), None
        case InputMissing():
            return run.transitioned(now, RunState.SUPERSEDED, GONE), None
        case EffectFailed(error) if isinstance(error, PermanentError):
            return run.transitioned(
                now, RunState.LANDED, error_text(error), **begun
            ), None  # which tries once more, and judges
        case EffectFailed(error):
            said = error_text(error)
            return (run if run.reason == said else run.evolve(now, reason=said)), None
    raise unexpected(run, seen)
