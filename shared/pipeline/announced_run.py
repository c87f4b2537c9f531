"""Finds the run that a queue message announces."""

from typing import NamedTuple

from shared.log_actions import LogAction, get_log, log_fields
from shared.ports.stored_run import StoredRun
from shared.records.messages import EvaluationMessage, IntakeMessage
from shared.routes.route import Route
from shared.services import Services

log = get_log("queue")


class AnnouncedRun(NamedTuple):
    """A run that exists, and its route."""

    route: Route
    stored: StoredRun


def announced_run(services: Services, message: EvaluationMessage | IntakeMessage) -> AnnouncedRun | None:
    """Return the run of a message; None, logged, if there is no such run or route.

    Raises:
        RetryableError: storage could not be read; the host delivers the message again.
    """
    route = services.routes.routes.get(message.route)
    stored = services.runs.get(message.route, message.run_id) if route else None
    if route is None or stored is None:
        log.warning(
            "the message announces run %s of route %s, which does not exist",
            message.run_id,
            message.route,
            extra=log_fields(LogAction.MESSAGE_WITHOUT_RUN, run_id=message.run_id, route=message.route),
        )
        return None
    return AnnouncedRun(route, stored)
