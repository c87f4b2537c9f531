"""Repairs times that a fast clock wrote: no run waits longer for them than with a correct clock."""

from datetime import datetime, timedelta

from shared.records.endpoint_record import PATCH_TIMEOUT_S, SEND_WITHIN_S, settled_at
from shared.records.run import MAX_ASKED_PAUSE_S, Run, RunFields
from shared.routes.route import GROWING_SETTLE_S, Route

SKEW_S = 120  # how far the clocks of two machines may differ; a time further ahead comes from a clock that was set back


def longest_pause_s(route: Route) -> float:
    """Return the longest pause of a run of the route, in seconds."""
    propagation_s = max(endpoint.propagation_s for endpoint in route.endpoints)
    settle_s = route.reading.settle_s or GROWING_SETTLE_S if route.reading is not None else 0
    sending_s = SEND_WITHIN_S + PATCH_TIMEOUT_S + propagation_s
    return max(MAX_ASKED_PAUSE_S, sending_s, route.policy.cooldown_s, settle_s)


def is_too_far(route: Route, when: datetime, now: datetime) -> bool:
    """Tell whether a time lies further ahead than any pause: no run waits for it."""
    return when - now > timedelta(seconds=longest_pause_s(route) + SKEW_S)


def set_right(route: Route, run: Run, now: datetime) -> Run | None:
    """Return the run with the times of a fast clock replaced by the present; None if all are correct.

    An unconfirmed update is waited for anew: the time of its sending is unknown.
    """
    ahead = now + timedelta(seconds=SKEW_S)
    right: RunFields = {}
    # The first three are times of past events.
    if run.patched_at is not None and run.patched_at > ahead:
        right["patched_at"] = now
    if run.job_missing_since is not None and run.job_missing_since > ahead:
        right["job_missing_since"] = now
    if run.start_sent_at is not None and run.start_sent_at > ahead:
        right["start_sent_at"] = now
    settles = settled_at(now, route.serving.propagation_s)
    if run.in_flight_until is not None and run.in_flight_until > settles + timedelta(seconds=SKEW_S):
        right["in_flight_until"] = settles
    if is_too_far(route, run.not_before, now):
        right["not_before"] = now
    return run.evolve(now, **right) if right else None


def is_ahead(when: datetime, now: datetime) -> bool:
    """Tell whether a time that must lie in the past comes from a fast clock."""
    return when > now + timedelta(seconds=SKEW_S)
