"""May a trained run go near its endpoint now? It goes on, waits, or ends before anybody is disturbed."""

from datetime import datetime, timedelta

from shared.lifecycle.clocks import is_ahead
from shared.lifecycle.effects import CaptureBaseline, Next, PendingPromotion, ReadEvaluation, ReleaseEndpoint
from shared.lifecycle.endpoint_release import timed_out
from shared.lifecycle.endpoint_rules import (
    blocked,
    frozen_by,
    is_leased_to,
    may_be_under_way,
    newer_in_service,
    other_champion,
    other_holder,
    waiting_for,
)
from shared.records.endpoint_record import EndpointRecord, settled_at
from shared.records.run import Run
from shared.records.run_states import RunState
from shared.records.times import shown_time
from shared.routes.route import Route


def check_endpoint(route: Route, run: Run, record: EndpointRecord, now: datetime, *, intent_ended: bool) -> Next:
    """Look at the endpoint first: nothing is asked of the service, and no other run is disturbed, in vain."""
    if run.override is not None:
        return _go_back(route, run, record, now, intent_ended=intent_ended)
    newer = newer_in_service(record, run)
    if newer is not None:
        return run, ReleaseEndpoint(RunState.SUPERSEDED, newer)
    rolled_back = blocked(record, run)
    if rolled_back is not None:
        return run, ReleaseEndpoint(RunState.REJECTED, rolled_back)
    holder = other_holder(record, run, now, intent_ended=intent_ended)
    if holder is not None:
        # The decision will be against the champion that results.
        return wait_for_endpoint(run, waiting_for(holder, route), now)
    for precondition in (_staging_settled, _frozen, _cooldown):
        waiting = precondition(route, run, record, now)
        if waiting is not None:
            return waiting
    return run, ReadEvaluation(run.job_id, record)


def wait_for_endpoint(run: Run, reason: str, now: datetime, until: datetime | None = None) -> Next:
    """Let a run wait for an endpoint: its reason is written once, and nothing while nothing changes."""
    if run.overdue(now):
        return timed_out(run, reason)
    if until is not None:
        return run.evolve(now, reason=reason, not_before=until), None
    if run.reason == reason and run.not_before <= now:
        return run, None
    return run.evolve(now, reason=reason, not_before=now), None  # nothing else is waited for, such as a message


def wait_for_endpoint_until(run: Run, why: str, now: datetime, until: datetime, longest: timedelta) -> Next | None:
    """Let a run wait until a time that somebody wrote, at most `longest` from now; None if it has waited enough.

    What lies further ahead was written by a clock that was ahead: it is counted anew, once.
    """
    if not is_ahead(until, now + longest):
        return wait_for_endpoint(run, why, now, until)
    anew = f"{why} (counted anew: the clock was set back since)"
    return None if run.reason == anew and now >= run.not_before else wait_for_endpoint(run, anew, now, now + longest)


def _go_back(route: Route, run: Run, record: EndpointRecord, now: datetime, *, intent_ended: bool) -> Next:
    """Begin what an operator asked for: no gate, no freeze and no newer data stand in its way, only another worker."""
    changed = other_champion(run, record)
    if changed is not None:
        return run, ReleaseEndpoint(RunState.SUPERSEDED, changed)
    holder = other_holder(record, run, now, intent_ended=intent_ended)
    if holder is not None:
        return wait_for_endpoint(run, waiting_for(holder, route), now)
    waiting = _staging_settled(route, run, record, now)
    if waiting is not None:
        return waiting
    return run, CaptureBaseline(PendingPromotion({}, renewed=may_be_under_way(record, run)))


def _staging_settled(route: Route, run: Run, record: EndpointRecord, now: datetime) -> Next | None:
    settles = record.staging_in_flight_until if route.staging is not None and not is_leased_to(record, run) else None
    if settles is None or now >= settles:
        return None
    why = "waits until an earlier update of the staging endpoint, whose fate is unknown, can change nothing any more"
    staging_s = route.staging.propagation_s if route.staging is not None else 0.0
    return wait_for_endpoint_until(run, why, now, settles, settled_at(now, staging_s) - now)


def _frozen(route: Route, run: Run, record: EndpointRecord, now: datetime) -> Next | None:
    """Let a run wait while an operator has frozen the endpoint. That is no fault of it: its deadline moves along."""
    why = frozen_by(record, route)
    if why is None:
        return None
    usual = timedelta(seconds=route.deadlines.running)
    early = run.deadline_at is not None and run.deadline_at - now > usual / 2
    if run.reason == why and run.not_before <= now and early:
        return run, None
    return run.evolve(now, reason=why, not_before=now, deadline_at=now + usual), None


def _cooldown(route: Route, run: Run, record: EndpointRecord, now: datetime) -> Next | None:
    """Let a run wait until the cooldown after the last promotion is over. That is no fault of it: no deadline ends it.

    It is evaluated after that, against the champion of then; one that comes from newer data supersedes it.
    """
    champion, cooldown_s = record.champion, route.policy.cooldown_s
    if champion is None or champion.run_id == run.run_id or not cooldown_s:
        return None
    until = champion.promoted_at + timedelta(seconds=cooldown_s)
    if now >= until or is_ahead(champion.promoted_at, now):  # the second: nobody knows how long ago it was
        return None
    why = f"waits until {shown_time(until)}: {cooldown_s} s must pass between two promotions"
    if run.reason == why:
        return run, None
    deadline = until + timedelta(seconds=route.deadlines.running)
    return run.evolve(now, reason=why, not_before=until, deadline_at=deadline), None
