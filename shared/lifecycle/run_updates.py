"""Changes of a run that several states share."""

from datetime import datetime, timedelta

from shared.records.endpoint_events import EndpointEvent, EndpointEventKind
from shared.records.run import Run
from shared.records.run_states import RunState
from shared.routes.route import Endpoint, Route


def with_endpoint_event(
    run: Run, endpoint: Endpoint, event: EndpointEventKind, now: datetime
) -> tuple[EndpointEvent, ...]:
    """Return the run's list of what was done to endpoints, with one more entry."""
    return (*run.endpoint_events, EndpointEvent(endpoint.name, endpoint.role.value, event, now))


def evaluated_again(route: Route, run: Run, now: datetime, why: str) -> Run:
    """Return the run at the point where it was trained: what it was compared with is not there any more."""
    deadline = now + timedelta(seconds=route.deadlines.running)
    return run.transitioned(now, RunState.TRAINED, f"{why}; evaluating again", deadline_at=deadline)


def reason_changed(run: Run, reason: str, now: datetime) -> Run:
    """Return the run with a reason; the very same run if it says so already, so that nothing is written."""
    return run if run.reason == reason else run.evolve(now, reason=reason)
