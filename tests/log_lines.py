"""The app's log lines, found by their action: a sentence may be reworded."""

import logging

import pytest

from shared.log_actions import LogAction


def records_about(caplog: pytest.LogCaptureFixture, action: LogAction) -> list[logging.LogRecord]:
    """Return the records of an action."""
    return [record for record in caplog.records if vars(record).get("action") == action.value]


def lines_about(caplog: pytest.LogCaptureFixture, action: LogAction) -> list[str]:
    """Return the sentences of an action, without the fields that end the lines."""
    return [record.getMessage().rpartition(" [")[0] for record in records_about(caplog, action)]
