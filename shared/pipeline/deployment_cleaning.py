"""Deletes deployments that nobody needs any more: each costs money for as long as it stands, with or without traffic.

Only deployments of the route, by their tags, without traffic, and of no run that is still going. The champion's stays,
and the one before it for as long as the endpoint's `keep_previous_s` says: so going back to it is a matter of seconds.
All is done under the endpoint's lease, so no promotion begins meanwhile.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from shared.errors import LandfallError
from shared.lifecycle.endpoint_rules import CLEANING
from shared.log_actions import LogAction, get_log, log_fields
from shared.ports.deployment_service import Deployment, DeploymentService
from shared.records.endpoint_record import EndpointRecord
from shared.records.run_states import RunState
from shared.routes.azureml_services import AzureMlEndpoint
from shared.routes.route import Route
from shared.services import Services

log = get_log("clean")

CLEAN_FOR_S = 120  # the lease that the deletions are done under, in seconds


def clean(services: Services, route: Route, deployments: DeploymentService) -> int:
    """Delete the deployments of a route's endpoint that nobody needs; return their number.

    An endpoint with a promotion under way, an update that may still arrive, or a model that no run explains is left
    alone.

    Raises:
        ConflictError: another worker wrote the endpoint's row; nothing was deleted.
        LandfallError: the deployments could not be listed.
    """
    serving, now = route.serving, services.clock.now()
    stored = services.endpoints.get(route.name, serving.name)
    if not isinstance(serving, AzureMlEndpoint) or _is_busy(stored.record, now):
        return 0
    unneeded = [
        deployment
        for deployment in deployments.deployments(serving)
        if _is_unneeded(services, route, serving, stored.record, deployment)
    ]
    if not unneeded:
        return 0
    leased = stored.record.leased(CLEANING, now + timedelta(seconds=CLEAN_FOR_S))
    cleaning = services.endpoints.save(stored, leased)
    removed = 0
    for deployment in unneeded:
        if services.clock.now() - now < timedelta(seconds=CLEAN_FOR_S / 2):
            removed += _remove(serving, deployments, deployment)
    services.endpoints.save(cleaning, replace(cleaning.record, lease=None))
    return removed


def _is_busy(record: EndpointRecord, now: datetime) -> bool:
    leased = record.lease is not None and now < record.lease.expires_at
    unsettled = [until for until in (record.in_flight_until, record.staging_in_flight_until) if until is not None]
    return leased or record.intent is not None or record.unexplained or any(now < until for until in unsettled)


def _is_unneeded(
    services: Services, route: Route, serving: AzureMlEndpoint, record: EndpointRecord, deployment: Deployment
) -> bool:
    if not deployment.ours or deployment.route != route.name or deployment.traffic:
        return False
    champion, served, now = record.champion, record.served, services.clock.now()
    if deployment.model in {champion.model if champion else "", served.model if served else ""}:
        return False
    kept = timedelta(seconds=serving.keep_previous_s)
    stored = services.runs.get(route.name, deployment.run_id)
    if stored is None:  # its record was deleted by age
        return deployment.created_at is not None and now >= deployment.created_at + kept
    run = stored.run
    if run.state is RunState.HELD:  # a person may take a week; an approval makes it again
        return now >= run.updated_at + timedelta(seconds=serving.held_keep_s)
    if run.state is RunState.PROMOTED:
        replaced_at = champion.promoted_at if champion is not None else record.initial_again_at
        return replaced_at is not None and now >= replaced_at + kept
    return run.terminal


def _remove(serving: AzureMlEndpoint, deployments: DeploymentService, deployment: Deployment) -> int:
    """Delete one deployment, unless its service refuses; the next sweep tries again."""
    run_id, route = deployment.run_id, deployment.route
    try:
        deployments.remove(serving, deployment.name)
    except LandfallError as error:
        log.warning(
            "deployment %s of endpoint %s was not deleted: %s",
            deployment.name,
            serving.name,
            error,
            extra=log_fields(LogAction.DEPLOYMENT_NOT_DELETED, run_id=run_id, route=route),
        )
        return 0
    log.info(
        "deleted deployment %s of endpoint %s, which served %s",
        deployment.name,
        serving.name,
        deployment.model,
        extra=log_fields(LogAction.DEPLOYMENT_DELETED, run_id=run_id, route=route),
    )
    return 1
