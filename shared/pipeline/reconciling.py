"""Brings endpoints back to what they were last verified to serve.

A PATCH has no condition, so a worker that was paused between its last check and its PATCH can send one hours later.
Nothing can prevent that; it is noticed here, at the next sweep, and repaired. But only over a model that this table
knows to be replaced: one that it does not know may be newer (the table was restored from a backup, or somebody put
it there), and then the endpoint is frozen until a person says what serves.
"""

import logging
from dataclasses import replace
from datetime import timedelta

from shared.effects.endpoint_effects import LINK_VALID_S
from shared.effects.golden_scoring import golden_at
from shared.effects.send_permit import SendPermit
from shared.errors import BadAnswerError, ConflictError, LandfallError, PermanentError, had_no_effect
from shared.lifecycle.endpoint_rules import REPAIR, frozen_by
from shared.lifecycle.golden_answers import answers_match
from shared.log_actions import LogAction, get_log, log_fields, log_subject
from shared.pipeline.replaced_models import ObservedModel, answers_are_replaced, location_is_replaced
from shared.pipeline.time_budget import round_robin
from shared.ports import StoredEndpoint
from shared.records.endpoint_record import (
    PATCH_TIMEOUT_S,
    SWEEP,
    EndpointRecord,
    Frozen,
    Served,
    settled_at,
)
from shared.routes.route import Route
from shared.services import Services

log = get_log("reconcile")

RECONCILE_BUDGET_S = 120  # no endpoint is begun later in a sweep


def reconcile(services: Services) -> int:
    """Check every serving endpoint that nobody is promoting to; returns how many were given their model again.

    Of endpoints that answer slowly it gets to some, and the next sweep goes on with the others.
    """
    routes = services.routes.routes.values()
    repaired = round_robin(
        services,
        routes,
        lambda route: route.name,
        lambda route: _reconciled(services, route),
        over="endpoints",
        budget_s=RECONCILE_BUDGET_S,
    )
    return sum(repaired)


def _reconciled(services: Services, route: Route) -> bool:
    """Check one endpoint; whatever is wrong with it must not keep the others from being checked."""
    try:
        with log_subject(route=route.name):
            return _reconcile(services, route)
    except ConflictError as conflict:
        log.debug(
            "endpoint %s: another worker changed its record meanwhile: %s",
            route.serving.name,
            conflict,
            extra=log_fields(LogAction.ENDPOINT_CONFLICT, route=route.name),
        )
    except LandfallError as error:
        log.warning(
            "endpoint %s could not be checked: %s",
            route.serving.name,
            error,
            extra=log_fields(LogAction.ENDPOINT_NOT_CHECKED, route=route.name),
        )
    except Exception:  # whatever is wrong with this one endpoint must not keep the others from being checked
        log.exception(
            "endpoint %s could not be checked",
            route.serving.name,
            extra=log_fields(LogAction.ENDPOINT_CHECK_CRASHED, route=route.name),
        )
    return False


def _reconcile(services: Services, route: Route) -> bool:
    stored = _tidied(services, route, services.endpoints.get(route.name, route.serving.name))
    record, now = stored.record, services.clock.now()
    own = record.lease is not None and record.lease.run_id == REPAIR
    busy = record.intent is not None or (record.lease is not None and not own and now < record.lease.expires_at)
    if record.served is None or busy:
        return False
    shown = _shown(services, route, record.served)
    if answers_match(shown.answers, record.served.answers, route.golden_tolerance):
        return _as_verified(services, route, stored, record.served, shown.listed)
    if own and record.lease is not None and now < record.lease.expires_at:
        return False  # the repair may still be on its way
    return _otherwise(services, route, stored, record.served, shown)


def _as_verified(services: Services, route: Route, stored: StoredEndpoint, served: Served, listed: str) -> bool:
    """Look whether another model was accepted and is not served yet; its location tells, if it tells anything."""
    record, now = stored.record, services.clock.now()
    repaired = record.lease is not None and record.lease.run_id == REPAIR
    free = replace(record, lease=None) if repaired else record
    if listed in {"", served.model, served.listed}:
        if repaired:
            services.endpoints.save(stored, free)
            log.warning(
                "%s serves %s again", _place(record), served.model, extra=log_fields(LogAction.ENDPOINT_RESTORED)
            )
        return False
    if repaired and record.in_flight_until is not None and now < record.in_flight_until:
        return False  # the location may still change
    replaced = location_is_replaced(services, route, record, listed)
    if replaced and not repaired:
        log.warning(
            "%s was given %s: it is given %s again",
            _place(record),
            listed,
            served.model,
            extra=log_fields(LogAction.ENDPOINT_DRIFTED),
        )
        _repair(services, route, stored, served)
        return True
    if replaced is not False:  # a model of this app that the table does not know is no place of the service's own
        free = replace(free, served=replace(served, listed=listed))
        log.info(
            "%s answers as verified with %s and lists %s",
            _place(record),
            served.model,
            listed,
            extra=log_fields(LogAction.ENDPOINT_LOCATION_CHANGED),
        )
    if free != record:
        services.endpoints.save(stored, free)
    return False


