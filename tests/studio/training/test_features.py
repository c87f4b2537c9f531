"""What a column holds is found from its cells."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from studio.limits import MAX_CATEGORIES
from studio.tables.cell_parsing import MISSING
from studio.tables.csv_reader import read_table
from studio.training.column_inference import MIN_TARGET_ENCODED, infer_column
from studio.training.expected_kinds import infer_columns
from studio.training.features import encode_rows
from tests.studio.small_tables import table_of

LETTERS = "abcdefghijklmnopqrstuvwxyz"


@pytest.mark.parametrize(
    ("cells", "kind", "wire_type"),
    [
        (["1", "2", "3"] * 9, "numeric", "Int32"),
        (["0", "1"] * 9, "numeric", "Int32"),
        (["1.5", "2", "1e3"] * 9, "numeric", "Double"),
        (["1,234", "12", "999,999.5"] * 9, "numeric", "Double"),
        (["$5", "-$1,200", "7"] * 9, "numeric", "Int32"),
        (["12%", "7.5%"] * 9, "numeric", "Double"),
        (["01234", "90210", "00501"] * 9, "numeric", "Int32"),
        (["2019", "2020", "2021"] * 9, "numeric", "Int32"),
        (["3000000000", "1"] * 9, "numeric", "Double"),
        (["true", "FALSE"] * 9, "boolean", "String"),
        (["yes", "no", "Y", "n", ""] * 9, "boolean", "String"),
        (["n", "t"] * 9, "categorical", "String"),
        (["yes", "no", "maybe"] * 9, "categorical", "String"),
        (["yes", ""] * 9, "categorical", "String"),
        (["Red", "red", "blue"] * 9, "categorical", "String"),
        (["3 kg", "4 kg"] * 9, "categorical", "String"),
        (["2024-01-31", "2024-02-01"] * 9, "date", "String"),
        (["1/31/2024 3:04 PM", "2/1/2024 11:00 AM"] * 9, "date", "String"),
        (["31.1.2024", "?"] * 9, "date", "String"),
        (["2024-01-31T10:00:00+02:00", "2024-02-01T10:00:00Z"] * 9, "date", "String"),
        (["2024-02-30", "2024-02-01"] * 9, "categorical", "String"),
        ([str(number / 7) for number in range(60)], "numeric", "Double"),
        ([str(number * number) for number in range(60)], "numeric", "Int32"),
        (["5", ""] * 9, "numeric", "Int32"),
    ],
)
def test_the_kind_of_a_column(tmp_path: Path, cells: Sequence[str], kind: str, wire_type: str) -> None:
    """Numbers, dates, yes and no, and categories are told apart by their cells alone."""
    column = infer_column(table_of(tmp_path, cells)["x"]).column
    assert (column.kind, column.type) == (kind, wire_type)


@pytest.mark.parametrize(
    ("cells", "note", "wire_type"),
    [
        (["", "?", "NA"] * 9, "it has no values", "String"),
        (["a"] * 9, "every row has the same value", "String"),
        (["7"] * 9, "every row has the same value", "Int32"),
        ([f"user-{number}" for number in range(60)], "nearly every row has a different value", "String"),
        ([str(number) for number in range(100, 160)], "a number for each row", "Int32"),
    ],
)
def test_what_teaches_nothing_is_dropped_and_named(
    tmp_path: Path, cells: Sequence[str], note: str, wire_type: str
) -> None:
    """The finding names the column and says why it was left out; where it comes along it keeps its type."""
    finding = infer_column(table_of(tmp_path, cells)["x"])
    assert (finding.column.kind, finding.column.type) == ("ignored", wire_type)
    assert str(finding).startswith("'x': dropped: ")
    assert note in str(finding)


@pytest.mark.parametrize("name", ["id", "Customer ID", "row_id", "customerId", "uuid", "Row Number"])
def test_numbers_that_name_rows_are_dropped_by_their_columns_name(tmp_path: Path, name: str) -> None:
    """Numbers that nearly all differ are an identifier if the column is called one, and else a feature."""
    cells = [str(number * 7919 % 100_003) for number in range(60)]
    table = table_of(tmp_path, cells)
    (renamed,) = (
        type(column)(name, *list(vars(column).values())[1:]) for column in table.columns if column.name == "x"
    )
    assert infer_column(renamed).column.kind == "ignored"
    assert infer_column(table["x"]).column.kind == "numeric"


NUMBERS = [str(number % 30) for number in range(90)]
PLACEHOLDERS = [
    "None",
    "-",
    "#DIV/0!",
    "Infinity",
    "-inf",
    "n.a.",
    "missing",
    "UNKNOWN",
    "\u2014",
    "#N/A",
    "(blank)",
    "inf",
]


@pytest.mark.parametrize("text", PLACEHOLDERS)
def test_a_placeholder_means_missing_however_often(tmp_path: Path, text: str) -> None:
    """Half of the rows may say so, in any case; the note counts them, and a request may say it as well."""
    finding = infer_column(table_of(tmp_path, [*NUMBERS, *[text, text.upper()] * 45])["x"])
    assert (finding.column.kind, finding.column.type, finding.column.categories) == ("numeric", "Int32", ())
    if text not in MISSING:
        assert f"{text.upper()!r} (" in str(finding)
    (encode,) = finding.column.encoders()
    assert [math.isnan(encode(cell)) for cell in (text, text.lower(), "7")] == [True, True, False]


def test_all_placeholders_at_once(tmp_path: Path) -> None:
    """They are counted, the most frequent first, and the rest of the column is what it was."""
    cells = [*NUMBERS, *["-"] * 30, *["None"] * 20, *PLACEHOLDERS]
    table = table_of(tmp_path, cells)
    finding = infer_column(table["x"])
    assert str(finding).startswith("'x': numbers; taken for missing: '-' (31), 'None' (21), '#DIV/0!' (1) and 8 more")
    (features,) = encode_rows(table, [finding.column], [np.ones(len(cells), dtype=np.bool_)])
    np.testing.assert_array_equal(features[:, 0], [*map(float, NUMBERS), *[np.nan] * (len(cells) - 90)])


@pytest.mark.parametrize("odd", [["not measured"] * 60, ["Not measured", "not measured"] * 30])
def test_one_odd_text_that_is_repeated_means_missing(tmp_path: Path, odd: list[str]) -> None:
    """Whatever its share and case; a request may say it as the file does, and nothing else."""
    column = infer_column(table_of(tmp_path, [*NUMBERS, *odd])["x"]).column
    assert (column.kind, column.categories) == ("numeric", tuple(sorted(set(odd))))
    (encode,) = column.encoders()
    assert math.isnan(encode("not measured"))
    with pytest.raises(ValueError, match="is not a number"):
        encode("not asked")


@pytest.mark.parametrize(
    "cells",
    [
        [*NUMBERS, *["not measured"] * 30, *["not asked"] * 30],
        ["1", "2", "3", "X"] * 9,
        ["0", "1", "2", "3+"] * 9,
    ],
)
def test_texts_among_numbers_that_say_something_are_categories(tmp_path: Path, cells: list[str]) -> None:
    """Two texts that each stand in many rows, and codes of which one is a letter."""
    column = infer_column(table_of(tmp_path, cells)["x"]).column
    assert (column.kind, set(column.categories)) == ("categorical", set(cells))


def test_a_few_odd_texts_among_numbers_mean_missing(tmp_path: Path) -> None:
    """Up to five of them in a twentieth of the rows; with more of them the column is one of categories."""
    few = infer_column(table_of(tmp_path, [*NUMBERS, "no idea", "ask Bob", "ask Bob"])["x"])
    assert (few.column.kind, few.column.categories) == ("numeric", ("ask Bob", "no idea"))
    assert "taken for missing: 'ask Bob' (2), 'no idea' (1)" in str(few)
    many = infer_column(table_of(tmp_path, [*NUMBERS, *["no idea"] * 3, *["ask Bob"] * 3])["x"])
    assert many.column.kind == "categorical"


def test_placeholders_among_dates_are_missing(tmp_path: Path) -> None:
    """In a request as well; among texts they are categories, for `None` may be one."""
    finding = infer_column(table_of(tmp_path, ["2024-01-31", "2024-02-01", "-", "0000-00-00"] * 9)["x"])
    assert (finding.column.kind, str(finding)) == ("date", "'x': dates as year-month-day, 18 missing")
    assert all(math.isnan(encode("None")) for encode in finding.column.encoders())
    texts = infer_column(table_of(tmp_path, ["Some", "None", "-"] * 9)["x"]).column
    assert texts.categories == ("-", "None", "Some")


def test_very_many_categories(tmp_path: Path) -> None:
    """They are target-encoded where that is possible; else the thousand most frequent are kept."""
    few = [f"c{number}" for number in range(MIN_TARGET_ENCODED - 1)] * 3
    assert infer_column(table_of(tmp_path, few)["x"], target_encode=True).column.kind == "categorical"
    many = [f"c{number}" for number in range(MAX_CATEGORIES + 5)] * 3 + ["c1004"]
    finding = infer_column(table_of(tmp_path, many)["x"])
    assert finding.column.kind == "categorical"
    assert len(finding.column.categories) == MAX_CATEGORIES
    assert finding.column.categories[0] == "c1004"
    assert "the 5 rarest count as missing" in str(finding)
    assert infer_column(table_of(tmp_path, many)["x"], target_encode=True).column.kind == "target-encoded"


def test_missing_cells_are_counted(tmp_path: Path) -> None:
    """Every spelling of missing counts, whatever the column holds."""
    missing = ["", "?", "NA", "N/A", "n/a", "null", "NaN", "#N/A"]
    assert str(infer_column(table_of(tmp_path, ["1", "2", *missing])["x"])) == "'x': numbers, 8 missing"


def test_rows_become_numbers_in_parts(tmp_path: Path) -> None:
    """Each part has its own rows, in the order of the table, and NaN where nothing is known."""
    table = table_of(tmp_path, ["3", "", "1", "2", "3", "1", "2", "3", "1", "2"])
    part = np.array([True] * 4 + [False] * 6)
    first, second = encode_rows(table, [infer_column(table["x"]).column], [part, ~part])
    np.testing.assert_array_equal(first[:, 0], [3, np.nan, 1, 2])
    np.testing.assert_array_equal(second[:, 0], [3, 1, 2, 3, 1, 2])


def test_a_column_without_a_name_is_told_by_its_place(tmp_path: Path) -> None:
    """The name that it was given stands nowhere in the file, so the note says where the column is."""
    path = tmp_path / "t.csv"
    path.write_text("a,y,\n" + "1,2,\n3,4,\n" * 9, encoding="utf-8")
    named, unnamed = map(str, infer_columns(read_table(path, "y"), "y"))
    assert named == "'a': numbers"
    assert unnamed == "'Col3' (the file's column 3, without a name): dropped: it has no values, 18 missing"
