"""`Retry-After` as services write it."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from shared.adapters.http.retry_after import asked_pause_s
from shared.errors import ServiceFault, UnavailableError
from shared.records.run import MAX_ASKED_PAUSE_S
from tests.contract.records import NOON, a_run


@pytest.mark.parametrize(("text", "seconds"), [("120", 120), ("0", 0), ("", 0), ("soon", 0), ("-5", 0), ("²", 0)])
def test_seconds(text: str, seconds: float) -> None:
    """A number of seconds; what is none asks for nothing."""
    assert asked_pause_s({"Retry-After": text}) == seconds


def test_a_date() -> None:
    """The time until then; one that is over asks for nothing."""
    later = datetime.now(UTC) + timedelta(minutes=10)
    assert 500 < asked_pause_s({"Retry-After": format_datetime(later, usegmt=True)}) <= 600
    assert asked_pause_s({"Retry-After": "Mon, 23 Nov 2020 12:00:00 GMT"}) == 0


def test_a_run_waits_as_long_as_it_was_asked_to() -> None:
    """At least that long, at most an hour, and never shorter than its own growing pause."""
    run = a_run()
    assert run.retry_later(NOON, "busy", 120).not_before == NOON + timedelta(seconds=120)
    assert run.retry_later(NOON, "busy", 1e9).not_before == NOON + timedelta(seconds=MAX_ASKED_PAUSE_S)
    assert run.retry_later(NOON, "busy", 1).not_before == NOON + timedelta(seconds=5)


def test_the_sentence_about_it_stays_short() -> None:
    """The pause is for the app, not for people."""
    fault = ServiceFault("submit job", "http://x", 503, "Busy", retry_after_s=77)
    assert "77" not in str(UnavailableError(fault))
