"""The queue message about a trained run: evaluate it now, without waiting for the tick."""

from shared.effects.run_driver import drive
from shared.lifecycle.observations import TimerFired
from shared.log_actions import LogAction, get_log, log_fields
from shared.records.messages import EvaluationMessage
from shared.records.run import Run
from shared.records.run_states import RunState
from shared.services import Services

log = get_log("queue")


def evaluate(services: Services, text: str) -> None:
    """Take the next steps of the run that a message announces; a run past `trained` is left to the tick.

    Raises:
        BadMessageError: the message cannot be read; the host moves it to the poison queue.
        RetryableError: storage could not be read; the host delivers the message again.
    """
    message = EvaluationMessage.from_text(text)
    route = services.routes.routes.get(message.route)
    stored = services.runs.get(message.route, message.run_id) if route else None
    if route is None or stored is None:
        log.warning(
            "the message announces run %s of route %s, which does not exist",
            message.run_id,
            message.route,
            extra=log_fields(LogAction.MESSAGE_WITHOUT_RUN, run_id=message.run_id, route=message.route),
        )
    elif stored.run.state is RunState.TRAINED and not _has_to_wait(services, stored.run):
        drive(services, route, stored, TimerFired())


def _has_to_wait(services: Services, run: Run) -> bool:
    """Return whether the step failed and its pause is not over: a message does not shorten a pause."""
    return run.consecutive_failures > 0 and services.clock.now() < run.not_before
