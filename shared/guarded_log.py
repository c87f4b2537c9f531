"""Redacts secrets in every log record of the worker, whichever logger writes it and whichever handler reads it.

It also replaces control and direction characters by their codes: a name in a log line must not act on a terminal.
"""

import logging
from typing import Any

from shared.redaction import redact
from shared.visible_text import visible

OWN_LOGGERS = "landfall."
LINE_CHARACTERS = "\n\t"
_formatter = logging.Formatter()


class _GuardedRecords:
    """A log record factory that wraps another one: its records are redacted and visible."""

    def __init__(self, wrapped: Any) -> None:
        self._wrapped = wrapped

    def __call__(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        record: logging.LogRecord = self._wrapped(*args, **kwargs)
        try:
            text = record.getMessage()
        except Exception:  # noqa: BLE001 - logging itself reports arguments that do not fit the text
            return record
        # A message of the app is one line; those of libraries, and tracebacks, may have several.
        keep = "" if record.name.startswith(OWN_LOGGERS) else LINE_CHARACTERS
        safe = visible(redact(text), keep=keep)
        if safe != text:
            record.msg, record.args = safe, ()
        if record.exc_info and record.exc_info[0] is not None:
            traceback = _formatter.formatException(record.exc_info)
            safe = visible(redact(traceback), keep=LINE_CHARACTERS)
            if safe != traceback:  # a handler that formats the exception itself would show what was redacted
                record.exc_text, record.exc_info = safe, None
        return record


def guard_log() -> None:
    """Redact the log of this process from now on; a second call changes nothing."""
    if not isinstance(logging.getLogRecordFactory(), _GuardedRecords):
        logging.setLogRecordFactory(_GuardedRecords(logging.getLogRecordFactory()))
