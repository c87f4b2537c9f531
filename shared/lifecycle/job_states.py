"""The states `landed`, `submitted` and `started`: from a claimed version to a finished job."""

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
from shared.lifecycle.input_observations import InputArchived, InputCopyPending, InputMissing, InputPinned, Quarantined
from shared.lifecycle.input_preparation import COPIED, GONE, LANDING_LEASE_S, prepare
from shared.lifecycle.intake_states import INTAKE_STEPS, assembled_again, pinned, preparing_input
from shared.lifecycle.observations import (
    Claimed,
    EffectFailed,
    IntakeAnnounced,
    JobCancelled,
    JobNotFound,
    JobStarted,
    JobStatusRead,
    JobSubmitted,
    Observation,
    TimerFired,
)
from shared.lifecycle.reasons import with_sentence
from shared.lifecycle.retry_later import error_text, retry_after_error, unexpected
from shared.lifecycle.run_updates import reason_changed
from shared.ports.training_service import JobState, JobStatus
from shared.records.run import Run
from shared.records.run_states import RunState
from shared.records.run_steps import LandedStep, StartedStep, SubmittedStep, WaitingStep
from shared.routes.route import Route

COPY_PAUSE_S = 5  # between two checks of a server-side copy that is not finished
MESSAGE_GRACE_S = 20  # the queue message may start the evaluation within it; then the tick does
START_AGAIN_S = (
    60  # a job that is still not started after it gets its start again: it may be queued, or the start was lost
)
MAX_START_AGAIN_S = 3600
LOST_S = 600  # a job that the service does not know for so long is lost; a service may be restored until then
CANCEL_FOR_S = 3600  # past the deadline of a job that can neither be read nor cancelled; then its run ends

NOT_RUNNING = "The job was not running by its deadline."
NEXT_ATTEMPT = "The next attempt begins."


def landed(route: Route, run: Run, effect: Effect | None, observation: Observation, now: datetime) -> Next:
    """Pin the claimed version, submit its job, save the job's id: no job starts before its id is saved."""
    if run.step in INTAKE_STEPS:
        return preparing_input(route, run, effect, observation, now)
    match effect, observation:
        case _, IntakeAnnounced():
            return run, None  # the message is late
        case _, Claimed():
            return run, prepare(route, run)
        case _, TimerFired():
            # A second submit would leave an orphaned job, so the step is claimed first.
            return run.evolve(now, not_before=now + timedelta(seconds=LANDING_LEASE_S)), prepare(route, run)
        case QuarantineInput(reason), Quarantined(copied):
            if not copied:
                reason = with_sentence(reason, "It was overwritten or deleted before it could be copied to quarantine.")
            return run.transitioned(now, RunState.QUARANTINED, reason), None
        case PinInput(target), InputPinned():
            return pinned(route, run, target, now)
        case _, InputCopyPending():
            return _still_copied(run, now)
        case _, InputArchived(reason):
            return run.transitioned(now, RunState.WAITING, reason, step=WaitingStep.ARCHIVED, deadline_at=None), None
        case _, InputMissing() if run.training_set is not None:
            return assembled_again(run, now), None
        case _, InputMissing():
            return run.transitioned(now, RunState.SUPERSEDED, GONE), None
        case SubmitJob(request), JobSubmitted(job_id):
            saved = run.transitioned(now, RunState.SUBMITTED, job_id=job_id, input_blob=request.input_path)
            return saved, StartJob(job_id)
        case _, EffectFailed(error):
            if isinstance(error, PermanentError):
                return run.transitioned(now, RunState.FAILED, str(error)), None
            if run.overdue(now):
                return _timed_out(run, now, f"{NOT_RUNNING} Last error: {error_text(error)}")
            return retry_after_error(run, error, now), None
    raise unexpected(run, observation)


