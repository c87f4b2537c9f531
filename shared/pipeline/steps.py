"""Takes a run's next steps until it waits or ends, and decides what an error means for it."""

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta

from shared.errors import ConfigError, ConflictError, LandfallError, PermanentError, RetryableError
from shared.pipeline import evaluating, preparing, promoting, staging, training, verifying
from shared.pipeline.desk import RunDesk
from shared.pipeline.services import Services
from shared.ports import StoredRun
from shared.route import Route
from shared.runs import RunState

log = logging.getLogger("landfall.run")

# Takes one step: True if the run was written and the next step may follow, False if it waits for something.
type Step = Callable[[RunDesk], bool]

STEPS: Mapping[RunState, Step] = {
    RunState.LANDED: preparing.pin_and_submit,
    RunState.SUBMITTED: training.start,
    RunState.STARTED: training.poll,
    RunState.TRAINED: evaluating.evaluate,
    RunState.STAGED: staging.await_answers,
    RunState.DECIDED: promoting.prepare,
    RunState.PROMOTING: promoting.patch,
    RunState.VERIFYING: verifying.verify,
}

# What a passed deadline means for a state: the step that ends it.
OVERDUE: Mapping[RunState, Step] = {
    RunState.LANDED: training.give_up,
    RunState.SUBMITTED: training.give_up,
    RunState.STARTED: training.give_up,
    RunState.TRAINED: training.time_out,
    RunState.STAGED: training.time_out,
    RunState.DECIDED: training.time_out,
    RunState.PROMOTING: promoting.give_up,
    RunState.VERIFYING: verifying.give_up,
}

# Once a PATCH may have been sent, the step itself deals with a refusal: the endpoint must end verified or put back.
_FAILS_AT_ONCE = frozenset(STEPS) - {RunState.PROMOTING, RunState.VERIFYING}


def take_steps(
    services: Services, route: Route, stored: StoredRun, *, until: frozenset[RunState] = frozenset()
) -> StoredRun:
    """Take steps until the run ends, waits, reaches a state of `until`, or another worker takes over.

    Never raises for what went wrong with the run: that is written into it. Returns the run as last known.
    """
    desk = RunDesk(services, route, stored)
    first = True
    while not desk.run.terminal and (first or desk.run.state not in until):
        step = (OVERDUE if desk.run.overdue(desk.now()) else STEPS).get(desk.run.state)
        if step is None or not _attempt(desk, step):
            break
        first = False
    return desk.stored


def _attempt(desk: RunDesk, step: Step) -> bool:
    """Take one step; what it raises is recorded in the run, by its kind."""
    try:
        return step(desk)
    except ConflictError as conflict:
        log.debug("run %s: %s", desk.run.run_id[:8], conflict)  # another worker goes on with it
    except PermanentError as error:
        _record(desk, str(error), fails=desk.run.state in _FAILS_AT_ONCE)
    except (RetryableError, ConfigError) as error:
        _record(desk, str(error))
    except Exception as error:  # a bug in one run's step must not stop the others, nor burn the trigger's retries
        log.exception("run %s: step of %s failed", desk.run.run_id, desk.run.state)
        _record(desk, f"internal error: {type(error).__name__}")
    return False


def _record(desk: RunDesk, reason: str, *, fails: bool = False) -> None:
    """Write what happened; if even that fails, the row still says what is next and the tick comes again."""
    try:
        if fails:
            desk.end(RunState.FAILED, reason)
        else:
            desk.save(desk.run.postponed(desk.now(), reason))
    except ConflictError as conflict:
        log.debug("run %s: %s", desk.run.run_id[:8], conflict)
    except LandfallError as error:
        log.warning("run %s: what happened could not be recorded: %s", desk.run.run_id, error)


def claim_step(services: Services, stored: StoredRun, pause_s: float) -> StoredRun:
    """Keep other workers from taking a due run's step for `pause_s` seconds: a step that costs something if doubled.

    Raises:
        StaleWriteError: another worker was first.
    """
    now = services.clock.now()
    return services.runs.save(stored, stored.run.evolve(now, not_before=now + timedelta(seconds=pause_s)))
