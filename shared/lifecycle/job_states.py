"""From a claimed version to a finished job: landed, submitted, started."""

from datetime import datetime, timedelta

from shared.errors import PermanentError, retry_after_s
from shared.lifecycle.effects import (
    CancelJob,
    Effect,
    GetJobStatus,
    Next,
    PinInput,
    QuarantineInput,
    StartJob,
    SubmitJob,
)
from shared.lifecycle.input_preparation import COPIED, GONE, LANDING_LEASE_S, prepare
from shared.lifecycle.job_paths import output_paths
from shared.lifecycle.observations import (
    Claimed,
    EffectFailed,
    InputArchived,
    InputCopyPending,
    InputMissing,
    InputPinned,
    JobCancelled,
    JobNotFound,
    JobStarted,
    JobStatusRead,
    JobSubmitted,
    Observation,
    Quarantined,
    TimerFired,
)
from shared.lifecycle.retry_later import error_text, retry_after_error, unexpected
from shared.lifecycle.run_updates import reason_changed
from shared.ports import JobRequest, JobState, JobStatus
from shared.records.run import Run
from shared.records.run_states import RunState
from shared.records.run_steps import LandedStep, StartedStep, SubmittedStep, WaitingStep
from shared.routes.route import Route

COPY_PAUSE_S = 5  # between two looks at a server-side copy that takes its time
MESSAGE_GRACE_S = 20  # how long the queue message has before the tick evaluates the run itself
START_AGAIN_S = 60  # how long a started job may say that it is not, before the start is sent again: it may be queued
MAX_START_AGAIN_S = 3600
LOST_S = 600  # a job that the service does not know for so long is dead; it might be restored until then
CANCEL_FOR_S = 3600  # how long past its deadline a job that can neither be asked nor cancelled is waited for


def landed(route: Route, run: Run, effect: Effect | None, observation: Observation, now: datetime) -> Next:
    """Pin the claimed version, submit its job, save the job's id: only a saved id is ever started."""
    match effect, observation:
        case _, Claimed():
            return run, prepare(run)
        case _, TimerFired():
            # A doubled submit would leave an orphan, so the step is claimed first.
            return run.evolve(now, not_before=now + timedelta(seconds=LANDING_LEASE_S)), prepare(run)
        case QuarantineInput(reason), Quarantined(copied):
            if not copied:
                reason += "; it was overwritten or deleted before it could be copied to quarantine"
            return run.transitioned(now, RunState.QUARANTINED, reason), None
        case PinInput(target), InputPinned():
            return run, SubmitJob(JobRequest(target, *output_paths(run), route.deadlines.job_access_s))
        case _, InputCopyPending():
            return _still_copied(run, now)
        case _, InputArchived(reason):
            return run.transitioned(now, RunState.WAITING, reason, step=WaitingStep.ARCHIVED, deadline_at=None), None
        case _, InputMissing():
            return run.transitioned(now, RunState.SUPERSEDED, GONE), None
        case SubmitJob(request), JobSubmitted(job_id):
            saved = run.transitioned(now, RunState.SUBMITTED, job_id=job_id, input_blob=request.input_path)
            return saved, StartJob(job_id)
        case _, EffectFailed(error):
            if isinstance(error, PermanentError):
                return run.transitioned(now, RunState.FAILED, str(error)), None
            if run.overdue(now):
                return _timed_out(run, now, f"the job was not running by its deadline; last: {error_text(error)}")
            return retry_after_error(run, error, now), None
    raise unexpected(run, observation)


def submitted(route: Route, run: Run, effect: Effect | None, observation: Observation, now: datetime) -> Next:
    """Start the job whose id is saved; one that is overdue is asked first, for it may have been started."""
    del effect
    match observation:
        case TimerFired():
            return run, GetJobStatus(run.job_id) if run.overdue(now) else StartJob(run.job_id)
        case JobStarted():
            return run.transitioned(now, RunState.STARTED, start_sent_at=now), None
        case JobNotFound():
            # The service drops a job that nobody starts (protocol 0, 3): it is dead, so a new attempt cannot double it.
            why = f"job {run.job_id} is gone from the service, which drops jobs that are not started"
            if run.overdue(now):
                return _next_attempt(route, run, now, why)
            return _again(run, now, f"{why}; trying again", run.deadline_at)
        case JobStatusRead(status):
            if status.state is JobState.CANCELLED and run.step == SubmittedStep.CANCELLING:
                return _next_attempt(route, run, now)
            if status.state is JobState.NOT_STARTED:
                return run.evolve(now, step=SubmittedStep.CANCELLING), CancelJob(run.job_id)
            return run.transitioned(now, RunState.STARTED, start_sent_at=now), None
        case JobCancelled():
            return _next_attempt(route, run, now)
        case EffectFailed(error):
            if isinstance(error, PermanentError):
                return run.transitioned(now, RunState.FAILED, str(error)), None
            if _waited_too_long(run, now):
                return _given_up(run, error, now)
            return retry_after_error(run, error, now), None
    raise unexpected(run, observation)


def started(route: Route, run: Run, effect: Effect | None, observation: Observation, now: datetime) -> Next:
    """Ask the service about the job. Nothing is written while nothing changes."""
    del effect
    match observation:
        case TimerFired():
            return run, GetJobStatus(run.job_id)
        case JobStarted():
            return run, None
        case JobStatusRead(status):
            return _job_status_read(route, run, status, now)
        case JobNotFound(reason):
            if run.step == StartedStep.CANCELLING:
                return _next_attempt(route, run, now)
            if run.job_missing_since is None:
                return run.evolve(now, job_missing_since=now, reason=reason), None
            if now - run.job_missing_since < timedelta(seconds=LOST_S) and not run.overdue(now):
                return run, None  # not a verdict yet: the job may be behind a service that is being restored
            return _next_attempt(route, run, now, f"the service does not know job {run.job_id} any more")
        case JobCancelled():
            return _next_attempt(route, run, now)
        case EffectFailed(error):
            if _waited_too_long(run, now):
                return _given_up(run, error, now)
            if retry_after_s(error) > 0:
                return retry_after_error(run, error, now), None
            return reason_changed(run, error_text(error), now), None
    raise unexpected(run, observation)


