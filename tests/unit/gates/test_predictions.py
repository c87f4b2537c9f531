"""What an endpoint answers, read for measuring, by the column names of the protocol."""

import pytest

from shared.errors import BadEvaluationError
from shared.gates.known_metrics import Task
from shared.gates.predictions import own_class_probabilities, read_predictions, task_of_answer


@pytest.mark.parametrize("names", [("Scored Labels", "Scored Probabilities"), ("scored_labels", "ScoredProbabilities")])
def test_two_classes(names: tuple[str, str]) -> None:
    """Label and probability, in any spelling; what is no finite number is None."""
    read = read_predictions(Task.BINARY, names, [("yes", "0.9"), ("no", ""), ("no", "NaN"), ("no", "Infinity")])

    assert read.labels == ("yes", "no", "no", "no")
    assert read.scores == (0.9, None, None, None)


def test_a_regression_scores_by_its_label() -> None:
    """`Scored Labels` is the predicted value, or what another module calls it."""
    assert read_predictions(Task.REGRESSION, ["Scored Labels"], [("1.5",), ("x",)]).scores == (1.5, None)
    assert read_predictions(Task.REGRESSION, ["Scored Label Mean", "Sd"], [("2", "1")]).scores == (2.0,)


@pytest.mark.parametrize("form", ['Scored Probabilities for Class "{}"', "Scored Probabilities_{}"])
def test_several_classes(form: str) -> None:
    """One probability a class, by its name; the row's own class finds its own."""
    columns = [form.format("red"), form.format("1"), "Scored Labels"]
    read = read_predictions(Task.MULTICLASS, columns, [("0.7", "0.3", "red"), ("0.2", "x", "1")])

    assert read.classes == ("red", "1")
    assert read.labels == ("red", "1")
    assert own_class_probabilities(read, ["RED", "red"]) == [0.7, 0.2]
    assert own_class_probabilities(read, ["1.0", "1"]) == [0.3, None]
    assert own_class_probabilities(read, ["green", "red"]) == [None, 0.2]


@pytest.mark.parametrize(
    ("task", "columns"), [(Task.BINARY, ["Scored Labels"]), (Task.REGRESSION, ["Cluster"]), (Task.MULTICLASS, ["x"])]
)
def test_a_missing_column_is_named_with_those_there_are(task: Task, columns: list[str]) -> None:
    """The task does not fit the model: the error says what is missing and what there is."""
    with pytest.raises(
        BadEvaluationError, match=f"has no column .* which a {task.value} holdout needs; it has: {columns[0]}"
    ):
        read_predictions(task, columns, [("a",)])


@pytest.mark.parametrize(
    ("columns", "row", "task"),
    [
        (("Scored Labels", "Scored Probabilities"), ("yes", "0.7"), Task.BINARY),
        (("Scored Labels", 'Scored Probabilities for Class "a"'), ("a", "1"), Task.MULTICLASS),
        (("Scored Labels",), ("3.5",), Task.REGRESSION),
        (("Scored Labels",), ("yes",), None),
        (("forecast",), ("3.5",), None),
        (("Scored Labels", "Scored Probabilities_a", "Scored Probabilities_b"), ("a", "1", "0"), None),
    ],
)
def test_an_answer_shows_its_task(columns: tuple[str, ...], row: tuple[str, ...], task: Task | None) -> None:
    """By the scored columns; what could be anything tells nothing."""
    assert task_of_answer(columns, row) is task
