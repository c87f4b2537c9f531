"""The rows that a training uses: the filter is applied first, then the label is required."""

from dataclasses import replace
from pathlib import Path

import pytest

from studio.errors import TableError
from studio.tables import column_collector, csv_reader
from studio.tables.columns import NumberColumn
from studio.tables.csv_reader import CSV
from studio.training.labels import read_labels
from studio.training.row_selection import read_rows
from studio.training.train import train
from studio.training.training_plan import TrainingPlan

PLAN = TrainingPlan("regression", "y")
ROWS = "1,5\n2,?\n3,7\n4,-\n5,9\n"


def write(folder: Path, text: str) -> Path:
    """Write a CSV."""
    path = folder / "t.csv"
    path.write_text(text, encoding="utf-8")
    return path


def problems(path: Path, plan: TrainingPlan) -> list[str]:
    """Return why a file is refused."""
    with pytest.raises(TableError) as caught:
        read_rows(path, plan, CSV)
    return caught.value.problems


def test_rows_without_a_label_are_refused_with_their_lines(tmp_path: Path) -> None:
    """The first of them, how many there are, and what can be done; together with ragged rows."""
    path = write(tmp_path, 'a,y\n"x\nx",1\n1\n2,?\n3,1,1\n4,-\n')
    assert problems(path, PLAN) == [
        "line 4 has 1 cell, the header has 2",
        "line 6 has 3 cells, the header has 2",
        "line 5: the label 'y' is missing",
        "line 7: the label 'y' is missing",
        "rows without a label: 2; add the labels, or leave the rows out by drop_unlabelled or a row filter",
    ]


def test_a_file_without_labels_is_described_by_the_first(tmp_path: Path) -> None:
    """Thousands of rows without a label do not make thousands of problems."""
    messages = problems(write(tmp_path, "a,y\n" + "1,\n" * 5000), PLAN)
    assert len(messages) == 11
    assert messages[0] == "line 2: the label 'y' is missing"


@pytest.mark.parametrize("condition", ["y is not missing and y != '-'", "a in (1, 3, 5)"])
def test_the_filter_comes_before_the_label(tmp_path: Path, condition: str) -> None:
    """A row that the filter removes needs no label."""
    table, notes = read_rows(write(tmp_path, f"a,y\n{ROWS}"), replace(PLAN, row_filter=condition), CSV)
    assert table.rows == 3
    assert notes == ["the row filter keeps 3 of 5 rows"]


def test_a_row_that_the_filter_keeps_needs_a_label(tmp_path: Path) -> None:
    """Its line is that in the file, not in what is left of it."""
    messages = problems(write(tmp_path, f"a,y\n{ROWS}"), replace(PLAN, row_filter="a > 3"))
    assert messages[0] == "line 5: the label 'y' is missing"


@pytest.mark.parametrize(("row_filter", "left"), [("", 3), ("a > 1", 2)])
def test_unlabelled_rows_are_left_out_and_counted(tmp_path: Path, row_filter: str, left: int) -> None:
    """Where the plan says so, with and without a filter."""
    plan = replace(PLAN, drop_unlabelled=True, row_filter=row_filter)
    table, notes = read_rows(write(tmp_path, f"a,y\n{ROWS}"), plan, CSV)
    assert (table.rows, table.cells("y").distinct) == (left, ("5", "?", "7", "-", "9"))
    assert notes[-1] == "rows without a label that were left out: 2, the first on line 3"


def test_a_file_without_any_label_is_refused(tmp_path: Path) -> None:
    """There is nothing to learn, whatever is left out."""
    messages = problems(write(tmp_path, "a,y\n1,?\n2,\n"), replace(PLAN, drop_unlabelled=True))
    assert messages == ["no row has a label in column 'y'"]


def test_a_class_may_be_called_like_a_placeholder(tmp_path: Path) -> None:
    """`None` and `-` are no numbers, but may be classes."""
    text = "a,y\n" + "1,None\n2,-\n3,some\n" * 9
    table, notes = read_rows(write(tmp_path, text), TrainingPlan("multiclass", "y", drop_unlabelled=True), CSV)
    assert (table.rows, notes) == (27, [])


def test_many_different_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A label whose texts are not kept is missing where it says nothing, and wrong where it says something else."""
    monkeypatch.setattr(column_collector, "MANY_TEXTS", 10)
    monkeypatch.setattr(csv_reader, "_AT_ONCE", 40)
    monkeypatch.setattr(csv_reader, "_AT_ONCE_A_COLUMN", 1)
    numbers = "".join(f"{number},{number * 7}\n" for number in range(60))
    path = write(tmp_path, f"a,y\n{numbers}60,\n61,n/a\n62,None\n63,later\n64,5\n")
    assert problems(path, PLAN)[:3] == [f"line {line}: the label 'y' is missing" for line in (62, 63, 64)]
    dropping = replace(PLAN, drop_unlabelled=True)
    table, _ = read_rows(path, dropping, CSV)
    assert (table.rows, isinstance(table["y"], NumberColumn)) == (62, True)
    with pytest.raises(TableError, match="it also holds 'later'"):
        read_labels(table.cells("y"), dropping)
    filtered, _ = read_rows(path, replace(dropping, row_filter="a != 63"), CSV)
    assert len(read_labels(filtered.cells("y"), dropping).target) == 61


def test_what_a_filter_takes_out_is_no_label(tmp_path: Path) -> None:
    """A training goes by the rows that are left: neither a text among numbers nor a third class matters."""
    numbers = "".join(f"{number * 3 % 40},{number % 7}\n" for number in range(40))
    path = write(tmp_path, f"a,y\n{numbers}99,later\n")
    assert train(path, replace(PLAN, row_filter="a < 99"), 1).trained_rows == 30
