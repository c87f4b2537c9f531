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
from shared.ports import JobRequest, JobState, JobStatus
from shared.records.run import Json, Run, RunState
from shared.routes.route import Route

TRAINING = "training"  # the container of pinned inputs and job outputs, in <run_id>/<attempt>/
LANDING_LEASE_S = 60  # how long the worker that claimed a run, or its preparation, has before another takes over
COPY_PAUSE_S = 5  # between two looks at a server-side copy that takes its time
MESSAGE_GRACE_S = 20  # how long the queue message has before the tick evaluates the run itself
START_AGAIN_S = 60  # how long a started job may say that it is not, before the start is sent again: it may be queued
START_AGAIN_MOST_S = 3600
LOST_S = 600  # a job that the service does not know for so long is dead; it might be restored until then
CANCEL_FOR_S = 3600  # how long past its deadline a job that can neither be asked nor cancelled is waited for
CANCELLING = "cancelling"  # written before the cancellation, so that a cancelled job is known to be our own doing
RUNNING = "running"
PINNING = "pinning"  # the storage is copying the file
ARCHIVED = "archived"  # the file is where nobody can read it
COPIED = "the storage is still copying the file to where its job reads it"
GONE = (
    "the file was overwritten or deleted before this version could be pinned;"
    " if it was overwritten, the new version has its own run"
)
FORMS = (".nh.csv", ".nh.tsv", ".tsv", ".arff", ".csv")  # how an input's name says what it is; else it is the last


def output_paths(run: Run) -> tuple[str, str]:
    """Return where the job of this attempt writes its model and its evaluation: container/path each."""
    folder = f"{TRAINING}/{run.job_folder}"
    return f"{folder}/model.ilearner", f"{folder}/evaluation.csv"


def input_path(run: Run) -> str:
    """Return where the file of this attempt is pinned: container/path.

    The name ends as the file's own where that says how it is read: by tabs, without a header, as ARFF (protocol 1.3).
    """
    name = run.blob.casefold()
    extension = next((one for one in FORMS if name.endswith(one)), FORMS[-1])
    return f"{TRAINING}/{run.job_folder}/input{extension}"


def landed(route: Route, run: Run, seen: Observation, now: datetime) -> Next:
    """Pin the claimed version, submit its job, save the job's id: only a saved id is ever started."""
    match seen:
        case Claimed():
            return run, prepare(run)
        case TimerFired():
            # A doubled submit would leave an orphan, so the step is claimed first.
            return run.evolve(now, not_before=now + timedelta(seconds=LANDING_LEASE_S)), prepare(run)
        case Quarantined(reason, copied):
            lost = "" if copied else "; it was overwritten or deleted before it could be copied to quarantine"
            return run.transitioned(now, RunState.QUARANTINED, reason + lost), None
        case InputPinned(path):
            return run, SubmitJob(JobRequest(path, *output_paths(run), route.deadlines.job_access_s))
        case InputCopyPending():
            return _still_copied(run, now)
        case InputArchived(said):
            return run.transitioned(now, RunState.WAITING, said, step=ARCHIVED, deadline_at=None), None
        case InputMissing():
            return run.transitioned(now, RunState.SUPERSEDED, GONE), None
        case JobSubmitted(job_id, input_path):
            return run.transitioned(now, RunState.SUBMITTED, job_id=job_id, input_blob=input_path), StartJob(job_id)
        case EffectFailed(error):
            if isinstance(error, PermanentError):
                return run.transitioned(now, RunState.FAILED, str(error)), None
            if run.overdue(now):
                return _timed_out(run, now, f"the job was not running by its deadline; last: {error_text(error)}")
            return retry_after_error(run, error, now), None
    raise unexpected(run, seen)


def submitted(route: Route, run: Run, seen: Observation, now: datetime) -> Next:
    """Start the job whose id is saved; one that is overdue is asked first, for it may have been started."""
    match seen:
        case TimerFired():
            return run, GetJobStatus(run.job_id) if run.overdue(now) else StartJob(run.job_id)
        case JobStarted():
            return run.transitioned(now, RunState.STARTED, start_sent_at=now), None
        case JobNotFound():
            # The service drops a job that nobody starts (protocol 0, 3): it is dead, so a new attempt cannot double it.
            why = f"job {run.job_id} is gone from the service, which drops jobs that are not started"
            return _next_attempt(route, run, now, why) if run.overdue(now) else _again(run, now, f"{why}; trying again")
        case JobStatusRead(status):
            if status.state is JobState.CANCELLED and run.step == CANCELLING:
                return _next_attempt(route, run, now)
            if status.state is JobState.NOT_STARTED:
                return run.evolve(now, step=CANCELLING), CancelJob(run.job_id)
            return run.transitioned(now, RunState.STARTED, start_sent_at=now), None
        case JobCancelled():
            return _next_attempt(route, run, now)
        case EffectFailed(error):
            if isinstance(error, PermanentError):
                return run.transitioned(now, RunState.FAILED, str(error)), None
            return _waited_too_long(run, error, now) or (retry_after_error(run, error, now), None)
    raise unexpected(run, seen)


