"""The checks of the endpoint before a trained run is evaluated: the run continues, waits, or ends."""

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
    """Check the endpoint first: a run that cannot be promoted sends no request and disturbs no other run."""
    if run.override is not None:
        return _go_back(route, run, record, now, intent_ended=intent_ended)
    ended = end_by_champion(run, record)
    if ended is not None:
        return run, ended
    holder = other_holder(record, run, now, intent_ended=intent_ended)
    if holder is not None:
        # The decision will compare with the champion that results.
        return wait_for_endpoint(run, waiting_for(holder, route), now)
    for precondition in (_staging_settled, _frozen, _cooldown):
        waiting = precondition(route, run, record, now)
        if waiting is not None:
            return waiting
    return run, ReadEvaluation(run.job_id, record)


def end_by_champion(run: Run, record: EndpointRecord) -> ReleaseEndpoint | None:
    """Return how a run ends that newer data has superseded, or whose model is blocked; None if it may be promoted."""
    newer = newer_in_service(record, run)
    if newer is not None:
        return ReleaseEndpoint(RunState.SUPERSEDED, newer)
    rolled_back = blocked(record, run)
    if rolled_back is not None:
        return ReleaseEndpoint(RunState.REJECTED, rolled_back)
    return None


def wait_for_endpoint(run: Run, reason: str, now: datetime, until: datetime | None = None) -> Next:
    """Let a run wait for an endpoint. The reason is written once; then nothing is written until something changes."""
    if run.overdue(now):
        return timed_out(run, reason)
    if until is not None:
        return run.evolve(now, reason=reason, not_before=until), None
    if run.reason == reason and run.not_before <= now:
        return run, None
    return run.evolve(now, reason=reason, not_before=now), None  # the run waits for nothing else, such as a message


def wait_for_update(run: Run, target: str, now: datetime, until: datetime, longest: timedelta) -> Next | None:
    """Let a run wait until an unconfirmed update of `target` can no longer arrive; None if it has waited enough.

    A time more than `longest` from now was written by a clock that was ahead. The run then waits `longest`, once.
    """
    cause = f"an earlier, unconfirmed update could still reach {target}."
    if not is_ahead(until, now + longest):
        return wait_for_endpoint(run, f"Waiting until {shown_time(until)}: {cause}", now, until)
    restarted = f"{cause} The wait began anew because a clock was set back."
    if run.reason.endswith(restarted) and now >= run.not_before:
        return None
    return wait_for_endpoint(run, f"Waiting until {shown_time(now + longest)}: {restarted}", now, now + longest)


def _go_back(route: Route, run: Run, record: EndpointRecord, now: datetime, *, intent_ended: bool) -> Next:
    """Begin an operator's rollback. It ignores gates, freezes and newer data, and waits only for another run."""
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
    staging_s = route.staging.propagation_s if route.staging is not None else 0.0
    return wait_for_update(run, "the staging endpoint", now, settles, settled_at(now, staging_s) - now)


def _frozen(route: Route, run: Run, record: EndpointRecord, now: datetime) -> Next | None:
    """Let a run wait while the endpoint is frozen. Its deadline moves along: a freeze does not time a run out."""
    why = frozen_by(record, route)
    if why is None:
        return None
    usual = timedelta(seconds=route.deadlines.running)
    early = run.deadline_at is not None and run.deadline_at - now > usual / 2
    if run.reason == why and run.not_before <= now and early:
        return run, None
    return run.evolve(now, reason=why, not_before=now, deadline_at=now + usual), None


def _cooldown(route: Route, run: Run, record: EndpointRecord, now: datetime) -> Next | None:
    """Let a run wait for the cooldown after the last promotion. Its deadline moves along.

    The run is evaluated afterwards, against the champion of then. A champion from newer data supersedes it.
    """
    champion, cooldown_s = record.champion, route.policy.cooldown_s
    if champion is None or champion.run_id == run.run_id or not cooldown_s:
        return None
    until = champion.promoted_at + timedelta(seconds=cooldown_s)
    if now >= until or is_ahead(
        champion.promoted_at, now
    ):  # promoted by a clock that was ahead: the true time is unknown
        return None
    why = f"Waiting until {shown_time(until)}: {cooldown_s} s must pass between two promotions (cooldown_s)."
    if run.reason == why:
        return run, None
    deadline = until + timedelta(seconds=route.deadlines.running)
    return run.evolve(now, reason=why, not_before=until, deadline_at=deadline), None
