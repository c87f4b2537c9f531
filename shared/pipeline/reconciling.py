"""Brings endpoints back to what they were last verified to serve.

A PATCH has no condition, so a worker that was paused between its last check and its PATCH can send one hours later.
Nothing can prevent that; it is noticed here, at the next sweep, and repaired.
"""

import logging
from dataclasses import replace
from datetime import timedelta

from shared.champions import PATCH_TIMEOUT_S, SEND_WITHIN_S, EndpointRecord, Served, settled_at
from shared.errors import ConflictError, LandfallError, PermanentError
from shared.lifecycle.answers import same
from shared.lifecycle.leasing import REPAIR
from shared.lifecycle.promoting import MODELS
from shared.lifecycle.training import TRAINING
from shared.pipeline.endpoint_work import LINK_VALID_S
from shared.pipeline.golden import golden_at
from shared.pipeline.services import Services
from shared.ports import StoredEndpoint
from shared.route import Route

log = logging.getLogger("landfall.reconcile")


def reconcile(services: Services) -> int:
    """Check every serving endpoint that nobody is promoting to; returns how many were given their model again."""
    repaired = 0
    for route in services.routes.routes.values():
        try:
            repaired += _reconcile(services, route)
        except ConflictError as conflict:
            log.debug("endpoint %s: %s", route.serving.name, conflict)  # somebody else is at it
        except LandfallError as error:
            log.warning("endpoint %s could not be checked: %s", route.serving.name, error)
        except Exception:  # whatever is wrong with this one endpoint must not keep the others from being checked
            log.exception("endpoint %s could not be checked", route.serving.name)
    return repaired


def _reconcile(services: Services, route: Route) -> bool:
    stored = _tidied(services, route, services.endpoints.get(route.name, route.serving.name))
    record, now = stored.record, services.clock.now()
    own = record.lease is not None and record.lease.run_id == REPAIR
    busy = record.intent is not None or (record.lease is not None and not own and now < record.lease.expires_at)
    if record.served is None or busy:
        return False
    given, as_verified = _seen(services, route, record.served)
    place = f"endpoint {record.name} of route {route.name}"
    if as_verified and given in {"", record.served.model}:
        if own:
            services.endpoints.save(stored, replace(record, lease=None))
            log.warning("%s serves %s again", place, record.served.model)
        return False
    if given == record.served.model:
        # Just repaired and not served yet, or a service that answers the same rows in more than one way.
        log.log(logging.INFO if own else logging.ERROR, "%s does not answer as it was verified with %s", place, given)
        return False
    if not _is_ours(route, given):
        log.error("%s was given %s by somebody else; what was verified last is %s", place, given, record.served.model)
        return False
    if own and record.lease is not None and now < record.lease.expires_at:
        return False  # the repair may still be on its way
    log.warning("%s serves another model than was verified: it is given %s again", place, record.served.model)
    _repair(services, route, stored, record.served)
    return True


def _tidied(services: Services, route: Route, stored: StoredEndpoint) -> StoredEndpoint:
    """Take away what a run left that has ended: a second worker of it took the lease, or wrote the intent, too late.

    Neither led to an update of the serving endpoint: that needs a write of the run, and the run had ended.
    """
    record = stored.record
    lease, intent = record.lease, record.intent
    if lease is not None and lease.run_id != REPAIR and _has_ended(services, route, lease.run_id):
        lease = None
    if intent is not None and _has_ended(services, route, intent.run_id):
        intent = None
    if lease is record.lease and intent is record.intent:
        return stored
    return services.endpoints.save(stored, replace(record, lease=lease, intent=intent))


def _has_ended(services: Services, route: Route, run_id: str) -> bool:
    stored = services.runs.get(route.name, run_id)
    return stored is not None and stored.run.terminal


def _seen(services: Services, route: Route, served: Served) -> tuple[str, bool]:
    """Return the model that was given last ("" if the endpoint does not tell), and whether it answers as verified."""
    golden = golden_at(services, served.golden)
    answers = services.scoring.score(route.serving, golden.columns, golden.rows).rows
    try:
        resources = services.scoring.resources(route.serving)
    except PermanentError:
        resources = []
    given = next((one.relative for one in resources if one.name == route.serving.resource), "")
    return given, same(answers, served.answers, route.golden_tolerance)


def _is_ours(route: Route, given: str) -> bool:
    """Tell whether this app may have sent that model: then an update that came too late explains it."""
    return given.startswith((f"{MODELS}/{route.name}/", f"{TRAINING}/")) or given in {route.initial_model, ""}


def _repair(services: Services, route: Route, stored: StoredEndpoint, served: Served) -> None:
    """Give the verified model again, under a lease, so that no promotion begins meanwhile. The next sweep looks."""
    now, began_s = services.clock.now(), services.clock.elapsed_s()
    settles = settled_at(now, route.serving.propagation_s)
    record: EndpointRecord = stored.record.leased(REPAIR, settles + timedelta(seconds=PATCH_TIMEOUT_S))
    services.endpoints.save(stored, replace(record, settles_at=settles))
    link = services.blobs.link(served.model, LINK_VALID_S)
    if services.clock.elapsed_s() - began_s > SEND_WITHIN_S:
        return  # paused: by now somebody else may have the endpoint
    services.scoring.patch(route.serving, link)
