"""The sweep: lists the input container and lands every version without a run. Events are only hints."""

from shared.errors import LandfallError
from shared.log_actions import LogAction, get_log, log_fields
from shared.pipeline.landing import land_version, run_key
from shared.pipeline.time_budget import round_robin
from shared.plurals import counted
from shared.ports import BlobVersion
from shared.services import Services

log = get_log("sweep")

SWEEP_BUDGET_S = 60  # after this, the sweep begins no further file


def sweep(services: Services) -> int:
    """Land every version in the input container that has no run; return their number.

    If the files are too many for one sweep, the next sweep continues.
    """
    versions = services.blobs.versions(services.routes.input)
    results = round_robin(
        services,
        versions,
        lambda version: version.name,
        lambda version: _land_if_new(services, version),
        over="files",
        budget_s=SWEEP_BUDGET_S,
    )
    landed = sum(results)
    if landed:
        log.info(
            "the sweep landed %s that no event had reported",
            counted(landed, "file"),
            extra=log_fields(LogAction.SWEEP_FOUND_FILES),
        )
    return landed


def _land_if_new(services: Services, version: BlobVersion) -> bool:
    """Land one version unless it has a run; an error with one version never stops the others."""
    route_name, run_id = run_key(services, version.container, version.name, version.etag)
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
    except Exception:  # a bug with one file must not stop the others
        log.exception(
            "%s was not landed; the next sweep tries again",
            version.name,
            extra=log_fields(LogAction.FILE_LANDING_CRASHED, run_id=run_id, route=route_name),
        )
    return False
