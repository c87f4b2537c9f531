"""Erasing, in the sweep: what a paused worker wrote of a file that was forgotten meanwhile is deleted as well."""

from shared.effects.erased_copies import delete_copies, delete_inputs
from shared.errors import LandfallError
from shared.log_actions import LogAction, get_log, log_fields, log_subject
from shared.plurals import counted
from shared.records.erasure import Erasure
from shared.services import Services

log = get_log("forget")


def erase_again(services: Services) -> int:
    """Delete the copies of files that were forgotten a short time ago; return how many there were.

    An error with one file never stops the others; the next sweep tries again.
    """
    try:
        erasures = services.runs.erasures()
    except LandfallError as error:
        log.warning("the open erasures could not be read: %s", error, extra=log_fields(LogAction.ERASURE_FAILED))
        return 0
    return sum(_erase(services, erasure) for erasure in erasures)


def _erase(services: Services, erasure: Erasure) -> int:
    with log_subject(run_id=erasure.run_id, route=erasure.route):
        try:
            # Read before the deletion: what begins after it is known to be forgotten.
            is_over = services.clock.now() >= erasure.until
            stored = services.runs.get(erasure.route, erasure.run_id)
            deleted = []
            if stored is not None and stored.run.forgotten:  # else whoever recorded it stopped before the mark
                deleted = [*delete_inputs(services, erasure.inputs), *delete_copies(services, stored.run)]
            if is_over:
                services.runs.end_erasure(erasure)
        except LandfallError as error:
            log.warning(
                "the erasure of run %s goes on at the next sweep: %s",
                erasure.run_id[:8],
                error,
                extra=log_fields(LogAction.ERASURE_FAILED),
            )
            return 0
        if deleted:
            log.info(
                "%s deleted that a paused worker had written of a forgotten file",
                counted(len(deleted), "blob"),
                extra=log_fields(LogAction.ERASURE_REPEATED),
            )
        return len(deleted)
