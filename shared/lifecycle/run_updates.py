"""Changes of a run that several states share."""

from datetime import datetime, timedelta
from typing import TypedDict

from shared.lifecycle.endpoint_release import RESEND_S
from shared.lifecycle.reasons import with_sentence
from shared.records.endpoint_events import EndpointEvent, EndpointEventKind
from shared.records.endpoint_record import settled_at
from shared.records.run import Run
from shared.records.run_states import RunState
from shared.routes.route import Endpoint, Route

LEASE_LOST = "The lease of the endpoint was lost."


def with_endpoint_event(
    run: Run, endpoint: Endpoint, event: EndpointEventKind, now: datetime
) -> tuple[EndpointEvent, ...]:
    """Return the run's endpoint events, with one more."""
    return (*run.endpoint_events, EndpointEvent(endpoint.name, endpoint.role.value, event, now))


class UpdatePermitted(TypedDict):
    """The times that a run is written with before a PATCH of the serving endpoint leaves."""

    not_before: datetime
    in_flight_until: datetime


def update_permitted(route: Route, now: datetime) -> UpdatePermitted:
    """Return when another worker repeats the PATCH that this write permits, and until when the PATCH may arrive."""
    return {
        "not_before": now + timedelta(seconds=RESEND_S),
        "in_flight_until": settled_at(now, route.serving.propagation_s),
    }


def evaluated_again(route: Route, run: Run, now: datetime, why: str) -> Run:
    """Return the run as trained: the models that it was compared with have changed."""
    deadline = now + timedelta(seconds=route.deadlines.running)
    return run.transitioned(
        now, RunState.TRAINED, with_sentence(why, "The model is evaluated again."), deadline_at=deadline
    )


def reason_changed(run: Run, reason: str, now: datetime) -> Run:
    """Return the run with a reason; the same object if the reason is unchanged, so that nothing is written."""
    return run if run.reason == reason else run.evolve(now, reason=reason)


def patch_accepted_at(run: Run) -> datetime:
    """Return when the endpoint that is watched accepted its PATCH; without that time, the run's last write counts."""
    return run.updated_at if run.patched_at is None else run.patched_at
