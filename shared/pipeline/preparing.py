"""From a claimed version to a submitted job: pin the input, submit, save the job's id."""

import logging
from datetime import timedelta

from shared.errors import BlobChangedError, StaleWriteError
from shared.pipeline.desk import RunDesk
from shared.pipeline.services import QUARANTINE, TRAINING
from shared.ports import BlobVersion, CopyState, JobRequest
from shared.runs import Run, RunState

log = logging.getLogger("landfall.landing")

NAME_TAIL = 800  # characters of a bad file's name that its copy keeps: a blob's name may have 1,024
COPY_PAUSE_S = 5  # between two looks at a server-side copy that takes its time


def pin_and_submit(desk: RunDesk) -> bool:
    """Pin the claimed version, submit its job, save the job's id. Each part may be repeated."""
    if desk.run.size == 0:
        return _quarantine(desk, "the file is empty (0 bytes): there is nothing to train on")
    input_path = f"{TRAINING}/{desk.run.job_folder}/input.csv"
    try:
        copied = _pin(desk, input_path)
    except BlobChangedError:
        desk.end(
            RunState.SUPERSEDED,
            "the file was overwritten or deleted before this version could be pinned;"
            " if it was overwritten, the new version has its own run",
        )
        return True
    if copied is CopyState.PENDING:
        now = desk.now()
        desk.save(desk.run.evolve(now, step="pinning", not_before=now + timedelta(seconds=COPY_PAUSE_S)))
        return False
    job_id = desk.services.training.submit(
        desk.route.training,
        JobRequest(
            input_path=input_path,
            model_path=model_path(desk.run),
            evaluation_path=f"{TRAINING}/{desk.run.job_folder}/evaluation.csv",
        ),
    )
    try:
        desk.move(RunState.SUBMITTED, job_id=job_id, input_blob=input_path)
    except StaleWriteError:
        # Another worker saved its own job. This one was never started and costs nothing, but need not linger.
        log.info("run %s: job %s lost the race and is dropped", desk.run.run_id[:8], job_id)
        desk.services.training.cancel(desk.route.training, job_id)
        raise
    return True


def model_path(run: Run) -> str:
    """Return where the job of this attempt writes its model: container/path."""
    return f"{TRAINING}/{run.job_folder}/model.ilearner"


def _pin(desk: RunDesk, input_path: str) -> CopyState:
    """Copy the claimed version to where the job reads it; a later attempt copies what the first one pinned."""
    run = desk.run
    if run.input_blob:
        return desk.services.blobs.copy(run.input_blob, input_path)
    return desk.services.blobs.copy_version(_version(run), *input_path.split("/", 1))


def _quarantine(desk: RunDesk, reason: str) -> bool:
    """Copy a bad file to the quarantine container; the original stays where it is."""
    run = desk.run
    try:
        desk.services.blobs.copy_version(_version(run), QUARANTINE, f"{run.route}/{run.run_id}/{run.blob[-NAME_TAIL:]}")
    except BlobChangedError:
        reason += "; it was overwritten or deleted before it could be copied to quarantine"
    desk.end(RunState.QUARANTINED, reason)
    return True


def _version(run: Run) -> BlobVersion:
    return BlobVersion(run.container, run.blob, run.etag, run.size, run.landed_at)
