"""The transition function of a run (pure): from an observation it computes the next record and the next effect.

The driver writes the returned record first, conditional on the version that it read, and only then performs the effect.
The effect and its observation are the next input. So after a crash anywhere the row names the next step.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from shared.lifecycle.clocks import set_right
from shared.lifecycle.effects import CancelJob, Effect, Next
from shared.lifecycle.held_state import held
from shared.lifecycle.input_observations import InputAccepted, InputRefused
from shared.lifecycle.job_states import landed, started, submitted
from shared.lifecycle.observations import JobSubmitted, Observation, TimerFired
from shared.lifecycle.promoting import decided, promoting
from shared.lifecycle.staged_state import staged
from shared.lifecycle.trained_state import trained
from shared.lifecycle.verifying import verifying
from shared.lifecycle.waiting_state import waiting
from shared.records.part import Part
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
    """Return the run's next record (the same object if nothing is to be written) and the next effect.

    `observation` is the result of `effect`; a trigger (`Claimed`, `TimerFired`) has no effect. Deadlines, policy and
    endpoints come from the route, the time is `now`; the result depends on nothing else.

    Raises:
        ValueError: the observation is impossible in the run's state: a bug.
    """
    step = _BY_STATE.get(run.state)
    if step is None:
        return run, None
    if isinstance(observation, TimerFired):
        right = set_right(route, run, now)
        if right is not None:
            return right, None
    return step(route, run, effect, observation, now)


def accepted_part(observation: Observation) -> Part | None:
    """Return the part that is written together with the record that follows an observation; None if there is none."""
    return observation.part if isinstance(observation, InputAccepted) else None


def refuses_earlier_part(run: Run, observation: Observation) -> bool:
    """Tell whether a run's part is deleted together with the record that follows an observation.

    A file that was accepted before and is refused now is in no later training set.
    """
    return isinstance(observation, InputRefused) and run.attempt > 1


def compensation_for(observation: Observation) -> Effect | None:
    """Return the effect that undoes an observation which could not be recorded, since another worker wrote first.

    Only a submitted job would remain: it was never started and never will be.
    """
    return CancelJob(observation.job_id) if isinstance(observation, JobSubmitted) else None
