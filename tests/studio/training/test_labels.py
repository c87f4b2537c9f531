"""The label column: what it must hold for each task, and the rows that test the model."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.errors import TableError
from studio.models.model import Task
from studio.tables.columns import NumberColumn
from studio.training.labels import Labels, read_labels
from studio.training.training_plan import TrainingPlan
from tests.studio.tables.test_row_filter import coded


def labels(task: Task, cells: Sequence[str], positive: str = "") -> Labels:
    """Read the labels of a column."""
    return read_labels(coded("y", cells), TrainingPlan(task, "y", positive))


def test_the_positive_class_comes_last() -> None:
    """Whichever cell stands first in the file, 1 is the positive class."""
    for cells in (["a", "b"] * 5, ["b", "a"] * 5):
        targets = labels("binary", cells, "a")
        assert targets.classes == ("b", "a")
        assert targets.target.tolist() == [float(cell == "a") for cell in cells]


def test_classes_are_in_order() -> None:
    """Numbers by size, before texts by their letters."""
    assert labels("multiclass", ["10", "9", "b", "a", "-1"] * 3).classes == ("-1", "9", "10", "a", "b")


def test_a_regressions_numbers() -> None:
    """Every spelling of a number counts."""
    assert labels("regression", ["1", "2.5", "1e1", "1,000", "-3"] * 2).target.tolist() == [1, 2.5, 10, 1000, -3] * 2


@pytest.mark.parametrize(
    ("cells", "whole"), [(["1", "-2", "30"], True), (["1", "2.0"], False), (["1", "3000000000"], False)]
)
def test_whole_numbers_are_noted(cells: list[str], *, whole: bool) -> None:
    """Those of a regression, as they were written and as far as 32 bits hold them; of classes nothing is noted."""
    assert labels("regression", cells * 9).whole is whole
    numbers = NumberColumn("y", np.arange(20.0), whole)
    assert read_labels(numbers, TrainingPlan("regression", "y")).whole is whole
    assert not labels("multiclass", ["1", "2"] * 9).whole


@pytest.mark.parametrize(
    ("task", "cells", "message"),
    [
        ("binary", ["a", "b"], "it has 2 rows; at least 10"),
        ("binary", ["b", "c"] * 9, "no row has the positive label 'a'; column 'y' holds 'b', 'c'"),
        ("binary", ["a", "b", "c"] * 9, "must hold exactly two values; it holds 'a', 'b', 'c'"),
        ("binary", ["a"] * 9 + ["b"], "each value of column 'y' must be in at least two rows"),
        ("multiclass", ["a"] * 12, "must hold 2 to 100 classes; it holds 1: 'a'"),
        ("multiclass", [f"c{number}" for number in range(101)] * 2, "it holds 101: 'c0', "),
        ("multiclass", [f"c{number}" for number in range(12)], "at least two classes of column 'y' must be in two"),
        ("regression", ["1", "2", "x", "y"] * 9, "must hold numbers; it also holds 'x', 'y'"),
        ("regression", ["7"] * 12, "holds the same number in every row"),
    ],
)
def test_labels_that_do_not_fit_the_task(task: Task, cells: Sequence[str], message: str) -> None:
    """The error says what the column holds instead."""
    with pytest.raises(TableError) as caught:
        labels(task, cells, "a")
    assert message in str(caught.value)


@given(st.lists(st.integers(0, 4), min_size=10, max_size=80), st.floats(0.001, 0.999), st.integers(0, 9))
@settings(deadline=None)
def test_every_class_is_held_out_by_its_share(numbers: list[int], fraction: float, seed: int) -> None:
    """Of each class about the share, one row at least and never all; and the same rows again by the same seed."""
    targets = Labels(tuple("abcde"), np.array(numbers, dtype=np.float64))
    test = targets.test_rows(fraction, seed)
    assert (targets.test_rows(fraction, seed) == test).all()
    for number in set(numbers):
        count, all_rows = int(test[targets.target == number].sum()), numbers.count(number)
        assert count == min(max(1, round(all_rows * fraction)), all_rows - 1)