def _otherwise(services: Services, route: Route, stored: StoredEndpoint, served: Served, shown: ObservedModel) -> bool:
    """Repair what an update that came too late explains; report what may be the service's; freeze on all else."""
    record, listed = stored.record, shown.listed
    if record.unexplained:
        return False  # until a person names what serves
    if listed == served.model:  # nothing came since
        # Just repaired and not served yet, or a service that answers the same rows in more than one way.
        level = logging.INFO if record.lease is not None else logging.ERROR
        log.log(
            level,
            "%s does not answer as it was verified with %s",
            _place(record),
            listed,
            extra=log_fields(LogAction.ENDPOINT_MISMATCHED),
        )
        return False
    is_new = listed not in {"", served.listed}
    replaced = location_is_replaced(services, route, record, listed) if is_new else None
    if replaced is None:
        replaced = answers_are_replaced(services, route, record, served, shown.answers)
    if replaced:
        log.warning(
            "%s serves another model than was verified: it is given %s again",
            _place(record),
            served.model,
            extra=log_fields(LogAction.ENDPOINT_DRIFTED),
        )
        _repair(services, route, stored, served)
        return True
    _freeze(services, route, stored, f"it was given {listed}" if is_new else "it answers otherwise than verified")
    return False


def _freeze(services: Services, route: Route, stored: StoredEndpoint, what: str) -> None:
    """Let no model go to an endpoint whose model nothing here explains; an earlier word of an operator is kept."""
    record = stored.record
    verified = record.served.model if record.served is not None else ""
    earlier = frozen_by(record, route)
    why = f"{what}, and no earlier run of this table explains that; what was verified last is {verified}"
    if earlier is not None:
        why += f"; before that, {earlier}"
    frozen = Frozen(by=SWEEP, reason=why, at=services.clock.now())
    services.endpoints.save(stored, replace(record, frozen=frozen, lease=None))
    log.error("%s is frozen: %s", _place(record), why, extra=log_fields(LogAction.ENDPOINT_UNEXPLAINED))


def _place(record: EndpointRecord) -> str:
    return f"endpoint {record.name} of route {record.route}"


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


def _shown(services: Services, route: Route, served: Served) -> ObservedModel:
    """Ask an endpoint the golden rows, and which location it lists."""
    golden = golden_at(services, served.golden)
    answers = services.scoring.score(route.serving, golden.columns, golden.rows).table
    try:
        resources = services.scoring.resources(route.serving)
    except (PermanentError, BadAnswerError):
        resources = []
    listed = next((resource.relative for resource in resources if resource.name == route.serving.resource), "")
    return ObservedModel(listed, answers)


def _repair(services: Services, route: Route, stored: StoredEndpoint, served: Served) -> None:
    """Give the verified model again, under a lease, so that no promotion begins meanwhile. The next sweep looks.

    What is known of the update is written at once: nobody waits for one that was refused, or was answered.

    Raises:
        StaleWriteError: this worker was paused after its write; nothing was sent, and the lease ends by itself.
    """
    link = services.blobs.link(served.model, LINK_VALID_S)
    permit = SendPermit.begin(services.clock)
    settles = settled_at(permit.granted_at, route.serving.propagation_s)
    record: EndpointRecord = stored.record.leased(REPAIR, settles + timedelta(seconds=PATCH_TIMEOUT_S))
    repairing = services.endpoints.save(stored, replace(record, in_flight_until=settles))
    permit.check(services.clock)
    try:
        services.scoring.patch(route.serving, link)
    except LandfallError as error:
        if had_no_effect(error):
            services.endpoints.save(
                repairing, replace(record, lease=None, in_flight_until=stored.record.in_flight_until)
            )
        raise
    services.endpoints.save(repairing, replace(record, in_flight_until=stored.record.in_flight_until))