def _still_copied(run: Run, now: datetime) -> Next:
    if run.overdue(now):
        return _timed_out(run, now, f"the job was not running by its deadline; last: {COPIED}")
    later = now + timedelta(seconds=COPY_PAUSE_S)
    return run.evolve(now, step=LandedStep.PINNING, reason=COPIED, not_before=later), None


def _job_status_read(route: Route, run: Run, status: JobStatus, now: datetime) -> Next:
    later = now + timedelta(seconds=route.deadlines.running)
    match status.state:
        case JobState.FINISHED:
            return _finished(run, status, later, now), None
        case JobState.FAILED:
            details = status.details or "the service gives no details"
            return run.transitioned(now, RunState.FAILED, f"the job failed: {details}"), None
        case JobState.CANCELLED if run.step == StartedStep.CANCELLING:
            return _next_attempt(route, run, now)
        case JobState.CANCELLED:
            return run.transitioned(now, RunState.CANCELLED, "the job was cancelled at the service"), None
        case _ if run.overdue(now):
            return _cancelling(run, now), CancelJob(run.job_id)
        case JobState.NOT_STARTED if run.step is None and _start_is_lost(run, now):
            started_again = run.evolve(now, start_sent_at=now, reason=_started_again(run), job_missing_since=None)
            return started_again, StartJob(run.job_id)  # the same id: it cannot run twice
        case JobState.NOT_STARTED if run.reason == _started_again(run) and run.job_missing_since is None:
            return run, None
        case JobState.RUNNING if run.step != StartedStep.RUNNING:
            running = run.evolve(now, step=StartedStep.RUNNING, reason="", deadline_at=later, job_missing_since=None)
            return running, None
        case JobState.UNKNOWN:
            why = f"the job has the unknown status {status.code!r}, which counts as running"
            return (run if run.reason == why else run.evolve(now, reason=why, job_missing_since=None)), None
        case _ if run.reason or run.job_missing_since is not None:
            return run.evolve(now, reason="", job_missing_since=None), None
    return run, None


def _finished(run: Run, status: JobStatus, deadline: datetime, now: datetime) -> Run:
    return run.transitioned(
        now,
        RunState.TRAINED,
        not_before=now + timedelta(seconds=MESSAGE_GRACE_S),
        deadline_at=deadline,
        job_missing_since=None,
        notes=status.notes,
    )


def _cancelling(run: Run, now: datetime) -> Run:
    """Return the run whose job is overdue: that it is to be cancelled is written first."""
    reason = run.reason
    if run.step == StartedStep.RUNNING:
        reason = "the job was still running at its deadline"
    elif run.step != StartedStep.CANCELLING:
        reason = "the job was not running by its deadline"
    return run.evolve(now, step=StartedStep.CANCELLING, reason=reason, job_missing_since=None)


def _start_is_lost(run: Run, now: datetime) -> bool:
    """Tell whether a job that is not running should be started again: after a minute, then ever less often.

    `not_before` is still that of the first start, so each pause is as long as all before it, up to an hour.
    """
    sent_at = run.start_sent_at or run.not_before
    since_s = (sent_at - run.not_before).total_seconds()
    pause_s = min(max(since_s, START_AGAIN_S), MAX_START_AGAIN_S)
    return now - sent_at >= timedelta(seconds=pause_s)


def _started_again(run: Run) -> str:
    return f"job {run.job_id} is still not running: it may be queued, or its start was lost, so it was started again"


def _next_attempt(route: Route, run: Run, now: datetime, why: str = "") -> Next:
    """Train once more, now that the job is dead for certain; after the last attempt the run ends."""
    why = why or run.reason or "the job was not running by its deadline"
    if run.attempt >= route.attempts:
        return _timed_out(run, now, f"{why}; it was attempt {run.attempt}, and attempts = {route.attempts}")
    return _again(run, now, f"{why}; trying again", now + timedelta(seconds=route.deadlines.not_started))


def _again(run: Run, now: datetime, why: str, deadline_at: datetime | None) -> Next:
    next_attempt = run.transitioned(
        now,
        RunState.LANDED,
        why,
        attempt=run.attempt + 1,
        job_id="",
        job_missing_since=None,
        notes=(),
        not_before=now + timedelta(seconds=LANDING_LEASE_S),
        deadline_at=deadline_at,
    )
    return next_attempt, prepare(next_attempt)


def _waited_too_long(run: Run, now: datetime) -> bool:
    """Tell whether a job could not even be cancelled for so long that its run ends."""
    return run.deadline_at is not None and now >= run.deadline_at + timedelta(seconds=CANCEL_FOR_S)


def _given_up(run: Run, error: Exception, now: datetime) -> Next:
    """End a run whose job can neither be asked nor cancelled: it is not trained again, since it might still run."""
    why = "the job was not finished by its deadline and can neither be asked nor cancelled"
    return _timed_out(run, now, f"{why}; last: {error_text(error)}")


def _timed_out(run: Run, now: datetime, why: str) -> Next:
    return run.transitioned(now, RunState.TIMED_OUT, why), None
