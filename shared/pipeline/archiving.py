"""Moves the originals of settled runs out of the input container, on routes with `after = "archive"`.

The sweep lists the input container and looks up the run of each blob, so it pays for every original that stays there.
"""

from shared.blob_path import BlobPath
from shared.errors import BlobArchivedError, BlobChangedError
from shared.lifecycle.job_paths import archived_original_path
from shared.log_actions import LogAction, get_log, log_fields
from shared.ports.blob_files import BlobVersion, CopyState
from shared.records.run import Run
from shared.services import Services

log = get_log("sweep")


def archive_settled(services: Services, version: BlobVersion, run: Run) -> bool:
    """Move a version to the container `archive` if its run has an outcome and its route says so; return whether it did.

    It is copied first and then deleted, each on condition of its ETag, so a blob that was overwritten meanwhile stays.
    The run's row remains: a version that is moved is never claimed again. A copy that takes long is finished by a later
    sweep.

    Raises:
        LandfallError: a request failed; the next sweep tries again.
    """
    route = services.routes.routes.get(run.route)
    if route is None or not route.archives or not run.terminal:
        return False
    target = BlobPath.parse(archived_original_path(run))
    try:
        if services.blobs.copy_version(version, *target) is not CopyState.DONE:
            return False
        moved = services.blobs.delete(str(version.path), version.etag)
    except (BlobChangedError, BlobArchivedError):
        return False  # a newer version has a run of its own; a blob in the archive tier costs next to nothing here
    if moved:
        log.info(
            "%s is settled: its original was moved to %s",
            version.name,
            target,
            extra=log_fields(LogAction.FILE_ARCHIVED, run_id=run.run_id, route=run.route),
        )
    return moved
