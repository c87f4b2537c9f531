"""The job at the service: start it once its id is saved, ask how it is, give it up when it is overdue."""

import logging
from datetime import timedelta

from shared.errors import ConfigError, NotFoundError, PermanentError, RetryableError
from shared.pipeline.desk import RunDesk
from shared.ports import JobState
from shared.runs import RunState

log = logging.getLogger("landfall.training")

MESSAGE_GRACE_S = 20  # how long the queue message has before the tick evaluates the run itself


def start(desk: RunDesk) -> bool:
    """Start the job whose id is saved; started already counts as started now."""
    run = desk.run
    try:
        desk.services.training.start(desk.route.training, run.job_id)
    except NotFoundError:
        # The service drops a job that nobody starts (protocol 0, 3): it is dead, so a new attempt cannot double it.
        desk.move(
            RunState.LANDED,
            f"job {run.job_id} is gone from the service, which drops jobs that are not started; trying again",
            attempt=run.attempt + 1,
            job_id="",
        )
        return True
    desk.move(RunState.STARTED)
    return True


def poll(desk: RunDesk) -> bool:
    """Ask the service about the job. Nothing is written while nothing changes."""
    run, now = desk.run, desk.now()
    try:
        status = desk.services.training.status(desk.route.training, run.job_id)
    except (RetryableError, ConfigError, PermanentError) as error:
        # Even "no such job" is not a verdict: the job may be behind a service that is being restored.
        if run.reason != str(error):
            desk.save(run.evolve(now, reason=str(error)))
        return False
    match status.state:
        case JobState.FINISHED:
            desk.move(
                RunState.TRAINED,
                not_before=now + timedelta(seconds=MESSAGE_GRACE_S),
                deadline_at=now + timedelta(seconds=desk.route.deadlines.running),
            )
            return True
        case JobState.FAILED:
            desk.end(RunState.FAILED, f"the job failed: {status.details or 'the service gives no details'}")
            return True
        case JobState.CANCELLED:
            desk.end(RunState.CANCELLED, "the job was cancelled at the service")
            return True
        case JobState.RUNNING if run.step != "running":
            deadline = now + timedelta(seconds=desk.route.deadlines.running)
            desk.save(run.evolve(now, step="running", reason="", deadline_at=deadline))
        case JobState.UNKNOWN:
            log.warning("run %s: job %s has the unknown status %r", run.run_id[:8], run.job_id, status.code)
        case _ if run.reason:
            desk.save(run.evolve(now, reason=""))
    return False


def give_up(desk: RunDesk) -> bool:
    """End a run whose job did not finish in time; the job is cancelled, so that it cannot finish later."""
    run = desk.run
    running = run.step == "running"
    waited_for = "the job was still running at its deadline" if running else "the job was not running by its deadline"
    last = f"; last: {run.reason}" if run.reason else ""
    if run.job_id:
        try:
            desk.services.training.cancel(desk.route.training, run.job_id)
        except (RetryableError, PermanentError, ConfigError) as error:
            waited_for += f"; cancelling it failed: {error}"
    desk.end(RunState.TIMED_OUT, waited_for + last)
    return True


def time_out(desk: RunDesk) -> bool:
    """End a run that was not promoted in time; nothing was sent to the serving endpoint."""
    run = desk.run
    desk.end(
        RunState.TIMED_OUT,
        f"the run was still {run.state} at its deadline; the serving endpoint is untouched"
        + (f"; last: {run.reason}" if run.reason else ""),
    )
    return True
