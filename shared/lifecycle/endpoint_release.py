"""How a run leaves its endpoint: it gives lease and intent back, and then gets its outcome."""

from datetime import datetime, timedelta
from typing import Unpack

from shared.errors import PermanentError
from shared.lifecycle.effects import Next, ReleaseEndpoint
from shared.lifecycle.retry_later import error_text, retry_after_error
from shared.records.run import Run, RunFields
from shared.records.run_states import RunState

RESEND_S = 15  # seconds that a worker has for its PATCH before another one sends the same again, which is harmless


def released(run: Run, release: ReleaseEndpoint, now: datetime) -> Run:
    """Return the run with the outcome that it was given before it gave the endpoint back."""
    changes: RunFields = release.changes if release.changes is not None else {}
    return run.transitioned(now, release.outcome, release.reason, **changes)


def not_released(run: Run, release: ReleaseEndpoint, error: Exception, now: datetime) -> Next:
    """Try again until the deadline to give the endpoint back; past it the run ends without.

    A lease ends by itself, and the sweep takes away what a run left that has ended.
    """
    if not run.overdue(now) or not run.consecutive_failures:
        return retry_after_error(run, error, now), None
    left = f"endpoint not given back, its lease ends by itself: {error_text(error)}"
    return released(run, release._replace(reason=f"{release.reason}; {left}"), now), None


def still_to_release(run: Run, release: ReleaseEndpoint, error: Exception, now: datetime) -> Next:
    """Go on giving the endpoint back, with the reason of the outcome; past the deadline the run ends without."""
    if run.overdue(now) and run.consecutive_failures:
        return not_released(run, release, error, now)
    later = now + timedelta(seconds=RESEND_S)
    return run.evolve(now, consecutive_failures=run.consecutive_failures + 1, not_before=later), None


def failed_untouched(run: Run, error: Exception, now: datetime, **changes: Unpack[RunFields]) -> Next:
    """Say what an error means as long as nothing was sent to the serving endpoint.

    `changes` are further fields that the run is written with.
    """
    if not isinstance(error, PermanentError) and not run.overdue(now):
        return retry_after_error(run, error, now, **changes), None
    ending = run.evolve(now, **changes) if changes else run
    if isinstance(error, PermanentError):
        return ending, ReleaseEndpoint(RunState.FAILED, str(error))
    return timed_out(ending, error_text(error))


def timed_out(run: Run, last: str) -> Next:
    """End a run that was not promoted in time; nothing was sent to the serving endpoint."""
    why = f"the run was still {run.state} at its deadline; the serving endpoint is untouched"
    if last:
        why = f"{why}; last: {last}"
    return run, ReleaseEndpoint(RunState.TIMED_OUT, why)
