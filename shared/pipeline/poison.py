"""Messages that the host gave up: their cause goes into the record of the run they were about, and nothing is lost.

Rows and the sweep drive every run whatever becomes of messages, so poison is a sign of trouble, not the trouble itself.
"""

import base64
import json

from shared.errors import BadMessageError
from shared.log_actions import LogAction, get_log, log_fields
from shared.pipeline.landing import land
from shared.ports import StoredRun
from shared.records.messages import EvaluationMessage
from shared.records.run import UNROUTED, run_id_for
from shared.services import Services

log = get_log("poison")

TEXT_LIMIT = 500  # characters of a poison message that go to the log


def evaluation(services: Services, text: str) -> None:
    """Note in the run that its evaluation message was given up; the tick evaluates it.

    Raises:
        RetryableError: storage could not be reached; the host delivers the message again.
    """
    plain = _plain(text)
    try:
        message = EvaluationMessage.from_text(plain)
    except BadMessageError as error:
        log.error(  # noqa: TRY400 - the line has the error, a traceback adds nothing
            "poison message of queue evaluations, which names no run (%s): %s",
            error,
            plain[:TEXT_LIMIT],
            extra=log_fields(LogAction.MESSAGE_POISONED),
        )
        return
    log.error(
        "poison message of queue evaluations: %s",
        plain[:TEXT_LIMIT],
        extra=log_fields(LogAction.MESSAGE_POISONED, run_id=message.run_id, route=message.route),
    )
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
    try:
        event = json.loads(plain)
        container, name, etag = str(event["ContainerName"]), str(event["BlobName"]), str(event["ETag"])
    except (ValueError, KeyError, TypeError):
        log.error(  # noqa: TRY400 - the message is what counts
            "poison message of the blob trigger, which names no blob; the sweep lands its file: %s",
            plain[:TEXT_LIMIT],
            extra=log_fields(LogAction.MESSAGE_POISONED),
        )
        return
    route = services.routes.match(name)
    route_name = route.name if route else UNROUTED
    run_id = run_id_for(container, name, etag)
    log.error(
        "poison message of the blob trigger: %s",
        plain[:TEXT_LIMIT],
        extra=log_fields(LogAction.MESSAGE_POISONED, run_id=run_id, route=route_name),
    )
    if container != services.routes.input:
        log.error(
            "the poison message is about container %s; this app reads %s only",
            container,
            services.routes.input,
            extra=log_fields(LogAction.MESSAGE_WITHOUT_RUN),
        )
        return
    land(services, container, name)
    _note(
        services,
        services.runs.get(route_name, run_id),
        "the host gave up the event of its file after too many failed executions (the app's log has the errors)",
    )


def _note(services: Services, stored: StoredRun | None, cause: str) -> None:
    """Write the cause into a run, where it is; its next step, its waiting time and its outcome stay as they are."""
    if stored is None:
        log.error(
            "the poison message is about a file version without a run: it was overwritten or deleted since, or the next"
            " sweep lands it",
            extra=log_fields(LogAction.MESSAGE_WITHOUT_RUN),
        )
        return
    run = stored.run
    reason = f"{run.reason}; {cause}" if run.reason and not run.reason.endswith(cause) else cause
    noted = run.evolve(services.clock.now(), reason=reason)
    services.save_run(stored, noted)


def _plain(text: str) -> str:
    """Return a message as it was written: the host moves poison blob events in base64, whatever `host.json` says."""
    try:
        return base64.b64decode(text, validate=True).decode()
    except ValueError:
        return text
