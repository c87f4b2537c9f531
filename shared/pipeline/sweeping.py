"""The sweep: lists the input container, lands every version without a run, archives settled ones. Events are hints."""

from datetime import timedelta
from typing import NamedTuple

from shared.errors import LandfallError
from shared.log_actions import LogAction, get_log, log_fields
from shared.pipeline.archiving import archive_settled
from shared.pipeline.landing import land_version, run_key
from shared.pipeline.time_budget import Swept, round_robin
from shared.plurals import counted
from shared.ports.blob_files import BlobVersion
from shared.records.blob_created import FILE_SUFFIX
from shared.records.run_identity import UNROUTED
from shared.services import Services

log = get_log("sweep")

SWEEP_BUDGET_S = 60  # after this, the sweep begins no further file
# A file's event may be this late: a cold start, and Event Grid's tries after 10 s, 30 s and 1 min. It must be well
# below the time between two sweeps: the sweep lands a younger file as well, and no later sweep counts that file.
EVENT_GRACE_S = 5 * 60


class _Landed(NamedTuple):
    """A file that the sweep has landed. `overdue`: an event should have reported it before."""

    name: str
    overdue: bool


def sweep(services: Services) -> int:
    """Land every version in the input container that has no run; return their number.

    If the files are too many for one sweep, the next sweep continues.
    """
    return sweep_files(services, SWEEP_BUDGET_S).changed


def sweep_files(services: Services, budget_s: float, *, to_end: bool = False, from_first: bool = False) -> Swept:
    """Land the versions that have no run, and begin none after `budget_s` seconds; the options are `round_robin`'s."""
    listed = services.blobs.versions(services.routes.input)
    versions = (version for version in listed if not services.routes.is_marker(version.name))
    passed = round_robin(
        services,
        versions,
        lambda version: version.name,
        lambda version: _land_if_new(services, version),
        over="files",
        budget_s=budget_s,
        to_end=to_end,
        from_first=from_first,
    )
    landed = [result for result in passed.results if result is not None]
    if landed:
        log.info(
            "the sweep landed %s that no event had reported",
            counted(len(landed), "file"),
            extra=log_fields(LogAction.SWEEP_FOUND_FILES),
        )
    overdue = [file.name for file in landed if file.overdue]
    if overdue:
        log.warning(
            "no event reported %s within %d s, such as %s: check the event subscription (`landfall doctor --azure`)",
            counted(len(overdue), "file"),
            EVENT_GRACE_S,
            min(overdue),
            extra=log_fields(LogAction.SWEEP_FOUND_UNREPORTED),
        )
    return Swept(len(passed.results), len(landed), passed.left)


def _land_if_new(services: Services, version: BlobVersion) -> _Landed | None:
    """Land one version unless it has a run; return it if it was landed. An error never stops the other versions."""
    route_name, run_id = run_key(services, version.container, version.name, version.etag)
    try:
        stored = services.runs.get(route_name, run_id)
        if stored is not None:
            archive_settled(services, version, stored.run)
            return None
        overdue = _is_event_overdue(services, version, route_name, run_id)
        return _Landed(version.name, overdue) if land_version(services, version) else None
    except LandfallError as error:
        log.warning(
            "%s was neither landed nor archived; the next sweep tries again: %s",
            version.name,
            error,
            extra=log_fields(LogAction.FILE_NOT_LANDED, run_id=run_id, route=route_name),
        )
    except Exception:  # a bug with one file must not stop the others
        log.exception(
            "%s was neither landed nor archived; the next sweep tries again",
            version.name,
            extra=log_fields(LogAction.FILE_LANDING_CRASHED, run_id=run_id, route=route_name),
        )
    return None


def _is_event_overdue(services: Services, version: BlobVersion, route_name: str, run_id: str) -> bool:
    """Return whether an event should have reported a version that has no run under its route.

    Only files with the subscription's suffix have events. A version that was unrouted before was reported then.
    """
    age = services.clock.now() - version.modified_at
    if age < timedelta(seconds=EVENT_GRACE_S) or not version.name.lower().endswith(FILE_SUFFIX):
        return False
    return route_name == UNROUTED or services.runs.get(UNROUTED, run_id) is None
