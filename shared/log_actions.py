"""What a log line is about, as fields: its action, and the run and the route that it concerns.

A sentence may be reworded; alerts, tests and queries match the action. Every logger of the app is one of `get_log`,
and every call has `extra=log_fields(...)`, so each log record has the attributes `action`, `run_id` and `route` (empty:
none). The worker of Azure Functions sends the host only the formatted text of a record, never its attributes
(https://github.com/Azure/azure-functions-python-worker/issues/1327), so the fields also end the text:
`… [run_id=3f… route=census action=run.moved]`.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from urllib.parse import quote

from shared.redaction import redact


class LogAction(StrEnum):
    """Every action that a log line of the app is about; docs/operating.md has a row for each."""

    CONFIGURATION_INVALID = "configuration.invalid"
    CONFIGURATION_WARNING = "configuration.warning"
    SETUP_CHECK_CRASHED = "setup_check.crashed"

    FILE_DELETED = "file.deleted"
    FILE_CLAIMED_BEFORE = "file.claimed_before"
    FILE_UNROUTED = "file.unrouted"
    FILE_LANDED = "file.landed"
    FILE_SETTLES = "file.settles"
    FILE_NOT_LANDED = "file.not_landed"
    FILE_LANDING_CRASHED = "file.landing_crashed"
    FILE_ARCHIVED = "file.archived"
    ERASURE_FAILED = "erasure.failed"
    ERASURE_REPEATED = "erasure.repeated"
    FILE_FORGOTTEN = "file.forgotten"
    SWEEP_FOUND_FILES = "sweep.found_files"
    SWEEP_FOUND_UNREPORTED = "sweep.found_unreported"
    SWEEP_INTERRUPTED = "sweep.interrupted"

    SCHEMA_IN_FORCE = "schema.in_force"
    MEMBER_LEFT_OUT = "member.left_out"
    BATCH_SEALED = "batch.sealed"
    BATCH_UNFIT = "batch.unfit"
    BATCH_CONFLICT = "batch.conflict"
    BATCH_NOT_SEALED = "batch.not_sealed"
    BATCH_CRASHED = "batch.crashed"

    RUN_MOVED = "run.moved"
    RUN_PROMOTED = "run.promoted"
    RUN_REJECTED = "run.rejected"
    RUN_UNCHANGED = "run.unchanged"
    RUN_SUPERSEDED = "run.superseded"
    RUN_BATCHED = "run.batched"
    RUN_QUARANTINED = "run.quarantined"
    RUN_CANCELLED = "run.cancelled"
    RUN_FAILED = "run.failed"
    RUN_ROLLED_BACK = "run.rolled_back"
    RUN_TIMED_OUT = "run.timed_out"
    RUN_CONFLICT = "run.conflict"
    RUN_NOT_SAVED = "run.not_saved"
    RUN_NOT_ADVANCED = "run.not_advanced"
    RUN_STEP_CRASHED = "run.step_crashed"
    RUN_STEP_LIMIT = "run.step_limit"
    RUN_STEP_UNDONE = "run.step_undone"
    RUN_STEP_NOT_UNDONE = "run.step_not_undone"
    RUN_UNREADABLE = "run.unreadable"
    RUNS_NOT_READ = "runs.not_read"
    RUNS_STUCK = "runs.stuck"

    JOB_SUBMITTED = "job.submitted"
    JOB_STARTED = "job.started"
    JOB_CANCELLED = "job.cancelled"
    JOB_NOT_FOUND = "job.not_found"
    JOB_MAY_RUN_ON = "job.may_run_on"
    SERVICE_CALL_FAILED = "service_call.failed"
    SERVICE_KEY_REFUSED = "service_key.refused"

    ENDPOINT_PATCHED = "endpoint.patched"
    ENDPOINT_CONFLICT = "endpoint.conflict"
    ENDPOINT_NOT_CHECKED = "endpoint.not_checked"
    ENDPOINT_CHECK_CRASHED = "endpoint.check_crashed"
    ENDPOINT_LOCATION_CHANGED = "endpoint.location_changed"
    ENDPOINT_DRIFTED = "endpoint.drifted"
    ENDPOINT_RESTORED = "endpoint.restored"
    ENDPOINT_MISMATCHED = "endpoint.mismatched"
    ENDPOINT_UNEXPLAINED = "endpoint.unexplained"
    DEPLOYMENT_DELETED = "deployment.deleted"
    DEPLOYMENT_NOT_DELETED = "deployment.not_deleted"

    OPERATOR_FROZE = "operator.froze"
    OPERATOR_UNFROZE = "operator.unfroze"

    EVENT_MALFORMED = "event.malformed"
    EVENT_FOREIGN = "event.foreign"
    MESSAGE_POISONED = "message.poisoned"
    INTAKE_UNHEARD = "intake.unheard"
    MESSAGE_WITHOUT_RUN = "message.without_run"


# The run and the route that this invocation (or this item of a pass) works on: what is logged deep below knows neither.
_subject: ContextVar[tuple[str, str]] = ContextVar("log_subject", default=("", ""))


@contextmanager
def log_subject(*, run_id: str = "", route: str = "") -> Iterator[None]:
    """Give every line that is logged inside this run and this route, unless the line names others."""
    token = _subject.set((run_id, route))
    try:
        yield
    finally:
        _subject.reset(token)


def log_fields(action: LogAction, *, run_id: str = "", route: str = "") -> dict[str, str]:
    """Return the `extra=` of a log call; without a run and a route, it has those of `log_subject`.

    The values lose secrets, as texts do: a message of a queue may have anything for its route.
    """
    if not run_id and not route:
        run_id, route = _subject.get()
    return {"action": action.value, "run_id": redact(run_id), "route": redact(route)}


def get_log(name: str) -> logging.Logger:
    """Return a logger of the app, `landfall.<name>`, whose lines end with their fields."""
    log = logging.getLogger(f"landfall.{name}")
    log.addFilter(_append_fields)  # the same filter is added once
    return log


def _append_fields(record: logging.LogRecord) -> bool:
    """End a record's text with its fields; keeps every record."""
    action = getattr(record, "action", "")
    if not action:
        return True
    try:
        text = record.getMessage()
    except Exception:  # noqa: BLE001 - logging itself reports arguments that do not fit the text
        return True
    fields = []
    for name in ("run_id", "route"):
        value = getattr(record, name, "")
        if value:  # percent-encoded, so that no value can end the fields or add one
            fields.append(f"{name}={quote(value, errors='replace')}")
    fields.append(f"action={action}")  # last, so that a query is `Message endswith "action=run.failed]"`
    record.msg, record.args = f"{text} [{' '.join(fields)}]", ()
    return True