def submitted(route: Route, run: Run, effect: Effect | None, observation: Observation, now: datetime) -> Next:
    """Start the job whose id is saved; the status of an overdue job is read first, since it may have been started."""
    del effect
    match observation:
        case TimerFired():
            return run, GetJobStatus(run.job_id) if run.overdue(now) else StartJob(run.job_id)
        case JobStarted():
            return run.transitioned(now, RunState.STARTED, start_sent_at=now), None
        case JobNotFound():
            # The service drops a job that is not started (protocol 0, 3): a new attempt cannot run beside it.
            why = f"The service no longer has job {run.job_id}: it drops jobs that are not started."
            if run.overdue(now):
                return _next_attempt(route, run, now, why)
            return _again(route, run, now, with_sentence(why, NEXT_ATTEMPT), run.deadline_at)
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
    """Read the job's status. Nothing is written while nothing changes."""
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
                return run, None  # no verdict yet: the service may be in the middle of a restore
            return _next_attempt(route, run, now, f"The service no longer knows job {run.job_id}.")
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
        return _timed_out(run, now, f"{NOT_RUNNING} Last reason: {COPIED}")
    later = now + timedelta(seconds=COPY_PAUSE_S)
    return run.evolve(now, step=LandedStep.PINNING, reason=COPIED, not_before=later), None


def _job_status_read(route: Route, run: Run, status: JobStatus, now: datetime) -> Next:
    later = now + timedelta(seconds=route.deadlines.running)
    match status.state:
        case JobState.FINISHED:
            return _finished(run, status, later, now), None
        case JobState.FAILED:
            details = status.details or "the service gives no details."
            return run.transitioned(now, RunState.FAILED, f"The job failed: {details}"), None
        case JobState.CANCELLED if run.step == StartedStep.CANCELLING:
            return _next_attempt(route, run, now)
        case JobState.CANCELLED:
            return run.transitioned(now, RunState.CANCELLED, "The job was cancelled at the service."), None
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
            why = f"The job has the unknown status {status.code!r}, which counts as running."
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
    """Return the run whose job is overdue. The step is written first, then the job is cancelled."""
    reason = run.reason
    if run.step == StartedStep.RUNNING:
        reason = "The job was still running at its deadline."
    elif run.step != StartedStep.CANCELLING:
        reason = NOT_RUNNING
    return run.evolve(now, step=StartedStep.CANCELLING, reason=reason, job_missing_since=None)


def _start_is_lost(run: Run, now: datetime) -> bool:
    """Tell whether a job that is not running should be started again: after a minute, then after growing pauses.

    `not_before` is still that of the first start, so each pause is as long as all earlier ones together, up to an hour.
    """
    sent_at = run.not_before if run.start_sent_at is None else run.start_sent_at
    since_s = (sent_at - run.not_before).total_seconds()
    pause_s = min(max(since_s, START_AGAIN_S), MAX_START_AGAIN_S)
    return now - sent_at >= timedelta(seconds=pause_s)


def _started_again(run: Run) -> str:
    return f"Job {run.job_id} is still not running: it may be queued, or its start was lost. It was started again."


def _next_attempt(route: Route, run: Run, now: datetime, why: str = "") -> Next:
    """Begin the next attempt, now that the job can no longer run; after the last attempt the run ends."""
    why = why or run.reason or NOT_RUNNING
    if run.attempt >= route.attempts:
        last = f"It was attempt {run.attempt}, and routes.toml has attempts = {route.attempts}."
        return _timed_out(run, now, with_sentence(why, last))
    return _again(
        route, run, now, with_sentence(why, NEXT_ATTEMPT), now + timedelta(seconds=route.deadlines.not_started)
    )


def _again(route: Route, run: Run, now: datetime, why: str, deadline_at: datetime | None) -> Next:
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
    return next_attempt, prepare(route, next_attempt)


def _waited_too_long(run: Run, now: datetime) -> bool:
    """Tell whether a job could not be cancelled for so long that its run ends."""
    return run.deadline_at is not None and now >= run.deadline_at + timedelta(seconds=CANCEL_FOR_S)


def _given_up(run: Run, error: Exception, now: datetime) -> Next:
    """End a run whose job can neither be read nor cancelled. The job may still run, so no next attempt begins."""
    why = "The job was not finished by its deadline. Its status cannot be read, and it cannot be cancelled."
    return _timed_out(run, now, f"{why} Last error: {error_text(error)}")


def _timed_out(run: Run, now: datetime, why: str) -> Next:
    return run.transitioned(now, RunState.TIMED_OUT, why), None
