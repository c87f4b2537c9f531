"""An operator has a run tried again: everything is asked first that would make the second try wrong or vain."""

from shared.blob_path import BlobPath
from shared.errors import LandfallError, NotFoundError, NotNowError, StaleWriteError, UnknownError
from shared.lifecycle.job_states import input_path
from shared.lifecycle.second_try import JOB_MAY_RUN, in_vain, retried, why_not
from shared.log_actions import LogAction, get_log, log_fields
from shared.ports import JobState
from shared.records.run import Run
from shared.routes.route import Route
from shared.services import Services

log = get_log("run")

_ENDED = frozenset({JobState.FINISHED, JobState.FAILED, JobState.CANCELLED})


def retry(services: Services, run_id: str, by: str, reason: str = "", *, even_if_running: bool = False) -> Run:
    """Begin the next attempt of a run that ended; the tick goes on with it.

    `even_if_running` lets it begin although the job of the attempt before may still run: it is cancelled if possible.

    Raises:
        UnknownError: there is no such run of a route.
        NotNowError: it has not ended, or ended well; its job may still run; newer data is in service; its file is gone.
    """
    stored = services.runs.find(run_id)
    if stored is None:
        raise UnknownError(f"there is no run {run_id}")
    run = stored.run
    refused = why_not(run)
    if refused is not None:
        raise NotNowError(refused)
    route = services.routes.routes.get(run.route)
    if route is None:
        raise UnknownError(f"run {run_id} is of route {run.route}, which is not in routes.toml any more")
    refused = in_vain(run, services.endpoints.get(route.name, route.serving.name).record)
    if refused is not None:
        raise NotNowError(refused)
    source = _source(services, run)
    if run.job_id and run.state in JOB_MAY_RUN:
        _end_job(services, route, run, even_if_running=even_if_running)
    said = f"tried again by {by}" + (f": {reason}" if reason else "")
    again = retried(route, run, said, source, services.clock.now())
    try:
        return services.save_run(stored, again).run
    except StaleWriteError:
        raise NotNowError(f"run {run_id} was written by somebody else at the same moment: look again") from None


def _source(services: Services, run: Run) -> str:
    """Return the pinned copy to train on; "" if the claimed version itself is still there.

    Raises:
        NotNowError: neither is: another version is another run's.
    """
    if run.input_blob and _is_there(services, run, run.input_blob):
        return run.input_blob
    version = services.blobs.version(run.container, run.blob)
    if version is not None and version.etag == run.etag:
        return ""
    pinned = input_path(run)  # the attempt before may have pinned it, and ended before a job was submitted
    if _is_there(services, run, pinned):
        return pinned
    what = "was overwritten" if version is not None else "is gone"
    raise NotNowError(
        f"the file of run {run.run_id} {what}, and no copy of this version was pinned: drop it anew, it gets a new run"
    )


def _is_there(services: Services, run: Run, pinned: str) -> bool:
    """Tell whether a pinned copy is there as a whole: one that failed half-way is shorter."""
    found = services.blobs.version(*BlobPath.parse(pinned))
    return found is not None and found.size == run.size


def _end_job(services: Services, route: Route, run: Run, *, even_if_running: bool) -> None:
    """Make sure that the job of the attempt before does not run and never will: two at once may never be paid for.

    Raises:
        NotNowError: it still runs, or nobody knows, and the operator did not say to go on all the same.
    """
    try:
        status = services.training.status(route.training, run.job_id)
    except NotFoundError:
        return
    except LandfallError as error:
        problem = f"whether job {run.job_id} still runs could not be asked: {error}"
    else:
        if status.state in _ENDED:
            return
        if status.state is JobState.NOT_STARTED:  # one that nobody started costs nothing, but a late start would
            services.training.cancel(route.training, run.job_id)
            return
        problem = f"job {run.job_id} of the attempt before is still {status.code or status.state.value}"
    if not even_if_running:
        raise NotNowError(f"run {run.run_id} cannot be tried again yet (--even-if-running does it): {problem}")
    try:
        services.training.cancel(route.training, run.job_id)
    except LandfallError as error:
        log.warning(
            "run %s is retried although its earlier job may still run: %s",
            run.run_id[:8],
            error,
            extra=log_fields(LogAction.JOB_MAY_RUN_ON, run_id=run.run_id, route=run.route),
        )
