"""Messages that the host gave up: their cause goes into the record of the run they were about, and nothing is lost.

Rows and the sweep drive every run whatever becomes of messages, so poison is a sign of trouble, not the trouble itself.
"""

import base64
import json
import logging

from shared.errors import BadMessageError
from shared.pipeline.landing import land
from shared.ports import StoredRun
from shared.records.history import signed
from shared.records.messages import EvaluationMessage
from shared.records.run import UNROUTED, run_id_for
from shared.services import Services

log = logging.getLogger("landfall.poison")

TEXT_LIMIT = 500  # characters of a poison message that go to the log


def evaluation(services: Services, text: str) -> None:
    """Note in the run that its evaluation message was given up; the tick evaluates it.

    Raises:
        RetryableError: storage could not be reached; the host delivers the message again.
    """
    plain = _plain(text)
    log.error("poison message of queue evaluations: %s", plain[:TEXT_LIMIT])
    try:
        message = EvaluationMessage.from_text(plain)
    except BadMessageError as error:
        log.error("it belongs to no run: %s", error)  # noqa: TRY400 - the message is what counts, and stands above
        return
    _note(
        services,
        services.runs.get(message.route, message.run_id),
        "the host gave up its evaluation message after too many failed deliveries (the app's log has the errors)",
    )


def blob_event(services: Services, text: str) -> None:
    """Note in the run that its file's event was given up; a file that has no run yet is landed now.

    Raises:
        LandfallError: storage could not be reached, or the settings are wrong; the host delivers the message again.
    """
    plain = _plain(text)
    log.error("poison message of the blob trigger: %s", plain[:TEXT_LIMIT])
    try:
        event = json.loads(plain)
        container, name, etag = str(event["ContainerName"]), str(event["BlobName"]), str(event["ETag"])
    except (ValueError, KeyError, TypeError):
        log.error("it names no blob; the sweep finds whatever file it was about")  # noqa: TRY400 - stands above
        return
    if container != services.routes.input:
        log.error("it is about container %s, which is not this app's", container)
        return
    land(services, container, name)
    route = services.routes.match(name)
    _note(
        services,
        services.runs.get(route.name if route else UNROUTED, run_id_for(container, name, etag)),
        "the host gave up the event of its file after too many failed executions (the app's log has the errors)",
    )


def _note(services: Services, stored: StoredRun | None, cause: str) -> None:
    """Write the cause into a run, where it is; its next step, its waiting time and its outcome stay as they are."""
    if stored is None:
        log.error("it is about a version that has no run: overwritten or deleted meanwhile, or found by the next sweep")
        return
    run = stored.run
    reason = f"{run.reason}; {cause}" if run.reason and not run.reason.endswith(cause) else cause
    noted = run.evolve(services.clock.now(), reason=reason)
    services.runs.save(stored, signed(noted, services.actor, run.chain))


def _plain(text: str) -> str:
    """Return a message as it was written: the host moves poison blob events in base64, whatever `host.json` says."""
    try:
        return base64.b64decode(text, validate=True).decode()
    except ValueError:
        return text
