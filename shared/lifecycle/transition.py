"""The one transition function of a run, pure: an observation decides what is written, and what is done after that.

Whoever drives it writes the returned record first, conditional on the version it read, and only then carries the
effect out; the effect and what came of it go in again. So after a crash anywhere the row says what is next.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from shared.lifecycle.clocks import set_right
from shared.lifecycle.effects import CancelJob, Effect, Next
from shared.lifecycle.held_state import held
from shared.lifecycle.job_states import landed, started, submitted
from shared.lifecycle.observations import JobSubmitted, Observation, TimerFired
from shared.lifecycle.promoting import decided, promoting
from shared.lifecycle.staged_state import staged
from shared.lifecycle.trained_state import trained
from shared.lifecycle.verifying import verifying
from shared.lifecycle.waiting_state import waiting
from shared.records.run import Run
from shared.records.run_states import RunState
from shared.routes.route import Route

_BY_STATE: Mapping[RunState, Callable[[Route, Run, Effect | None, Observation, datetime], Next]] = {
    RunState.LANDED: landed,
    RunState.WAITING: waiting,
    RunState.SUBMITTED: submitted,
    RunState.STARTED: started,
    RunState.TRAINED: trained,
    RunState.STAGED: staged,
    RunState.DECIDED: decided,
    RunState.PROMOTING: promoting,
    RunState.VERIFYING: verifying,
    RunState.HELD: held,
}


def transition(route: Route, run: Run, effect: Effect | None, observation: Observation, now: datetime) -> Next:
    """Return the run's next record (the very same object if nothing is to be written) and what is to be done then.

    `effect` is what was asked for, and `observation` what came of it; a trigger (`Claimed`, `TimerFired`) has no
    effect. The rules of the route (deadlines, policy, endpoints) are read from it, the time is `now`; nothing else
    counts.

    Raises:
        ValueError: this cannot be observed in the run's state; it would be a bug.
    """
    step = _BY_STATE.get(run.state)
    if step is None:
        return run, None
    if isinstance(observation, TimerFired):
        right = set_right(route, run, now)
        if right is not None:
            return right, None
    return step(route, run, effect, observation, now)


def compensation_for(observation: Observation) -> Effect | None:
    """Return what to do about something that was done but could not be recorded: another worker was first.

    Only a submitted job would linger: it was never started and never will be.
    """
    return CancelJob(observation.job_id) if isinstance(observation, JobSubmitted) else None
