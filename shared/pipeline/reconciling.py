"""Reconciles endpoints with their records: each must serve the model that was last verified.

A PATCH is unconditional, so a worker that is paused between its last check and its PATCH may send it hours later.
Nothing prevents that; the next sweep notices it here and repairs it, if the endpoint serves a model that this table has
as replaced. A model that the table does not know may be newer (the table was restored from a backup, or a person sent
the model): then the sweep freezes the endpoint until a person decides.
"""

import logging
from dataclasses import replace
from datetime import timedelta

from shared.effects.endpoint_updates import model_location
from shared.effects.golden_scoring import golden_at
from shared.effects.send_permit import SendPermit
from shared.errors import (
    BadAnswerError,
    ConflictError,
    LandfallError,
    OtherModelError,
    PermanentError,
    had_no_effect,
)
from shared.lifecycle.endpoint_rules import REPAIR, frozen_by
from shared.lifecycle.golden_answers import answers_match
from shared.log_actions import LogAction, get_log, log_fields, log_subject
from shared.pipeline.replaced_models import ObservedModel, answers_are_replaced, location_is_replaced
from shared.pipeline.time_budget import Swept, round_robin
from shared.ports.endpoint_store import StoredEndpoint
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

RECONCILE_BUDGET_S = 120  # after this, the sweep begins no further endpoint


def reconcile(services: Services) -> int:
    """Check every serving endpoint without a promotion under way; return how many were sent their verified model again.

    If the endpoints are too slow for one sweep, the next sweep continues.
    """
    return sweep_endpoints(services, RECONCILE_BUDGET_S).changed


def sweep_endpoints(services: Services, budget_s: float, *, to_end: bool = False, from_first: bool = False) -> Swept:
    """Check the serving endpoints, and begin none after `budget_s` seconds; the options are `round_robin`'s."""
    passed = round_robin(
        services,
        services.routes.routes.values(),
        lambda route: route.name,
        lambda route: _check(services, route),
        over="endpoints",
        budget_s=budget_s,
        to_end=to_end,
        from_first=from_first,
    )
    return Swept(len(passed.results), sum(passed.results), passed.left)


def _check(services: Services, route: Route) -> bool:
    """Reconcile one endpoint, and delete the deployments that it no longer needs.

    An error with it, of whatever kind, never stops the checks of the others.
    """
    with log_subject(route=route.name):
        try:
            return _reconcile_and_clean(services, route)
        except ConflictError as conflict:
            log.debug(
                "endpoint %s: another worker changed its record meanwhile: %s",
                route.serving.name,
                conflict,
                extra=log_fields(LogAction.ENDPOINT_CONFLICT),
            )
        except LandfallError as error:
            log.warning(
                "endpoint %s could not be checked: %s",
                route.serving.name,
                error,
                extra=log_fields(LogAction.ENDPOINT_NOT_CHECKED),
            )
        except Exception:  # a bug with one endpoint must not stop the others
            log.exception(
                "endpoint %s could not be checked",
                route.serving.name,
                extra=log_fields(LogAction.ENDPOINT_CHECK_CRASHED),
            )
    return False


def _reconcile_and_clean(services: Services, route: Route) -> bool:
    repaired = _reconcile(services, route)
    if services.deployments is not None and route.serving.named:
        from shared.pipeline.deployment_cleaning import clean  # noqa: PLC0415 - only such routes pay for it

        clean(services, route, services.deployments)
    return repaired


def _reconcile(services: Services, route: Route) -> bool:
    stored = _without_leftovers(services, route, services.endpoints.get(route.name, route.serving.name))
    record, now = stored.record, services.clock.now()
    own = record.lease is not None and record.lease.run_id == REPAIR
    busy = record.intent is not None or (record.lease is not None and not own and now < record.lease.expires_at)
    if record.served is None or busy:
        return False
    observed = _observe(services, route, record.served)
    verified = answers_match(observed.answers, record.served.answers, route.golden_tolerance)
    if verified and not (route.serving.named and observed.listed not in {"", record.served.model}):
        return _check_location(services, route, stored, record.served, observed.listed)
    if own and record.lease is not None and now < record.lease.expires_at:
        return False  # the repair may still take effect
    return _resolve_difference(services, route, stored, record.served, observed)


def _check_location(services: Services, route: Route, stored: StoredEndpoint, served: Served, listed: str) -> bool:
    """Check an endpoint that answers as verified: its location shows an update that has not taken effect yet."""
    record, now = stored.record, services.clock.now()
    repaired = record.lease is not None and record.lease.run_id == REPAIR
    free = replace(record, lease=None) if repaired else record
    if listed in {"", served.model, served.listed}:
        if repaired:
            services.endpoints.save(stored, free)
            log.warning(
                "%s serves its verified model %s again",
                _label(record),
                served.model,
                extra=log_fields(LogAction.ENDPOINT_RESTORED),
            )
        return False
    if repaired and record.in_flight_until is not None and now < record.in_flight_until:
        return False  # the location may still change
    replaced = location_is_replaced(services, route, record, listed)
    if replaced and not repaired:
        log.warning(
            "%s was updated to the replaced model %s; its verified model %s is sent again",
            _label(record),
            listed,
            served.model,
            extra=log_fields(LogAction.ENDPOINT_DRIFTED),
        )
        _repair(services, route, stored, served, listed)
        return True
    if replaced is not False:  # False: the app's location of an unknown model is not the service's name of the verified
        free = replace(free, served=served._replace(listed=listed))
        log.info(
            "%s answers as verified with %s, and lists %s",
            _label(record),
            served.model,
            listed,
            extra=log_fields(LogAction.ENDPOINT_LOCATION_CHANGED),
        )
    if free != record:
        services.endpoints.save(stored, free)
    return False


