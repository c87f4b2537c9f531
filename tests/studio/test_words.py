"""Counts and moments in words."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from studio.words import counted, utc_text, visible


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 rows"), (1, "1 row"), (2, "2 rows"), (2_000, "2,000 rows"), (10**6, "1,000,000 rows")]
)
def test_things_are_counted_in_their_plural(count: int, text: str) -> None:
    """One alone is a single one."""
    assert counted(count, "row") == text
    assert counted(count, "call at once", "calls at once").endswith("calls at once" if count != 1 else "call at once")


def test_a_moment_is_told_in_utc() -> None:
    """Whatever its own zone is; with milliseconds where they are asked for."""
    moment = datetime(2026, 1, 31, 1, 2, 3, 4567, timezone(timedelta(hours=2)))
    assert utc_text(moment) == "2026-01-30 23:02:03 UTC"
    assert utc_text(moment.astimezone(UTC), precisely=True) == "2026-01-30 23:02:03.004 UTC"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a b\n\tc é 漢", "a b\n\tc é 漢"),
        ("exe.\u202evsc", "exe.\\u202evsc"),
        ("\x1b[2J\x7f", "\\u001b[2J\\u007f"),
        ("\U000e0041\ufeff", "\\udb40\\udc41\\ufeff"),
    ],
)
def test_what_cannot_be_seen_is_its_code(text: str, shown: str) -> None:
    """What clears a screen, turns a line around or hides itself; in JSON, as in sample code, it is the same text."""
    assert visible(text) == shown
    assert json.loads(f'"{visible(text)}"', strict=False) == text
