"""Which run has a training set: an equal one is not trained again, however it came about.

The row of a set names the run that claimed it. What that run came to decides whether it still has the set, so nothing
is to be given back when a run fails.
"""

from shared.ports.run_store import RunStore
from shared.records.run import Run
from shared.records.run_states import RunState
from shared.records.run_steps import LandedStep

# A run with one of these ends was not trained to a verdict, so its set may be trained by another run.
_GAVE_UP = frozenset({RunState.FAILED, RunState.TIMED_OUT, RunState.CANCELLED})

# Only in these steps of `landed` may a run without a training set have claimed one.
_CLAIMS = frozenset({LandedStep.PREPARING, LandedStep.ASSEMBLING})


def claim_set(runs: RunStore, run: Run, sha256: str) -> Run | None:
    """Claim the set of this content for the run; return the run that has it already, None if it is this one.

    Raises:
        StaleWriteError: another run claimed it at the same moment.
    """
    before = runs.trained_set(run.route, sha256)
    # A claim of the run's own is written again: whoever found it given up at this moment loses the write.
    if before is not None and before.run_id != run.run_id:
        holder = runs.get(run.route, before.run_id)
        if holder is not None and _keeps(holder.run):
            return holder.run
    runs.claim_set(run.route, sha256, run.run_id, before)
    return None


def _keeps(holder: Run) -> bool:
    """Tell whether a run trains on the set that it claimed, or has trained on it.

    A run that is retried reads its file again and claims what that gives; it may be refused or superseded before.
    """
    if holder.terminal:
        return holder.state not in _GAVE_UP and bool(holder.job_id)
    if holder.state in {RunState.WAITING, RunState.LANDED}:
        return holder.training_set is not None or holder.step in _CLAIMS
    return True
