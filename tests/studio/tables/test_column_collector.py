"""Collecting the cells of a column: columns held without their texts mean the same."""

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studio.errors import TableError
from studio.tables import column_collector, csv_reader
from studio.tables.columns import CodedColumn, DateColumn, DroppedColumn, NumberColumn
from studio.training.column_inference import infer_column
from studio.training.features import encode_rows
from tests.studio.small_tables import table_of

numbers = st.floats(-1e9, 1e9).map(repr) | st.integers(-(10**6), 10**6).map(str)
timestamps = st.datetimes().map(lambda moment: moment.strftime("%Y-%m-%d %H:%M:%S").rjust(19, "0"))
odd = st.sampled_from(["", "?", "NA", " 7 ", "1,000", "5%", "1e3", "None", "-", "Infinity", "not measured"])

no_date = st.sampled_from(["", "NA", "n.a."])


@given(st.lists(numbers, min_size=30, max_size=60, unique=True), st.lists(odd, max_size=9), st.randoms())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=15)
@pytest.mark.usefixtures("low_limits")
def test_numbers_without_texts_are_the_same(
    tmp_path: Path, many: list[str], more: list[str], rng: random.Random
) -> None:
    """A column held as plain numbers is found and encoded as its texts are."""
    cells = [*many, *more]
    rng.shuffle(cells)
    assert isinstance(table_of(tmp_path, cells)["x"], NumberColumn)
    _assert_same(tmp_path, cells)


@given(
    st.lists(timestamps, min_size=30, max_size=60, unique=True),
    st.lists(st.sampled_from(["", "NA", "n.a."]), max_size=5),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=15)
@pytest.mark.usefixtures("low_limits")
def test_moments_without_texts_are_the_same(tmp_path: Path, many: list[str], missing: list[str]) -> None:
    """A column held as moments is found and encoded as its texts are."""
    cells = [*many[:10], *missing, *many[10:]]
    assert isinstance(table_of(tmp_path, cells)["x"], DateColumn)
    _assert_same(tmp_path, cells)


def _with_texts(folder: Path, cells: list[str]) -> CodedColumn:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(column_collector, "MANY_NUMBERS", 10_000)
        patch.setattr(column_collector, "MANY_TEXTS", 10_000)
        column = table_of(folder, cells)["x"]
    assert isinstance(column, CodedColumn)
    return column


def _assert_same(folder: Path, cells: list[str]) -> None:
    table = table_of(folder, cells)
    whole = type(table)((_with_texts(folder, cells), table["y"]), table.rows)
    inferred, expected = infer_column(table["x"]), infer_column(whole["x"])
    assert inferred.column == expected.column
    assert str(inferred) == str(expected)
    every = [np.ones(table.rows, dtype=np.bool_)]
    np.testing.assert_array_equal(
        encode_rows(table, [inferred.column], every)[0], encode_rows(whole, [expected.column], every)[0]
    )


@pytest.mark.usefixtures("low_limits")
def test_texts_among_numbers_go_with_their_rows(tmp_path: Path) -> None:
    """After a row filter a column of numbers has the texts of the remaining rows, and no others."""
    column = table_of(tmp_path, [*map(str, range(30)), "late", "-", "late"])["x"]
    assert isinstance(column, NumberColumn)
    assert column.text_counts == {"late": 2, "-": 1}
    chosen = np.arange(33) % 2 == 0
    assert column.filtered(chosen).text_counts == {"late": 2}
    assert column.filtered(chosen).filtered(np.arange(17) < 16).text_counts == {"late": 1}
    assert column.filtered(~chosen).text_counts == {"-": 1}


@pytest.mark.usefixtures("low_limits")
def test_many_texts_among_numbers_are_not_all_kept(tmp_path: Path) -> None:
    """A column that turns out not to hold numbers is dropped, and its note lists a few texts, not thousands."""
    column = table_of(tmp_path, [*map(str, range(300)), *(f"late {number % 150}" for number in range(300))])["x"]
    assert isinstance(column, NumberColumn)
    assert len(column.texts) == 101
    assert sum(column.text_counts.values()) == 300
    assert "numbers and texts ('other texts' (" in str(infer_column(column))


@pytest.mark.usefixtures("low_limits")
def test_days_and_months_are_told_apart_late(tmp_path: Path) -> None:
    """While both orders of day and month fit, both are tried; the first day above twelve decides."""
    early = [f"{day}/{month}/2024" for day in range(1, 13) for month in range(1, 4)]
    column = table_of(tmp_path, [*early, "13/1/2024"])["x"]
    assert isinstance(column, DateColumn)
    assert column.date_format == "day/month/year"
    mixed = table_of(tmp_path, [*early, "soon"])["x"]
    assert isinstance(mixed, DroppedColumn)
    assert "dates and other texts are mixed" in str(infer_column(mixed))


@pytest.mark.usefixtures("low_limits")
def test_identifiers_are_given_up_unless_they_are_used(tmp_path: Path) -> None:
    """Texts that differ in nearly every row are not held, but those of a column that a filter names are."""
    cells = [f"user-{number}" for number in range(60)]
    assert isinstance(table_of(tmp_path, cells)["x"], DroppedColumn)
    kept = table_of(tmp_path, cells, used=True).cells("x")
    assert [kept.distinct[code] for code in kept.codes] == cells


def test_too_many_texts_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file whose texts would fill the memory is refused, and the limit named."""
    monkeypatch.setattr(column_collector, "MANY_NUMBERS", 10)
    monkeypatch.setattr(column_collector, "MAX_TEXTS", 3000)
    with pytest.raises(TableError, match=r"more than 3,000 different texts"):
        table_of(tmp_path, [f"text {number}" for number in range(9000)])


def test_too_many_values_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of too many rows for its columns is refused, and both limits named."""
    monkeypatch.setattr(csv_reader, "MAX_TABLE_VALUES", 100)
    with pytest.raises(TableError, match=r"more than 100 values \(50 rows\): leave out rows"):
        table_of(tmp_path, range(90))
