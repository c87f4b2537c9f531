"""The log line of a run that changed: every outcome has an action of its own, by which alerts and queries count it."""

import logging

from shared.log_actions import LogAction, get_log, log_fields
from shared.records.run import Run
from shared.records.run_states import RunState

log = get_log("run")

_ACTIONS = {
    RunState.PROMOTED: LogAction.RUN_PROMOTED,
    RunState.REJECTED: LogAction.RUN_REJECTED,
    RunState.UNCHANGED: LogAction.RUN_UNCHANGED,
    RunState.SUPERSEDED: LogAction.RUN_SUPERSEDED,
    RunState.BATCHED: LogAction.RUN_BATCHED,
    RunState.QUARANTINED: LogAction.RUN_QUARANTINED,
    RunState.CANCELLED: LogAction.RUN_CANCELLED,
    RunState.FAILED: LogAction.RUN_FAILED,
    RunState.ROLLED_BACK: LogAction.RUN_ROLLED_BACK,
    RunState.TIMED_OUT: LogAction.RUN_TIMED_OUT,
}


def log_change(run: Run) -> None:
    """Log the state and the reason of a run that was written."""
    level = logging.WARNING if run.state in {RunState.FAILED, RunState.ROLLED_BACK} else logging.INFO
    log.log(
        level,
        "run %s of %s: %s%s",
        run.run_id[:8],
        run.blob,
        run.state,
        f": {run.reason}" if run.reason else "",
        extra=log_fields(_ACTIONS.get(run.state, LogAction.RUN_MOVED), run_id=run.run_id, route=run.route),
    )
