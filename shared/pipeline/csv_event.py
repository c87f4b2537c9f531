"""The queue message about a new file: a hint to look at that blob now. What the blob is, our own client reads."""

from shared.errors import BadMessageError
from shared.log_actions import LogAction, get_log, log_fields
from shared.pipeline.landing import land
from shared.records.blob_created import BlobCreated, plain_text
from shared.services import Services

log = get_log("queue")

MAX_LOGGED_CHARACTERS = 500  # of a message that cannot be read


def land_event(services: Services, text: str) -> bool:
    """Land the file that an event reports; return whether this call claimed it.

    A malformed or foreign event ends in the log: delivering it again would not mend it, and the sweep finds every file.

    Raises:
        LandfallError: storage does not answer, or the settings are wrong; the host delivers the message again.
    """
    try:
        event = BlobCreated.from_text(text)
    except BadMessageError as error:
        log.warning(
            "an event of queue csv-events cannot be used; the sweep finds its file: %s The message: %s",
            error,
            plain_text(text)[:MAX_LOGGED_CHARACTERS],
            extra=log_fields(LogAction.EVENT_MALFORMED),
        )
        return False
    reason = event.foreign(services.routes.input)
    if reason:
        log.warning(
            "an event of queue csv-events is not for this app: %s. Check the filter of the event subscription.",
            reason,
            extra=log_fields(LogAction.EVENT_FOREIGN),
        )
        return False
    return land(services, event.container, *event.names)
