"""Tells whether the worker that wrote a run is about to take its next step: a tick leaves such a run alone (pure)."""

from datetime import datetime

from shared.lifecycle.decision_record import why_promoted
from shared.records.run import Run
from shared.records.run_states import RunState
from shared.records.run_steps import StagedStep

# For so many seconds after a write, a tick leaves the next step to the worker that wrote. In other states the row says
# how long (`not_before`), or the run waits for something outside and the tick drives it.
IN_HAND_S = {RunState.SUBMITTED: 10, RunState.DECIDED: 10, RunState.VERIFYING: 2}
SCORING_IN_HAND_S = 30  # while the first batches of a holdout are scored


def in_hand(run: Run, now: datetime) -> bool:
    """Tell whether the worker that wrote a run a moment ago is probably at its next step.

    A tick beside it would send the same requests again, and one of the two would lose its write. The distance to the
    row's own time counts in both directions: a clock that jumped must not delay a run.
    """
    hand_s = SCORING_IN_HAND_S if run.step == StagedStep.SCORING else IN_HAND_S.get(run.state, 0)
    return not _left_to_the_tick(run) and abs((now - run.updated_at).total_seconds()) < hand_s


def _left_to_the_tick(run: Run) -> bool:
    """Tell whether that write was the worker's last: the step failed, waits, or used up its time."""
    if run.consecutive_failures:
        return True
    if run.step == StagedStep.SCORING:
        return run.holdout_progress is not None  # the worker scored for as long as it may
    # A decided run with its decision's reasons continues; with any other reason it waits for the endpoint.
    return run.state is RunState.DECIDED and bool(run.reason) and run.reason != why_promoted(run)
