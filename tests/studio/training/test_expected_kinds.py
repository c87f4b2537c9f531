"""Expected columns: kept where the cells allow it, named where they do not."""

from pathlib import Path

import pytest

from studio.errors import TableError
from studio.tables.columns import CodedColumn, DateColumn, NumberColumn
from studio.tables.csv_reader import read_table
from studio.tables.model_column import Column
from studio.training.column_inference import InferredColumn
from studio.training.expected_kinds import expected_columns, infer_columns
from studio.training.stated_kinds import KINDS, stated_column
from tests.studio.small_tables import write_csv

NUMBERS, TEXTS = Column("x", "numeric", "Int32", ("late",)), Column("x", "categorical")
FLAGS, DAYS_FIRST = Column("x", "boolean"), Column("x", "date", date_format="day/month/year")
EARLY = [f"{day:02}/{month:02}/2024" for day in range(1, 13) for month in (1, 2, 3)]
DATES_REFUSED = (
    "column 'w' must hold dates as year-month-day;"
    " '01/01/2024' is not one (1 row, the first on line 2), and 35 other texts"
)


def found(
    folder: Path, cells: list[str], *, served: Column | None = None, stated: Column | None = None
) -> InferredColumn:
    """Find what a column `x` holds, beside a label `y`."""
    path = write_csv(folder, {"x": cells, "y": range(len(cells))})
    expected = expected_columns([stated] if stated else [], [served] if served else [])
    table = read_table(path, "y", expected={name: each.column for name, each in expected.items()})
    (finding,) = infer_columns(table, "y", expected=expected)
    return finding


@pytest.mark.parametrize(
    ("cells", "served", "alone"),
    [
        (EARLY, DAYS_FIRST, "dates as month/day/year"),
        (["3", "7", "12"] * 9, TEXTS, "numbers"),
        ([str(number * number) for number in range(60)], Column("x", "target-encoded"), "numbers"),
        (["2024-01-31", "2024-02-01"] * 9, TEXTS, "dates as year-month-day"),
        (["yes", "no"] * 9, TEXTS, "yes or no"),
        (["0", "1"] * 9, FLAGS, "numbers"),
        (["yes", "no", "unknown"] * 9, FLAGS, "categories"),
        (["1", "2", "not asked"] * 9, NUMBERS, "categories"),
        (["1", "2", "late", "not asked", "not asked"] * 9, NUMBERS, "categories"),
    ],
)
def test_the_kind_in_service_is_kept(tmp_path: Path, cells: list[str], served: Column, alone: str) -> None:
    """Cells that fit two readings are read as expected, and the note says so."""
    if served.kind != "target-encoded":
        assert found(tmp_path, cells).column.holds == alone
    kept = found(tmp_path, cells, served=served)
    assert kept.column.holds == served.holds
    assert "as in the model in service" in str(kept) or served.kind == "target-encoded"


@pytest.mark.parametrize(
    ("cells", "served", "message"),
    [
        (["01/31/2024", "02/01/2024"] * 9, DAYS_FIRST, "'01/31/2024' is not one (9 rows, the first on line 2)"),
        (["7", "12", "X3", "X4"] * 9, NUMBERS, "'X3' is not one (9 rows, the first on line 4), and 1 other text"),
        (["yes", "no", "perhaps"] * 9, FLAGS, "'perhaps' is not one (9 rows, the first on line 4)"),
        (["2024-01-31", "2024-02-01"] * 9, NUMBERS, "'2024-01-31' is not one"),
    ],
)
def test_another_kind_is_named(tmp_path: Path, cells: list[str], served: Column, message: str) -> None:
    """If the cells do not fit, the column is inferred as it is, and the note names the first cell that does not fit."""
    finding = found(tmp_path, cells, served=served)
    assert finding.column.holds not in ("", served.holds)
    assert f"the model in service has {served.holds} there: {message}" in str(finding)


@pytest.mark.parametrize("served", [NUMBERS, TEXTS, FLAGS, DAYS_FIRST])
@pytest.mark.parametrize("cells", [["", "?"] * 20, ["7"] * 40, [f"user {number}" for number in range(40)]])
def test_what_teaches_nothing_is_dropped_all_the_same(tmp_path: Path, cells: list[str], served: Column) -> None:
    """A dropped column is no kind of its own, so it conflicts with none."""
    assert found(tmp_path, cells, served=served).column.kind == "ignored"


def test_what_is_dropped_in_service_may_hold_anything(tmp_path: Path) -> None:
    """It is inferred anew, as in a first training."""
    assert found(tmp_path, ["1", "2"] * 9, served=Column("x", "ignored")).column.kind == "numeric"


