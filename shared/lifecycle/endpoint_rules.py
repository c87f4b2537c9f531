"""Who may touch an endpoint now: the rules on its row that let one run promote at a time, and never backwards."""

from datetime import datetime

from shared.records.endpoint_record import EndpointRecord
from shared.records.run import Run
from shared.routes.route import Route

LEASE_MARGIN_S = 60  # a lease outlives the promoting deadline by this, so that the run's own way back comes first


def is_leased_to(record: EndpointRecord, run: Run) -> bool:
    """Tell whether the endpoint's lease is this run's; an expired one is, as long as nobody else took it."""
    return record.lease is not None and record.lease.run_id == run.run_id


def still_holds(record: EndpointRecord, run: Run) -> bool:
    """Tell whether the lease that the run took is still the newest: nobody else had the endpoint in between."""
    return is_leased_to(record, run) and record.token == run.lease_token


def may_be_under_way(record: EndpointRecord, run: Run) -> bool:
    """Tell whether an earlier PATCH of the staging endpoint by this run, whose fate is unknown, may still arrive.

    It held the lease before, and the mark of that time is not the one of a PATCH that was answered.
    """
    return is_leased_to(record, run) and record.staging_in_flight_until != run.answered_staging_patch


def other_holder(record: EndpointRecord, run: Run, now: datetime, *, intent_ended: bool) -> str | None:
    """Return the run that holds the endpoint, if that is another one.

    A lease that has expired holds nothing. An open intent holds until its run has ended: until then that run's own
    steps finish it, whatever became of its lease.
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
    return f"the model in service is from newer data: run {champion.run_id}, whose file is of {landed}"


def blocked(record: EndpointRecord, run: Run) -> str | None:
    """Return the reason if a model of this very generation was rolled back before."""
    if run.generation not in record.blocked_generations:
        return None
    return f"a model of this generation ({run.generation}) was rolled back before and stays blocked"


def frozen_by(record: EndpointRecord, route: Route) -> str | None:
    """Return the sentence about an endpoint that an operator has frozen."""
    if record.frozen is None:
        return None
    return f"endpoint {route.serving.name} is frozen by {record.frozen.by}: {record.frozen.reason}"


def other_champion(run: Run, record: EndpointRecord) -> str | None:
    """Return the reason if an operator's rollback was asked for while another model was in service."""
    replaces = run.override.replaces if run.override is not None else None
    champion = record.champion
    if (champion.run_id if champion is not None else None) == replaces:
        return None
    now_there = f"that of run {champion.run_id}" if champion else "the one from before the first promotion"
    asked = f"the model of run {replaces}" if replaces else "the model from before the first promotion"
    return f"it was asked for to replace {asked}; by now {now_there} is in service: ask again"


def waiting_for(holder: str, route: Route) -> str:
    """Return the sentence about a run that waits for another one."""
    who = f"run {holder}" if holder != REPAIR else "the repair of it"
    return f"waits for {who} to leave endpoint {route.serving.name}"


REPAIR = "repair"  # stands for a run in the lease of an endpoint that is being brought back to what it must serve
