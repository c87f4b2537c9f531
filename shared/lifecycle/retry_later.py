"""What an error means for a run that it does not end: a reason for people, and a later try."""

from datetime import datetime
from typing import Unpack

from shared.errors import ConflictError, LandfallError, retry_after_s
from shared.lifecycle.observations import Observation
from shared.records.run import Run, RunChanges, RunFields

MAX_CONFLICTS_AT_ONCE = 5


def error_text(error: Exception) -> str:
    """Return an error's text; of one that nobody expected only the kind, since its text may quote anything."""
    return str(error) if isinstance(error, LandfallError) else f"internal error: {type(error).__name__}"


def retry_after_error(run: Run, error: Exception, now: datetime, **changes: Unpack[RunFields]) -> Run:
    """Return the run after a step that failed: the same step is tried again, as late as the service asked for.

    Somebody else who wrote at the same moment is done by then: the first few times there is no pause after that.
    """
    if not isinstance(error, ConflictError) or run.consecutive_failures >= MAX_CONFLICTS_AT_ONCE:
        return run.retry_later(now, error_text(error), retry_after_s(error), **changes)
    at_once: RunChanges = {
        "reason": error_text(error),
        "consecutive_failures": run.consecutive_failures + 1,
        "not_before": now,
        **changes,
    }
    return run.evolve(now, **at_once)


def unexpected(run: Run, observation: Observation) -> ValueError:
    """Return the error about an observation that cannot be made in this state: a bug."""
    return ValueError(f"a run that is {run.state} ({run.step}) cannot observe {type(observation).__name__}")
