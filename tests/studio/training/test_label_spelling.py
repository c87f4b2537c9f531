"""Spellings of labels: which are one class, and which are refused."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.errors import TableError
from studio.models.model import Task
from studio.models.model_file import load_model
from studio.training.label_spelling import unify_labels
from studio.training.labels import Labels, read_labels
from studio.training.previous_model import PreviousModel
from studio.training.train import train
from studio.training.training_plan import TrainingPlan
from tests.studio.small_tables import write_csv
from tests.studio.tables.test_row_filter import coded


def read(task: Task, cells: Sequence[str], served: Sequence[str] = (), positive: str = "") -> Labels:
    """Read the labels of a column, of an experiment whose model in service has these classes."""
    return read_labels(coded("y", cells), TrainingPlan(task, "y", positive), served)


@pytest.mark.parametrize(
    ("cells", "served", "classes"),
    [
        (["1.0", "0.0"], ("0", "1"), ("0", "1")),
        (["1", "0"], ("0.0", "1.0"), ("0.0", "1.0")),
        (["01", "1e0", "+1", "0"], ("0", "1"), ("0", "1")),
        (["1", "1.0", "0"], (), ("0", "1")),
        (["1.0", "1", "0"], (), ("0", "1")),
    ],
)
def test_numbers_that_are_equal_are_one_class(
    cells: list[str], served: tuple[str, ...], classes: tuple[str, ...]
) -> None:
    """Spelled as in the model in service; without one as the experiment spells the positive class."""
    labels = read("binary", cells * 9, served, positive="1")
    assert labels.classes == classes
    assert labels.target.tolist() == [float(cell) for cell in cells] * 9


def test_the_first_spelling_counts_where_there_is_no_other() -> None:
    """The note names the others with their rows."""
    labels = read("multiclass", ["2.0", "2", "3", "03"] * 5)
    assert labels.classes == ("2.0", "3")
    assert labels.notes == ("labels '2' (5) are read as '2.0'", "labels '03' (5) are read as '3'")


@pytest.mark.parametrize("cells", [["YES", "No"], ["yes", "NO"], ["Yes ", "no"]])
def test_a_text_in_another_case_is_the_class_in_service(cells: list[str]) -> None:
    """Where the file spells it in that one way; the note says so."""
    labels = read("binary", [cell.strip() for cell in cells] * 9, ("No", "Yes"), positive="yes")
    assert labels.classes == ("No", "Yes")
    assert labels.target.tolist() == [1.0, 0.0] * 9
    assert all("as in the model in service" in note for note in labels.notes)


def test_composition_and_inner_spaces_make_no_class() -> None:
    """An accent may be a letter of its own or a part of one."""
    labels = read("multiclass", ["Cafe\u0301  noir", "The"] * 9, ("Caf\u00e9 noir", "The"))
    assert labels.classes == ("Caf\u00e9 noir", "The")


@pytest.mark.parametrize("served", [(), ("no", "yes"), ("No", "Yes")])
def test_a_mixture_is_refused_by_name(served: tuple[str, ...]) -> None:
    """One class in several spellings: each is named with its rows."""
    with pytest.raises(TableError) as caught:
        read("binary", ["yes", "Yes", "no", "yes"] * 9, served, positive="yes")
    assert (
        "column 'y' spells one label in several ways: 'yes' (18), 'Yes' (9); spell it in one" in caught.value.problems
    )


def test_classes_that_are_there_stay_apart() -> None:
    """A model in service that distinguishes `a` from `A` keeps them apart; a third spelling could be either."""
    assert read("multiclass", ["a", "A", "b"] * 9, ("A", "a", "b")).classes == ("A", "a", "b")
    with pytest.raises(TableError, match=r"\(9\), which could be any of '\u00c1', '\u00e1'"):
        read("multiclass", ["a\u0301", "b"] * 9, ("\u00c1", "\u00e1", "b"))


def test_new_and_lost_classes_are_noted() -> None:
    """A model of many classes may have others than before; the notes name them."""
    assert read("multiclass", ["a", "b", "d"] * 9, ("a", "b", "c")).notes == (
        "classes that the model in service does not have: 'd'",
        "classes of the model in service that no row has: 'c'",
    )


labels = st.lists(st.sampled_from(["1", "1.0", "01", "yes", "Yes", "YES", "no", "2", "é", "e\u0301"]), min_size=1)


@given(labels, st.lists(st.sampled_from(["1", "yes", "NO", "é"]), unique=True))
def test_every_label_has_one_class_or_is_refused(cells: list[str], served: list[str]) -> None:
    """Classes in service stay as they are; another spelling of one is no new class."""
    spelling = unify_labels({cell: cells.count(cell) for cell in dict.fromkeys(cells)}, served, "y")
    assert set(spelling.class_of) == set(cells)
    for cell, name in spelling.class_of.items():
        assert name == cell or name in served or name in cells
        assert name == cell or cell not in served
    if not spelling.problems:
        classes = set(spelling.class_of.values())
        assert len({each.casefold() for each in classes}) == len(classes)


def test_a_training_spells_as_the_model_before(tmp_path: Path) -> None:
    """From the file to the model's classes, and back in the notes of the job."""
    csv = write_csv(tmp_path, {"x": [3, 1, 4, 1, 5, 9] * 8, "y": ["1.0", "0.0"] * 24})
    plan = TrainingPlan("binary", "y", "1")
    result = train(csv, plan, 1, previous=PreviousModel(("0", "1")))
    assert load_model(result.model).classes == ("0", "1")
    assert "labels '1.0' (24) are read as '1', as in the model in service" in result.notes