def _resolve_difference(
    services: Services, route: Route, stored: StoredEndpoint, served: Served, observed: ObservedModel
) -> bool:
    """Repair a difference that a late update explains; report one that the service may cause; else freeze."""
    record, listed = stored.record, observed.listed
    if record.unexplained:
        return False  # frozen already, until a person decides
    if listed == served.model:  # no update came since
        # The repair has not taken effect yet, or the service answers the same rows in more than one way.
        level = logging.INFO if record.lease is not None else logging.ERROR
        log.log(
            level,
            "%s lists its verified model %s, and its answers differ",
            _label(record),
            listed,
            extra=log_fields(LogAction.ENDPOINT_MISMATCHED),
        )
        return False
    is_new = listed not in {"", served.listed}
    replaced = location_is_replaced(services, route, record, listed) if is_new else None
    if replaced is None and not route.serving.named:  # a name is certain, equal answers are not
        replaced = answers_are_replaced(services, route, record, served, observed.answers)
    if replaced:
        log.warning(
            "%s serves a replaced model; its verified model %s is sent again",
            _label(record),
            served.model,
            extra=log_fields(LogAction.ENDPOINT_DRIFTED),
        )
        _repair(services, route, stored, served, listed)
        return True
    difference = f"it was updated to {listed}" if is_new else "its answers differ from the verified ones"
    _freeze(services, route, stored, difference)
    return False


def _freeze(services: Services, route: Route, stored: StoredEndpoint, difference: str) -> None:
    """Freeze an endpoint whose model no run explains; the reason keeps an operator's earlier freeze."""
    record = stored.record
    verified = record.served.model if record.served is not None else ""
    earlier = frozen_by(record, route)
    reason = f"{difference}, and no earlier run of this table explains that; the last verified model is {verified}"
    if earlier is not None:
        reason += f"; before that: {earlier}"
    frozen = Frozen(by=SWEEP, reason=reason, at=services.clock.now())
    services.endpoints.save(stored, replace(record, frozen=frozen, lease=None))
    log.error("%s is frozen: %s", _label(record), reason, extra=log_fields(LogAction.ENDPOINT_UNEXPLAINED))


def _label(record: EndpointRecord) -> str:
    return f"endpoint {record.name} of route {record.route}"


def _without_leftovers(services: Services, route: Route, stored: StoredEndpoint) -> StoredEndpoint:
    """Remove the lease or the intent of a run that has ended: a second worker of the run wrote it too late.

    Neither led to an update of the serving endpoint: an update needs a write of the run, and the run had ended.
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


def _observe(services: Services, route: Route, served: Served) -> ObservedModel:
    """Score the golden rows on an endpoint, and read the location that it lists."""
    golden = golden_at(services, served.golden)
    try:
        scored = services.scoring.score(route.serving.of_model(served.model), golden.columns, golden.rows)
    except OtherModelError:
        scored = services.scoring.score(route.serving, golden.columns, golden.rows)
    answers = scored.table
    try:
        resources = services.scoring.resources(route.serving)
    except (PermanentError, BadAnswerError):
        resources = []
    listed = next((resource.relative for resource in resources if resource.name == route.serving.resource), "")
    return ObservedModel(listed, answers)


def _repair(services: Services, route: Route, stored: StoredEndpoint, served: Served, replaces: str) -> None:
    """Send the verified model again, under a lease, so that no promotion begins meanwhile; the next sweep checks it.

    `replaces` is the model in service that was found, where the endpoint tells it.

    The outcome of the update is written at once, so nobody waits for an update that was refused or answered.

    Raises:
        StaleWriteError: this worker was paused after its write; nothing was sent, and the lease expires.
    """
    link = model_location(services, route.serving, served.model)
    permit = SendPermit.begin(services.clock)
    settles = settled_at(permit.granted_at, route.serving.propagation_s)
    record: EndpointRecord = stored.record.leased(REPAIR, settles + timedelta(seconds=PATCH_TIMEOUT_S))
    repairing = services.endpoints.save(stored, replace(record, in_flight_until=settles))
    permit.check(services.clock)
    try:
        services.scoring.patch(route.serving, link, replaces)
    except LandfallError as error:
        if had_no_effect(error):
            services.endpoints.save(
                repairing, replace(record, lease=None, in_flight_until=stored.record.in_flight_until)
            )
        raise
    services.endpoints.save(repairing, replace(record, in_flight_until=stored.record.in_flight_until))
