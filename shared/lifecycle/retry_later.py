"""Errors that do not end a run: the reason for people, and the time of the next try."""

from datetime import datetime
from typing import Unpack

from shared.errors import ConflictError, LandfallError, retry_after_s
from shared.lifecycle.observations import Observation
from shared.records.run import Run, RunChanges, RunFields

MAX_CONFLICTS_AT_ONCE = 5


def error_text(error: Exception) -> str:
    """Return an error's text; of an unexpected error only its class, since its text may quote a secret."""
    return str(error) if isinstance(error, LandfallError) else f"internal error: {type(error).__name__}"


def retry_after_error(run: Run, error: Exception, now: datetime, **changes: Unpack[RunFields]) -> Run:
    """Return the run after a failed step. The step is tried again after a growing pause, or the service's longer one.

    The first few conflicts cause no pause: the other writer is done by then.
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
    """Return the error for an observation that is impossible in this state: a bug."""
    return ValueError(f"A run that is {run.state} ({run.step}) cannot observe {type(observation).__name__}.")