def started(route: Route, run: Run, seen: Observation, now: datetime) -> Next:
    """Ask the service about the job. Nothing is written while nothing changes."""
    match seen:
        case TimerFired():
            return run, GetJobStatus(run.job_id)
        case JobStarted():
            return run, None
        case JobStatusRead(status):
            return _job_seen(route, run, status, now)
        case JobNotFound(said):
            if run.step == CANCELLING:
                return _next_attempt(route, run, now)
            if run.job_missing_since is None:
                return run.evolve(now, job_missing_since=now, reason=said), None
            if now - run.job_missing_since < timedelta(seconds=LOST_S) and not run.overdue(now):
                return run, None  # not a verdict yet: the job may be behind a service that is being restored
            return _next_attempt(route, run, now, f"the service does not know job {run.job_id} any more")
        case JobCancelled():
            return _next_attempt(route, run, now)
        case EffectFailed(error):
            said, pause_s = error_text(error), retry_after_s(error)
            ended = _waited_too_long(run, error, now)
            if ended is not None:
                return ended
            if pause_s > 0:
                return retry_after_error(run, error, now), None
            return (run if run.reason == said else run.evolve(now, reason=said)), None
    raise unexpected(run, seen)


def _still_copied(run: Run, now: datetime) -> Next:
    if run.overdue(now):
        return _timed_out(run, now, f"the job was not running by its deadline; last: {COPIED}")
    later = now + timedelta(seconds=COPY_PAUSE_S)
    return run.evolve(now, step=PINNING, reason=COPIED, not_before=later), None


def prepare(run: Run) -> Effect:
    """Return what is done first for a claimed version."""
    if run.size == 0:
        return QuarantineInput("the file is empty (0 bytes): there is nothing to train on")
    return PinInput(input_path(run))


def _job_seen(route: Route, run: Run, status: JobStatus, now: datetime) -> Next:
    later = now + timedelta(seconds=route.deadlines.running)
    match status.state:
        case JobState.FINISHED:
            grace = now + timedelta(seconds=MESSAGE_GRACE_S)
            known: Json = {"deadline_at": later, "job_missing_since": None, "notes": status.notes}
            return run.transitioned(now, RunState.TRAINED, not_before=grace, **known), None
        case JobState.FAILED:
            details = status.details or "the service gives no details"
            return run.transitioned(now, RunState.FAILED, f"the job failed: {details}"), None
        case JobState.CANCELLED if run.step == CANCELLING:
            return _next_attempt(route, run, now)
        case JobState.CANCELLED:
            return run.transitioned(now, RunState.CANCELLED, "the job was cancelled at the service"), None
        case _ if run.overdue(now):
            was = "still running at" if run.step in {RUNNING, CANCELLING} else "not running by"
            reason = f"the job was {was} its deadline" if run.step != CANCELLING else run.reason
            return run.evolve(now, step=CANCELLING, reason=reason, job_missing_since=None), CancelJob(run.job_id)
        case JobState.NOT_STARTED if not run.step and _start_is_lost(run, now):
            again = run.evolve(now, start_sent_at=now, reason=_started_again(run), job_missing_since=None)
            return again, StartJob(run.job_id)  # the same id: it cannot run twice
        case JobState.NOT_STARTED if run.reason == _started_again(run) and run.job_missing_since is None:
            return run, None
        case JobState.RUNNING if run.step != RUNNING:
            return run.evolve(now, step=RUNNING, reason="", deadline_at=later, job_missing_since=None), None
        case JobState.UNKNOWN:
            said = f"the job has the unknown status {status.code!r}, which counts as running"
            return (run if run.reason == said else run.evolve(now, reason=said, job_missing_since=None)), None
        case _ if run.reason or run.job_missing_since is not None:
            return run.evolve(now, reason="", job_missing_since=None), None
    return run, None


def _start_is_lost(run: Run, now: datetime) -> bool:
    """Tell whether a job that is not running should be started again: after a minute, then ever less often.

    `not_before` is still that of the first start, so each pause is as long as all before it, up to an hour.
    """
    sent_at = run.start_sent_at or run.not_before
    since_s = (sent_at - run.not_before).total_seconds()
    pause_s = min(max(since_s, START_AGAIN_S), START_AGAIN_MOST_S)
    return now - sent_at >= timedelta(seconds=pause_s)


def _started_again(run: Run) -> str:
    return f"job {run.job_id} is still not running: it may be queued, or its start was lost, so it was started again"


def _next_attempt(route: Route, run: Run, now: datetime, why: str = "") -> Next:
    """Train once more, now that the job is dead for certain; after the last attempt the run ends."""
    why = why or run.reason or "the job was not running by its deadline"
    if run.attempt >= route.attempts:
        return _timed_out(run, now, f"{why}; it was attempt {run.attempt}, and attempts = {route.attempts}")
    deadline = now + timedelta(seconds=route.deadlines.not_started)
    return _again(run, now, f"{why}; trying again", deadline_at=deadline)


def _again(run: Run, now: datetime, why: str, **changes: object) -> Next:
    lease = now + timedelta(seconds=LANDING_LEASE_S)
    again = run.transitioned(
        now,
        RunState.LANDED,
        why,
        **{
            "attempt": run.attempt + 1,
            "job_id": "",
            "job_missing_since": None,
            "notes": (),
            "not_before": lease,
            **changes,
        },
    )
    return again, prepare(again)


def _waited_too_long(run: Run, error: Exception, now: datetime) -> Next | None:
    """End a run whose job could not even be cancelled for long: it is not trained again, since it might still run."""
    if run.deadline_at is None or now < run.deadline_at + timedelta(seconds=CANCEL_FOR_S):
        return None
    why = "the job was not finished by its deadline and can neither be asked nor cancelled"
    return _timed_out(run, now, f"{why}; last: {error_text(error)}")


def _timed_out(run: Run, now: datetime, why: str) -> Next:
    return run.transitioned(now, RunState.TIMED_OUT, why), None
