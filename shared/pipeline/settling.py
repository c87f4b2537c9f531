"""Files that must settle before they are read: those that may grow, and those whose marker is missing.

Such a file waits in one run for its name. A tick looks at it once it may have settled; the settled version's run then
takes the place of the run that waited, in one transaction.
"""

from shared.effects.run_driver import drive
from shared.errors import AlreadyClaimedError, ConflictError
from shared.lifecycle.observations import Claimed
from shared.lifecycle.settling import (
    Unsettled,
    deleted_run,
    moved_run,
    new_run,
    not_released,
    still_settling,
    too_young,
)
from shared.log_actions import LogAction, get_log, log_fields, log_subject
from shared.ports.blob_files import BlobVersion
from shared.ports.stored_run import StoredRun
from shared.records.run import Run
from shared.routes.route import Route
from shared.services import Services

log = get_log("landing")


def unsettled(services: Services, route: Route, version: BlobVersion) -> Unsettled | None:
    """Return what a version waits for before it is read; None if it is settled. Its marker is asked for last."""
    settings = route.reading
    if settings is None:
        return None
    now = services.clock.now()
    grows = settings.settle_s is None and (version.appendable or services.blobs.hierarchical())
    waits = too_young(route, version, now, grows=grows)
    if waits is not None or settings.marker is None:
        return waits
    marker = services.blobs.version(version.container, f"{version.name}{settings.marker}")
    return not_released(route, version, marker, now)


def look_again(services: Services, route: Route, stored: StoredRun) -> StoredRun:
    """Look at a file that settles. If it is settled, its version is claimed and takes its first steps.

    A file that routes.toml gives to another route meanwhile is that route's alone: it would be trained twice.

    Raises:
        LandfallError: storage does not answer; the next tick looks again.
    """
    run = stored.run
    with log_subject(run_id=run.run_id, route=route.name):
        if services.routes.match(run.blob) != route:
            return services.save_run(stored, moved_run(run, services.clock.now()))
        version = services.blobs.version(run.container, run.blob)
        if version is None:
            return _settle(services, route, stored, deleted_run(run, route, services.clock.now()))
        waits = unsettled(services, route, version)
        if waits is None:
            return _settle(services, route, stored, new_run(version, route, services.clock.now()))
        newer = still_settling(run, version, waits, services.clock.now())
        return stored if newer is run else services.save_run(stored, newer)


def _settle(services: Services, route: Route, stored: StoredRun, run: Run) -> StoredRun:
    """Replace the run that waited by that of a version, and take the version's first steps."""
    try:
        settled = services.settle_run(stored, run)
    except AlreadyClaimedError:
        log.debug("%s has a run already", run.blob, extra=log_fields(LogAction.FILE_CLAIMED_BEFORE))
        return stored
    except ConflictError:
        log.debug("%s was settled by another worker", run.blob, extra=log_fields(LogAction.RUN_CONFLICT))
        return stored
    if run.terminal:
        log.info("%s was deleted before it had settled", run.blob, extra=log_fields(LogAction.FILE_DELETED))
        return settled
    log.info("%s landed on route %s", run.blob, route.name, extra=log_fields(LogAction.FILE_LANDED))
    return drive(services, route, settled, Claimed())
