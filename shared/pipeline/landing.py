"""Landing: match a file version to a route, claim it by a conditional insert, take the run's first steps."""

from dataclasses import replace
from datetime import timedelta

from shared.effects.run_driver import drive
from shared.errors import AlreadyClaimedError
from shared.lifecycle.observations import Claimed
from shared.lifecycle.settling import new_run, settling_run
from shared.log_actions import LogAction, get_log, log_fields, log_subject
from shared.pipeline.settling import unsettled
from shared.ports.blob_files import BlobVersion
from shared.ports.stored_run import StoredRun
from shared.records.run import Run
from shared.records.run_identity import UNROUTED, run_id_for
from shared.records.run_states import RunState
from shared.routes.route import Route
from shared.services import Services

log = get_log("landing")

MAX_NEW_AGE_S = 15 * 60  # an event about a version modified later reports a new file: nobody can have its run


def run_key(services: Services, container: str, name: str, etag: str) -> tuple[str, str]:
    """Return the name of the route under which a file version is recorded now, and the id of its run."""
    route = services.routes.match(name)
    return route.name if route else UNROUTED, run_id_for(container, name, etag)


def land(services: Services, container: str, *names: str) -> bool:
    """Land the present version of a blob that an event reported; return whether this call claimed one.

    `names`: what the blob may be called; each blob that exists is landed, as the sweep would do. An event about a
    marker is one about the file that it releases.
    """
    files = dict.fromkeys(services.routes.released_by(name) or name for name in names)
    versions = [version for name in files if (version := services.blobs.version(container, name)) is not None]
    if not versions:
        log.info("%s was deleted before its event arrived", names[0], extra=log_fields(LogAction.FILE_DELETED))
    claimed = [land_version(services, version, reported=True) for version in versions]
    return any(claimed)


def land_version(services: Services, version: BlobVersion, *, reported: bool = False) -> bool:
    """Claim a version and take the run's first steps; return whether this call claimed it.

    `reported`: an event reported the version; otherwise a sweep has found it.
    """
    claimed = claim(services, version, reported=reported)
    if claimed is None:
        return False
    route, stored = claimed
    if route is not None and stored.run.state is RunState.LANDED:
        drive(services, route, stored, Claimed())
    return True


def claim(services: Services, version: BlobVersion, *, reported: bool = False) -> tuple[Route | None, StoredRun] | None:
    """Claim one file version by a conditional insert: only one worker can succeed.

    Returns the new run and its route (None: no route matches, and the run is `unrouted`). Returns None if the version
    has a run already. After a change of routes.toml that run may be of another route; it still counts, since a version
    is trained once. An `unrouted` version is claimed again, for the first route that matches. A version that must
    settle is claimed later; until then one run waits for all versions of its name.
    """
    route = services.routes.match(version.name)
    run = _new_run(services, version, route)
    with log_subject(run_id=run.run_id, route=run.route):
        return _claim(services, version, route, run, reported=reported)


def _claim(
    services: Services, version: BlobVersion, route: Route | None, run: Run, *, reported: bool
) -> tuple[Route | None, StoredRun] | None:
    # A new file that an event reports needs no look-up under the other routes.
    is_new = reported and run.landed_at - version.modified_at < timedelta(seconds=MAX_NEW_AGE_S)
    if route is None or not is_new:
        earlier = services.recorded_routes.find_elsewhere(services.runs, services.clock, run.run_id, run.route)
        if earlier is not None:
            log.debug(
                "%s has a run already, of route %s",
                version.name,
                earlier.run.route,
                extra=log_fields(LogAction.FILE_CLAIMED_BEFORE),
            )
            return None
    settles = _settling_run(services, version, route)
    try:
        stored = services.claim_run(settles or run)
    except AlreadyClaimedError:
        log.debug("%s has a run already", version.name, extra=log_fields(LogAction.FILE_CLAIMED_BEFORE))
        return None
    if route is None:
        log.warning(
            "%s matches no route; its run is recorded as unrouted",
            version.name,
            extra=log_fields(LogAction.FILE_UNROUTED),
        )
    elif settles is not None:
        log.info("%s must settle: %s", version.name, settles.reason, extra=log_fields(LogAction.FILE_SETTLES))
    else:
        log.info("%s landed on route %s", version.name, route.name, extra=log_fields(LogAction.FILE_LANDED))
    return route, stored


def _new_run(services: Services, version: BlobVersion, route: Route | None) -> Run:
    now = services.clock.now()
    landed = new_run(version, route, now)
    if route is not None:
        return landed
    patterns = ", ".join(f"{candidate.name}: {candidate.files}" for candidate in services.routes.routes.values())
    return replace(landed, state=RunState.UNROUTED, reason=f"no route's files match ({patterns})", not_before=now)


def _settling_run(services: Services, version: BlobVersion, route: Route | None) -> Run | None:
    """Return the run in which a version waits to settle; None if it is settled, or was before and has its run."""
    waits = unsettled(services, route, version) if route is not None else None
    if route is None or waits is None or services.runs.get(*run_key(services, *version[:3])) is not None:
        return None
    return settling_run(version, route, waits, services.clock.now())
