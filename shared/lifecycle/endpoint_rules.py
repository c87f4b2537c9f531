"""The rules on an endpoint's row: one run promotes at a time, and only from newer data."""

from datetime import datetime

from shared.records.endpoint_record import EndpointRecord
from shared.records.run import Run
from shared.routes.route import Route

LEASE_MARGIN_S = (
    60  # a lease outlives the promoting deadline by this, so that the run itself restores the previous model
)


def is_leased_to(record: EndpointRecord, run: Run) -> bool:
    """Tell whether this run has the endpoint's lease. An expired lease stays the run's until another run takes it."""
    return record.lease is not None and record.lease.run_id == run.run_id


def still_holds(record: EndpointRecord, run: Run) -> bool:
    """Tell whether the run's lease is still the newest: no other run had the endpoint in between."""
    return is_leased_to(record, run) and record.token == run.lease_token


def may_be_under_way(record: EndpointRecord, run: Run) -> bool:
    """Tell whether an earlier, unconfirmed update of the staging endpoint by this run may still arrive.

    The run held the lease before, and the row's mark is not that of an update that was answered.
    """
    return is_leased_to(record, run) and record.staging_in_flight_until != run.answered_staging_patch


def other_holder(record: EndpointRecord, run: Run, now: datetime, *, intent_ended: bool) -> str | None:
    """Return the id of another run that holds the endpoint; None if no other run does.

    An expired lease holds nothing. An open intent holds until its run has ended: that run's own steps close it,
    also without the lease.
    """
    lease, intent = record.lease, record.intent
    if lease is not None and lease.run_id != run.run_id and now < lease.expires_at:
        return lease.run_id
    if intent is not None and intent.run_id != run.run_id and not intent_ended:
        return intent.run_id
    return None


def newer_in_service(record: EndpointRecord, run: Run) -> str | None:
    """Return the reason if the endpoint serves a model from newer data than the run's."""
    champion = record.champion
    if champion is None or champion.generation <= run.generation or champion.run_id == run.run_id:
        return None
    landed = champion.generation.partition("/")[0].replace("T", " ").replace("Z", " UTC")
    return f"The model in service comes from newer data: run {champion.run_id}, file of {landed}."


def blocked(record: EndpointRecord, run: Run) -> str | None:
    """Return the reason if the run's generation is blocked."""
    if run.generation not in record.blocked_generations:
        return None
    return f"Generation {run.generation} is blocked: its model was rolled back."


def frozen_by(record: EndpointRecord, route: Route) -> str | None:
    """Return the reason if the endpoint is frozen."""
    if record.frozen is None:
        return None
    return f"Endpoint {route.serving.name} is frozen by {record.frozen.by}: {record.frozen.reason}"


def other_champion(run: Run, record: EndpointRecord) -> str | None:
    """Return the reason if the model in service is not the one that an operator's rollback targeted."""
    replaces = run.override.replaces if run.override is not None else None
    champion = record.champion
    if (champion.run_id if champion is not None else None) == replaces:
        return None
    target = f"run {replaces}" if replaces else "the initial model"
    in_service = f"run {champion.run_id}" if champion else "the initial model"
    return f"The rollback targeted {target}, but {in_service} is in service now. Request it again."


def waiting_for(holder: str, route: Route) -> str:
    """Return the reason of a run that waits until another run, a repair or a clean-up, releases the endpoint."""
    if holder == REPAIR:
        return f"Waiting for the repair of endpoint {route.serving.name} to end."
    if holder == CLEANING:
        return f"Waiting for the clean-up of endpoint {route.serving.name} to end."
    return f"Waiting for run {holder} to release endpoint {route.serving.name}."


REPAIR = "repair"  # in place of a run's id, in the lease of an endpoint whose champion is being restored
CLEANING = "clean-up"  # the same while deployments that nobody needs are deleted