def test_a_running_number_that_is_learned_from_stays(tmp_path: Path) -> None:
    """Sorted by chance: it is an identifier only where the model in service does not use it."""
    cells = [str(number) for number in range(40)]
    assert found(tmp_path, cells).column.kind == "ignored"
    assert found(tmp_path, cells, served=NUMBERS).column.kind == "numeric"


def test_what_meant_missing_still_does(tmp_path: Path) -> None:
    """Callers may send a text that this file does not have."""
    assert found(tmp_path, ["1", "2", "3"] * 9, served=NUMBERS).column.categories == ("late",)


@pytest.mark.parametrize("kind", KINDS)
def test_the_experiment_comes_first(tmp_path: Path, kind: str) -> None:
    """Cells that allow a reading are read so, whatever is in service."""
    cells = {
        "number": ["1", "2"],
        "yes or no": ["1", "0"],
        "date yyyy-mm-dd": ["2024-01-02", "2024-02-01"],
        "date dd.mm.yyyy": ["1.2.2024", "2.1.2024"],
    }.get(kind, ["01/02/2024", "02/01/2024"] if "date" in kind else ["1", "2"])
    stated = stated_column("x", kind)
    column = found(tmp_path, cells * 9, served=TEXTS if kind != "category" else NUMBERS, stated=stated).column
    assert (column.kind, column.date_format) == (stated.kind, stated.date_format)


def test_what_is_against_the_experiment_is_refused(tmp_path: Path) -> None:
    """All columns at once, with the cell and its line, or that the column is not there."""
    path = write_csv(tmp_path, {"x": ["1", "2", "X3", "X4"] * 9, "z": ["soon"] * 36, "w": EARLY, "y": range(36)})
    kinds = {"x": "number", "w": "date yyyy-mm-dd", "v": "category", "gone": "dropped"}
    expected = expected_columns([stated_column(*each) for each in kinds.items()], [])
    with pytest.raises(TableError) as caught:
        infer_columns(read_table(path, "y"), "y", expected=expected)
    assert caught.value.problems == [
        "column 'x' must hold numbers; 'X3' is not one (9 rows, the first on line 4), and 1 other text",
        DATES_REFUSED,
        "the column 'v' of the experiment's [columns] is missing",
    ]


def test_a_stated_category_is_no_identifier(tmp_path: Path) -> None:
    """A stated category is kept although nearly every row has a different one; leading zeros stay."""
    cells = [f"00{number}" for number in range(60)]
    column = found(tmp_path, cells, stated=stated_column("x", "category")).column
    assert (column.kind, column.categories[0]) == ("categorical", "000")


def test_kinds_are_read_as_people_write_them() -> None:
    """In any case, with any spaces, in the words of the notes; others are refused with those there are."""
    assert stated_column("a", " Date  DD/MM/YYYY").date_format == "day/month/year"
    assert [stated_column("a", each).kind for each in ("numbers", "categories", "yes/no")] == [
        "numeric",
        "categorical",
        "boolean",
    ]
    with pytest.raises(ValueError, match=r"is 'date'; it must be one of: number, category, yes or no, date yyyy-mm-dd"):
        stated_column("a", "date")


@pytest.mark.usefixtures("low_limits")
def test_many_different_cells_are_kept_as_expected(tmp_path: Path) -> None:
    """Where texts are dropped: dates keep the order in service, and codes stay texts."""
    path = write_csv(tmp_path, {"x": EARLY, "y": range(36)})
    column = read_table(path, "y", expected={"x": DAYS_FIRST})["x"]
    assert isinstance(column, DateColumn)
    assert (column.date_format, column.other_formats) == ("day/month/year", ("month/day/year",))
    assert found(tmp_path, EARLY, served=DAYS_FIRST).column.date_format == "day/month/year"
    assert "day/month/year would fit as well" in str(found(tmp_path, EARLY))
    codes = [f"{number:03}" for number in range(60) for _ in range(2)]
    assert isinstance(read_table(write_csv(tmp_path, {"x": codes, "y": range(120)}), "y")["x"], NumberColumn)
    path = write_csv(tmp_path, {"x": codes, "y": range(120)})
    texts = read_table(path, "y", expected={"x": TEXTS})["x"]
    assert isinstance(texts, CodedColumn)
    assert texts.distinct[:2] == ("000", "001")


@pytest.mark.usefixtures("low_limits")
@pytest.mark.parametrize(("served", "holds"), [(FLAGS, "numbers"), (NUMBERS, "numbers")])
def test_many_numbers_are_what_they_are(tmp_path: Path, served: Column, holds: str) -> None:
    """A text that meant missing in service means missing among them; they are never yes and no."""
    cells = [*(str(number * 7 % 61) for number in range(60)), *["late"] * 30, *["not asked"] * 3]
    finding = found(tmp_path, cells, served=served)
    assert finding.column.holds == (holds if served.kind == "numeric" else "")
