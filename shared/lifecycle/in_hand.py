"""Is the worker that wrote a run about to take the next step itself, right then? Then a tick leaves it alone (pure)."""

from datetime import datetime

from shared.lifecycle.decision_record import why_promoted
from shared.records.run import Run
from shared.records.run_states import RunState
from shared.records.run_steps import StagedStep

# For how many seconds after a write somebody else leaves the next step to the worker that wrote. In other states the
# row itself says how long (`not_before`), or the outside is waited for and the tick is whose turn it is.
IN_HAND_S = {RunState.SUBMITTED: 10, RunState.DECIDED: 10, RunState.VERIFYING: 2}
SCORING_IN_HAND_S = 30  # while the first batches of a holdout are scored


def in_hand(run: Run, now: datetime) -> bool:
    """Tell whether the worker that wrote a run a moment ago is at its next step by all appearances.

    A tick beside it would only ask for the same once more, and one of the two would lose its write. The row's own time
    tells, in either direction: clocks differ, and one that jumped must not hold a run up.
    """
    hand_s = SCORING_IN_HAND_S if run.step == StagedStep.SCORING else IN_HAND_S.get(run.state, 0)
    return not _left_to_the_tick(run) and abs((now - run.updated_at).total_seconds()) < hand_s


def _left_to_the_tick(run: Run) -> bool:
    """Tell whether that write was the worker's last: the step failed, or waits, or was only begun."""
    if run.consecutive_failures:
        return True
    if run.step == StagedStep.SCORING:
        return run.holdout_progress is not None  # as many batches as there was time for
    # Decided with its decision's reasons, it goes on; with any other one it waits for the endpoint.
    return run.state is RunState.DECIDED and bool(run.reason) and run.reason != why_promoted(run)
