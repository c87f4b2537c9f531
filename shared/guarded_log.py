"""Every log line of the worker loses what it repeats of a secret, whoever writes it and whatever handles it.

And what a name in it would do to the terminal of whoever reads it: control and direction characters are codes there.
"""

import logging
from typing import Any

from shared.redaction import redact
from shared.visible_text import visible

OWN = "landfall."
LINES = "\n\t"
_formatter = logging.Formatter()


class _GuardedRecords:
    """Makes log records as the one before it did, without secrets, and visible."""

    def __init__(self, usual: Any) -> None:
        self._usual = usual

    def __call__(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        record: logging.LogRecord = self._usual(*args, **kwargs)
        try:
            text = record.getMessage()
        except Exception:  # noqa: BLE001 - logging itself tells of a call whose arguments do not fit, as ever
            return record
        # The app's own messages are one line each; those of libraries, and tracebacks, may have more.
        safe = visible(redact(text), keep="" if record.name.startswith(OWN) else LINES)
        if safe != text:
            record.msg, record.args = safe, ()
        if record.exc_info and record.exc_info[0] is not None:
            shown = _formatter.formatException(record.exc_info)
            safe = visible(redact(shown), keep=LINES)
            if safe != shown:  # handlers that look at the error itself would find what was taken out of it
                record.exc_text, record.exc_info = safe, None
        return record


def guard_log() -> None:
    """Guard the log of this process from now on."""
    if not isinstance(logging.getLogRecordFactory(), _GuardedRecords):
        logging.setLogRecordFactory(_GuardedRecords(logging.getLogRecordFactory()))
