"""The sweep: lists the input container and claims what no trigger reported. Events are only hints."""

from shared.errors import LandfallError
from shared.log_actions import LogAction, get_log, log_fields
from shared.pipeline.landing import land_version
from shared.pipeline.time_budget import round_robin
from shared.ports import BlobVersion
from shared.records.run import UNROUTED, run_id_for
from shared.services import Services

log = get_log("sweep")

SWEEP_BUDGET_S = 60  # no file is begun later in a sweep


def sweep(services: Services) -> int:
    """Claim and land every version in the input container that has no run; returns how many those were.

    Of very many files it gets to some, and the next sweep goes on with the others.
    """
    versions = services.blobs.versions(services.routes.input)
    landed = round_robin(
        services,
        versions,
        lambda version: version.name,
        lambda version: _land_if_new(services, version),
        over="files",
        budget_s=SWEEP_BUDGET_S,
    )
    found = sum(landed)
    if found:
        log.info(
            "the sweep found %d file(s) that no event had reported yet",
            found,
            extra=log_fields(LogAction.SWEEP_FOUND_FILES),
        )
    return found


def _land_if_new(services: Services, version: BlobVersion) -> bool:
    """Land one version unless it has its run; one that goes wrong never stops the others."""
    route = services.routes.match(version.name)
    route_name = route.name if route else UNROUTED
    run_id = run_id_for(version.container, version.name, version.etag)
    try:
        if services.runs.get(route_name, run_id) is not None:
            return False
        return land_version(services, version)
    except LandfallError as error:
        log.warning(
            "%s was not landed; the next sweep tries again: %s",
            version.name,
            error,
            extra=log_fields(LogAction.FILE_NOT_LANDED, run_id=run_id, route=route_name),
        )
    except Exception:  # whatever is wrong with this one file must not keep the sweep from the others
        log.exception(
            "%s was not landed; the next sweep tries again",
            version.name,
            extra=log_fields(LogAction.FILE_LANDING_CRASHED, run_id=run_id, route=route_name),
        )
    return False
