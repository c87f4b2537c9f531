"""What queue messages ask for: evaluate a trained run now, or report what landed in a poison queue."""

import base64
import logging

from shared.messages import EvaluationMessage
from shared.pipeline.services import Services
from shared.pipeline.steps import take_steps
from shared.runs import RunState

log = logging.getLogger("landfall.queue")

POISON_TEXT_LIMIT = 500  # characters of a poison message that go to the log


def evaluate(services: Services, text: str) -> None:
    """Take the next steps of the run that a message announces; one that is further already is the tick's.

    Raises:
        BadMessageError: the message cannot be read; the host moves it to the poison queue.
        RetryableError: storage could not be read; the host delivers the message again.
    """
    message = EvaluationMessage.from_text(text)
    route = services.routes.routes.get(message.route)
    stored = services.runs.get(message.route, message.run_id) if route else None
    if route is None or stored is None:
        log.warning("run %s of route %s is announced but not known; nothing to do", message.run_id, message.route)
    elif stored.run.state is RunState.TRAINED:
        take_steps(services, route, stored)


def report_poison(source: str, text: str) -> None:
    """Log a message that the host gave up. Nothing is lost: rows and the sweep drive every run."""
    log.error("poison message of %s: %s", source, _plain(text)[:POISON_TEXT_LIMIT])


def _plain(text: str) -> str:
    """Return a message as it was written: the host moves poison blob events in base64, whatever `host.json` says."""
    try:
        return base64.b64decode(text, validate=True).decode()
    except ValueError:
        return text
