"""Matching the columns of a request with a model's, and the types of the answer."""

import pytest

from studio.models.model import Model, Task
from studio.scoring.request_columns import (
    ColumnMismatchError,
    ReservedColumnError,
    added_columns,
    label_type,
    request_columns,
)
from studio.tables.model_column import Column


def model(task: Task, *classes: str, whole_labels: bool = False) -> Model:
    """Return a model of which only columns and labels matter."""
    columns = (Column("age", "numeric", "Int32"), Column("row", "ignored", "Int32"))
    return Model(task, "label", classes, columns, whole_labels=whole_labels)


def test_a_regression_of_whole_numbers_predicts_others() -> None:
    """A label in the request has the type of the training's labels; the prediction is any number."""
    whole = model("regression", whole_labels=True)
    assert (label_type(whole), added_columns(whole)) == ("Int32", [("Scored Labels", "Double")])


@pytest.mark.parametrize(
    ("task", "classes", "wire_type"),
    [
        ("binary", ("0", "1"), "Int32"),
        ("binary", ("no", "yes"), "String"),
        ("multiclass", ("1.5", "2", "3"), "Double"),
        ("multiclass", ("1", "2", "rose"), "String"),
        ("regression", (), "Double"),
    ],
)
def test_labels_have_the_type_of_their_classes(task: Task, classes: tuple[str, ...], wire_type: str) -> None:
    """`Scored Labels`, and a label in the request, have the type of the classes."""
    shown = model(task, *classes)
    assert label_type(shown) == dict(added_columns(shown))["Scored Labels"] == wire_type
    columns = request_columns(shown, ["label", "age", "row"])
    assert dict(zip(columns.names, columns.types, strict=True)) == {
        "label": wire_type,
        "age": "Int32",
        "row": "Int32",
        **dict(added_columns(shown)),
    }


def test_a_scored_table_that_is_sent_again_is_told_so() -> None:
    """The error names the added columns, whether or not the model has columns of these names."""
    with pytest.raises(ReservedColumnError, match="Invalid output parameter name: Scored Labels, Scored Probabilities"):
        request_columns(model("binary", "no", "yes"), ["age", "Scored Labels", "Scored Probabilities "])


def test_an_optional_column_may_be_left_out() -> None:
    """The model learns from it all the same; required columns are named."""
    optional = Model("regression", "y", (), (Column("a", "numeric", optional=True), Column("b", "numeric")))
    assert request_columns(optional, ["b"]).positions == (None, 0)
    assert request_columns(optional, ["b", "a"]).positions == (1, 0)
    with pytest.raises(ColumnMismatchError, match="missing columns: b"):
        request_columns(optional, ["a"])
