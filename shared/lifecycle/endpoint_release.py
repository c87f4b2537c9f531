"""The end of a run at its endpoint: it releases lease and intent, then gets its outcome."""

from datetime import datetime, timedelta
from typing import Unpack

from shared.errors import PermanentError
from shared.lifecycle.effects import Effect, Next, ReleaseEndpoint
from shared.lifecycle.observations import EffectFailed, EndpointReleased, Observation
from shared.lifecycle.reasons import with_sentence
from shared.lifecycle.retry_later import error_text, retry_after_error, unexpected
from shared.records.run import Run, RunFields
from shared.records.run_states import RunState

RESEND_S = 15  # seconds after a PATCH until another worker sends the same model again, which is idempotent


def released(run: Run, release: ReleaseEndpoint, now: datetime) -> Run:
    """Return the run with its outcome, after the endpoint was released."""
    changes: RunFields = release.changes if release.changes is not None else {}
    return run.transitioned(now, release.outcome, release.reason, **changes)


def not_released(run: Run, release: ReleaseEndpoint, error: Exception, now: datetime) -> Next:
    """Try until the deadline to release the endpoint; past it the run ends all the same.

    A lease ends by itself, and the sweep removes what an ended run left in the row.
    """
    if not run.overdue(now) or not run.consecutive_failures:
        return retry_after_error(run, error, now), None
    left = f"The lease could not be released and ends by itself. Last error: {error_text(error)}"
    return released(run, release._replace(reason=with_sentence(release.reason, left)), now), None


def released_or_failed(run: Run, effect: Effect | None, observation: Observation, now: datetime) -> Next:
    """Continue a run, before anything was sent to the serving endpoint, whose release or failed effect was observed.

    Raises:
        ValueError: another observation: a bug.
    """
    match effect, observation:
        case ReleaseEndpoint() as release, EndpointReleased():
            return released(run, release, now), None
        case ReleaseEndpoint() as release, EffectFailed(error):
            return not_released(run, release, error, now)
        case _, EffectFailed(error):
            return failed_untouched(run, error, now)
    raise unexpected(run, observation)


def still_to_release(run: Run, release: ReleaseEndpoint, error: Exception, now: datetime) -> Next:
    """Try again to release the endpoint, and keep the reason of the outcome; past the deadline the run ends."""
    if run.overdue(now) and run.consecutive_failures:
        return not_released(run, release, error, now)
    later = now + timedelta(seconds=RESEND_S)
    return run.evolve(now, consecutive_failures=run.consecutive_failures + 1, not_before=later), None


def failed_untouched(run: Run, error: Exception, now: datetime, **changes: Unpack[RunFields]) -> Next:
    """Judge an error before anything was sent to the serving endpoint: the run tries again, fails or times out.

    `changes` are further fields that the run is written with.
    """
    if not isinstance(error, PermanentError) and not run.overdue(now):
        return retry_after_error(run, error, now, **changes), None
    ending = run.evolve(now, **changes) if changes else run
    if isinstance(error, PermanentError):
        return ending, ReleaseEndpoint(RunState.FAILED, str(error))
    return timed_out(ending, error_text(error))


def timed_out(run: Run, last: str) -> Next:
    """End a run that outlived its deadline before anything was sent to the serving endpoint."""
    why = f"The run was still {run.state} at its deadline. The serving endpoint is untouched."
    if last:
        why = f"{why} Last reason: {last}"
    return run, ReleaseEndpoint(RunState.TIMED_OUT, why)
