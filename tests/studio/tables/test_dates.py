"""Dates and times: the texts that are dates, and the features of a date."""

import math
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.tables.columns import DateColumn
from studio.tables.dates import (
    DATE_FORMATS,
    DATE_PARTS,
    date_part_encoder,
    matching_formats,
    parse_date,
    timestamp_encoder,
)


@pytest.mark.parametrize(
    ("cell", "date_format", "expected"),
    [
        ("2024-02-29", "year-month-day", "2024-02-29T00:00:00"),
        ("2024/2/9 7:05", "year-month-day", "2024-02-09T07:05:00"),
        ("2024-02-29T23:59:59.123456Z", "year-month-day", "2024-02-29T23:59:59"),
        ("2024-03-01 00:30:00+02:00", "year-month-day", "2024-02-29T22:30:00"),
        ("2024-02-29T20:30:00 -0330", "year-month-day", "2024-03-01T00:00:00"),
        ("2024-02-29 20:30:00 UTC", "year-month-day", "2024-02-29T20:30:00"),
        ("12/31/2023", "month/day/year", "2023-12-31T00:00:00"),
        ("12/31/2023 12:05 AM", "month/day/year", "2023-12-31T00:05:00"),
        ("31/12/2023 12:05pm", "day/month/year", "2023-12-31T12:05:00"),
        ("31.12.2023 17:00", "day.month.year", "2023-12-31T17:00:00"),
    ],
)
def test_dates_are_read(cell: str, date_format: str, expected: str) -> None:
    """Each format gives its moment, in UTC."""
    assert matching_formats([cell])[0] == date_format
    assert parse_date(cell, date_format) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "cell",
    [
        *("2023-02-29", "24-01-01", "2024-13-01", "2024-01-01 25:00", "13/13/2024", "1/1/2024 13:00 PM", "1/1/2024 PM"),
        *("2024-01", "2024", "20240101", "yesterday", "0001-01-01T00:00+23:00"),
    ],
)
def test_what_is_no_date(cell: str) -> None:
    """A day that no calendar has is no date in any format."""
    assert matching_formats([cell]) == []


def test_a_column_has_one_form() -> None:
    """Where both orders of day and month fit, the month comes first; one cell can decide otherwise."""
    assert matching_formats(["1/2/2024", "3/4/2024"])[0] == "month/day/year"
    assert matching_formats(["1/2/2024", "13/4/2024"])[0] == "day/month/year"
    assert matching_formats(["1/13/2024", "13/4/2024"]) == []
    assert matching_formats([]) == []


@given(st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)).map(lambda at: at.replace(microsecond=0)))  # noqa: DTZ001
@settings(deadline=None)
def test_parts_of_one_and_of_many(at: datetime) -> None:
    """A moment's parts are the calendar's, and the same whether it is read alone or in a column."""
    cell = f"{at.year:04}-{at:%m-%d %H:%M:%S}"
    (date_format, *_) = DATE_FORMATS
    column = DateColumn("x", np.array([timestamp_encoder(date_format)(cell), math.nan]), date_format)
    parts = {part: date_part_encoder(date_format, part)(cell) for part in DATE_PARTS}
    assert (parts["month"], parts["day of week"], parts["hour"]) == (at.month, at.weekday(), at.hour + at.minute / 60)
    for part, value in parts.items():
        of_column = column.part(part)
        assert of_column[0] == value
        assert math.isnan(of_column[1])
