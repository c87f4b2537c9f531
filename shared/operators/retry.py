"""An operator retries a run: the checks that the next attempt is safe and worth a job, then its beginning."""

from shared.blob_path import BlobPath
from shared.errors import LandfallError, NotFoundError, NotNowError
from shared.lifecycle.input_preparation import pins_original
from shared.lifecycle.job_paths import (
    archived_original_path,
    input_path,
    kept_original_path,
    original_path,
    quarantined_path,
)
from shared.lifecycle.second_try import JOB_MAY_RUN, in_vain, retried, why_not
from shared.log_actions import LogAction, get_log, log_fields, log_subject
from shared.operators.operator_runs import find_run, route_of_run, save_operators_run
from shared.ports.training_service import JobState
from shared.records.run import Run
from shared.routes.route import Route
from shared.services import Services

log = get_log("run")

_ENDED = frozenset({JobState.FINISHED, JobState.FAILED, JobState.CANCELLED})


def retry(services: Services, run_id: str, by: str, reason: str = "", *, even_if_running: bool = False) -> Run:
    """Begin the next attempt of a run that ended; the tick continues it.

    `even_if_running`: begin it although the job of the previous attempt may still run; that job is cancelled if
    possible.

    Raises:
        UnknownError: there is no such run, or its route is gone.
        NotNowError: it has not ended, or ended well; its job may still run; newer data is in service; its file is gone.
    """
    stored = find_run(services, run_id)
    run = stored.run
    route, source = _checked(services, run)
    if run.job_id and run.state in JOB_MAY_RUN:
        with log_subject(run_id=run.run_id, route=route.name):
            _end_job(services, route, run, even_if_running=even_if_running)
    note = f"Retried by {by}: {reason}" if reason else f"Retried by {by}."
    return save_operators_run(services, stored, retried(route, run, note, source, services.clock.now()))


def check_retry(services: Services, run: Run) -> None:
    """Check that a run can be retried, apart from a job of it that may still run.

    Raises:
        UnknownError, NotNowError: as `retry`.
    """
    _checked(services, run)


def _checked(services: Services, run: Run) -> tuple[Route, str]:
    """Return the route of a run that can be retried, and the copy that its next attempt begins with."""
    refusal = why_not(run)
    if refusal is not None:
        raise NotNowError(refusal)
    route = route_of_run(services, run)
    refusal = in_vain(route, run, services.endpoints.get(route.name, route.serving.name).record)
    if refusal is not None:
        raise NotNowError(refusal)
    return route, _source(services, route, run)


def _source(services: Services, route: Route, run: Run) -> str:
    """Return the pinned copy to train on or to read again; "" if the original is still there, or in the archive.

    Raises:
        NotNowError: neither exists; a newer version of the blob has a run of its own.
    """
    if run.batch is not None and run.forgotten:
        return ""  # its set is joined from the parts of the other files
    pinned = run.original_blob if pins_original(route) else run.input_blob
    if pinned and _is_complete(services, run, pinned):
        return pinned
    version = services.blobs.version(run.container, run.blob)
    if version is not None and version.etag == run.etag:
        return ""
    # The previous attempt may have pinned it and ended before it submitted a job.
    originals = [original_path(run), quarantined_path(run), kept_original_path(run)]
    copies = originals if pins_original(route) else [input_path(run)]
    for copy in copies:
        if _is_complete(services, run, copy):
            return copy
    if _is_complete(services, run, archived_original_path(run)):
        return ""  # the attempt pins it from there
    what = "was overwritten" if version is not None else "was deleted"
    raise NotNowError(
        f"the file of run {run.run_id} {what}, and no copy of this version was pinned: upload the file again; it gets a"
        " run of its own"
    )


def _is_complete(services: Services, run: Run, pinned: str) -> bool:
    """Return whether a pinned copy is complete: a copy that failed half-way is shorter than the file."""
    copy = services.blobs.version(*BlobPath.parse(pinned))
    return copy is not None and copy.size == run.size


def _end_job(services: Services, route: Route, run: Run, *, even_if_running: bool) -> None:
    """Make sure that the previous attempt's job does not run and never will: two jobs at once are never paid for.

    Raises:
        NotNowError: it runs, or its state is unknown, and `even_if_running` is false.
    """
    try:
        status = services.training.status(route.training, run.job_id)
    except NotFoundError:
        return
    except LandfallError as error:
        problem = f"the state of job {run.job_id} could not be read: {error}"
    else:
        if status.state in _ENDED:
            return
        if status.state is JobState.NOT_STARTED:  # an unstarted job costs nothing, but a late start would
            services.training.cancel(route.training, run.job_id)
            return
        problem = f"job {run.job_id} of the previous attempt is still {status.code or status.state.value}"
    if not even_if_running:
        raise NotNowError(f"run {run.run_id} cannot be retried yet (--even-if-running retries it anyway): {problem}")
    try:
        services.training.cancel(route.training, run.job_id)
    except LandfallError as error:
        log.warning(
            "run %s is retried although its earlier job may still run: %s",
            run.run_id[:8],
            error,
            extra=log_fields(LogAction.JOB_MAY_RUN_ON),
        )
