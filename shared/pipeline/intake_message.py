"""The queue message about a run whose file is to be read, or whose training set is to be assembled."""

from shared.effects.run_driver import drive
from shared.lifecycle.intake_states import INTAKE_STEPS
from shared.lifecycle.observations import IntakeAnnounced
from shared.log_actions import LogAction, get_log, log_fields
from shared.records.messages import IntakeMessage
from shared.services import Services

log = get_log("queue")


def read_and_assemble(services: Services, text: str) -> None:
    """Read the file or assemble the training set of the run that a message announces.

    A run that another worker has under its lease is left to that worker, and a run past these steps to the tick.

    Raises:
        BadMessageError: the message cannot be read; the host moves it to the poison queue.
        RetryableError: storage could not be read; the host delivers the message again.
    """
    message = IntakeMessage.from_text(text)
    route = services.routes.routes.get(message.route)
    stored = services.runs.get(message.route, message.run_id) if route else None
    if route is None or stored is None:
        log.warning(
            "the message announces run %s of route %s, which does not exist",
            message.run_id,
            message.route,
            extra=log_fields(LogAction.MESSAGE_WITHOUT_RUN, run_id=message.run_id, route=message.route),
        )
    elif stored.run.step in INTAKE_STEPS:
        drive(services, route, stored, IntakeAnnounced())
