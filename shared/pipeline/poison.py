"""Poison messages: the host gave them up after five deliveries. The run that a message is about gets the reason.

Nothing is lost by one: the tick and the sweep drive every run from its row. A poison message is a symptom, so it raises
an alert.
"""

import json

from shared.errors import BadMessageError
from shared.lifecycle.intake_states import under_lease
from shared.lifecycle.reasons import with_sentence
from shared.log_actions import LogAction, get_log, log_fields
from shared.pipeline.landing import land, run_key
from shared.ports.stored_run import StoredRun
from shared.records.blob_created import BlobCreated, plain_text
from shared.records.messages import EvaluationMessage, IntakeMessage
from shared.services import Services

log = get_log("poison")

MAX_LOGGED_CHARACTERS = 500  # of a poison message


def evaluation(services: Services, text: str) -> None:
    """Write into the run that the host gave up its evaluation message; the tick evaluates the run.

    Raises:
        RetryableError: storage does not answer; the host delivers the message again.
    """
    _message(services, text, EvaluationMessage, "evaluations", "evaluation message")


def intake(services: Services, text: str) -> None:
    """Write into the run that the host gave up its intake message; a tick announces the run again.

    Raises:
        RetryableError: storage does not answer; the host delivers the message again.
    """
    _message(services, text, IntakeMessage, "intake", "intake message")


def _message(
    services: Services, text: str, kind: type[EvaluationMessage | IntakeMessage], queue: str, name: str
) -> None:
    plain = plain_text(text)
    try:
        message = kind.from_text(plain)
    except BadMessageError as error:
        log.error(  # noqa: TRY400 - the line has the error, a traceback adds nothing
            "poison message of queue %s, which names no run (%s): %s",
            queue,
            error,
            plain[:MAX_LOGGED_CHARACTERS],
            extra=log_fields(LogAction.MESSAGE_POISONED),
        )
        return
    log.error(
        "poison message of queue %s: %s",
        queue,
        plain[:MAX_LOGGED_CHARACTERS],
        extra=log_fields(LogAction.MESSAGE_POISONED, run_id=message.run_id, route=message.route),
    )
    _add_reason(
        services,
        services.runs.get(message.route, message.run_id),
        f"The host gave up its {name} after five failed deliveries. The app's log has the errors.",
    )


def blob_event(services: Services, text: str) -> None:
    """Write into the run that the host gave up its file's event; a file without a run is landed now.

    Raises:
        LandfallError: storage does not answer, or the settings are wrong; the host delivers the message again.
    """
    plain = plain_text(text)
    try:
        event = json.loads(plain)
        container, name, etag = str(event["ContainerName"]), str(event["BlobName"]), str(event["ETag"])
    except (ValueError, KeyError, TypeError):
        log.error(  # noqa: TRY400 - the message is what counts
            "poison message of the blob trigger, which names no blob; the sweep lands its file: %s",
            plain[:MAX_LOGGED_CHARACTERS],
            extra=log_fields(LogAction.MESSAGE_POISONED),
        )
        return
    _land(services, "the blob trigger", plain, BlobCreated(container, (name,), etag, ""))


def csv_event(services: Services, text: str) -> None:
    """Write into its run that the host gave up an event of the queue `csv-events`; a file without a run is landed now.

    Raises:
        LandfallError: storage does not answer, or the settings are wrong; the host delivers the message again.
    """
    plain = plain_text(text)
    try:
        event = BlobCreated.from_text(plain)
    except BadMessageError as error:
        log.error(  # noqa: TRY400 - as above
            "poison message of queue csv-events, which names no blob (%s); the sweep lands its file: %s",
            error,
            plain[:MAX_LOGGED_CHARACTERS],
            extra=log_fields(LogAction.MESSAGE_POISONED),
        )
        return
    _land(services, "queue csv-events", plain, event)


def _land(services: Services, source: str, plain: str, event: BlobCreated) -> None:
    """Log a poison event; land its file, and write into its run what happened to the event."""
    route_name, run_id = run_key(services, event.container, event.names[0], event.etag)
    log.error(
        "poison message of %s: %s",
        source,
        plain[:MAX_LOGGED_CHARACTERS],
        extra=log_fields(LogAction.MESSAGE_POISONED, run_id=run_id, route=route_name),
    )
    if event.container != services.routes.input:
        log.error(
            "the poison message is about container %s; this app reads %s only",
            event.container,
            services.routes.input,
            extra=log_fields(LogAction.MESSAGE_WITHOUT_RUN),
        )
        return
    land(services, event.container, *event.names)
    _add_reason(
        services,
        services.runs.get(route_name, run_id),
        "The host gave up the event of its file after five failed executions. The app's log has the errors.",
    )


def _add_reason(services: Services, stored: StoredRun | None, cause: str) -> None:
    """Add a cause to a run's reason, if the run exists; its state and its next step stay.

    A run whose file is being read has its worker, so nothing is wrong with it. A write of ours would cost that worker
    its lease, and the file would be read once more from its beginning.
    """
    if stored is None:
        log.error(
            "the poison message is about a file version without a run: it was overwritten or deleted since, or the next"
            " sweep lands it",
            extra=log_fields(LogAction.MESSAGE_WITHOUT_RUN),
        )
        return
    run, now = stored.run, services.clock.now()
    if under_lease(run, now):
        return
    reason = with_sentence(run.reason, cause) if run.reason and not run.reason.endswith(cause) else cause
    services.save_run(stored, run.evolve(now, reason=reason))
