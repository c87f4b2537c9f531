"""Metrics: the numbers that scikit-learn gives, and no value where there is none."""

import math

import pytest
import sklearn.metrics as oracle
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from shared.gates.evaluation_report import direction_of
from shared.gates.holdout import MEASURED, Task
from shared.gates.metrics import measure
from shared.gates.predictions import Predictions

PROBABILITIES = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.5001, 0.9, 1.0]) | st.floats(0, 1)
BINARY_ROWS = st.lists(st.tuples(st.booleans(), PROBABILITIES), min_size=2, max_size=60)
NUMBERS = st.floats(-1e6, 1e6).map(lambda value: round(value, 3))


def word(positive: bool) -> str:
    """Return a label."""
    return "yes" if positive else "no"


def binary(truth: list[bool], scores: list[float]) -> tuple[list[str], Predictions]:
    """Return labels and predictions of two classes, cut at a half."""
    return [word(one) for one in truth], Predictions(tuple(word(score >= 0.5) for score in scores), tuple(scores))


def close(value: float | None, expected: float) -> bool:
    """Tell whether two numbers are equal but for the last digits."""
    return value is not None and math.isclose(value, expected, rel_tol=1e-9, abs_tol=1e-9)


@given(BINARY_ROWS)
def test_two_classes_as_scikit_learn_measures_them(rows: list[tuple[bool, float]]) -> None:
    """Area, accuracy, precision, recall, F, log loss and the four cells."""
    truth, scores = [one for one, _ in rows], [score for _, score in rows]
    assume(len(set(truth)) == 2)
    guessed = [score >= 0.5 for score in scores]
    found = measure(Task.BINARY, "yes", *binary(truth, scores))

    assert close(found["AUC"], oracle.roc_auc_score(truth, scores))
    assert close(found["Accuracy"], oracle.accuracy_score(truth, guessed))
    assert close(found["Average Log Loss"], oracle.log_loss(truth, scores))
    assert close(found["Recall"], oracle.recall_score(truth, guessed))
    if any(guessed):
        assert close(found["Precision"], oracle.precision_score(truth, guessed))
        assert close(found["F-Score"], oracle.f1_score(truth, guessed))
    else:
        assert (found["Precision"], found["F-Score"]) == (None, None)
    cells = oracle.confusion_matrix(truth, guessed).ravel().tolist()
    names = ("True Negative", "False Positive", "False Negative", "True Positive")
    assert [found[name] for name in names] == cells


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=1, max_size=40))
def test_several_classes_as_scikit_learn_measures_them(rows: list[tuple[str, str]]) -> None:
    """Accuracies, and the averages where every class was predicted."""
    truth, guessed = [one for one, _ in rows], [other for _, other in rows]
    found = measure(Task.MULTICLASS, "", truth, Predictions(tuple(guessed)))

    assert close(found["Overall Accuracy"], oracle.accuracy_score(truth, guessed))
    assert close(found["Micro-averaged Recall"], oracle.recall_score(truth, guessed, average="micro"))
    labels = sorted(set(truth))
    assert close(found["Macro-averaged Recall"], oracle.recall_score(truth, guessed, average="macro", labels=labels))
    if set(truth) <= set(guessed):
        assert close(
            found["Macro-averaged Precision"], oracle.precision_score(truth, guessed, average="macro", zero_division=0)
        )
    else:
        assert found["Macro-averaged Precision"] is None
    each = [
        oracle.accuracy_score([one == label for one in truth], [one == label for one in guessed])
        for label in sorted({*truth, *guessed})
    ]
    assert close(found["Average Accuracy"], sum(each) / len(each))


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 9), st.integers(1, 9), st.integers(1, 9)), min_size=1))
def test_log_loss_of_several_classes(rows: list[tuple[str, int, int, int]]) -> None:
    """By the probability that each row's own class was given."""
    truth = [one for one, *_ in rows]
    probabilities = [tuple(part / sum(parts) for part in parts) for _, *parts in rows]
    guessed = tuple("abc"[max(range(3), key=one.__getitem__)] for one in probabilities)
    found = measure(Task.MULTICLASS, "", truth, Predictions(guessed, (), ("a", "b", "c"), tuple(probabilities)))

    assert close(found["Average Log Loss"], oracle.log_loss(truth, probabilities, labels=["a", "b", "c"]))


@settings(deadline=None)
@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=2, max_size=40))
def test_a_regression_as_scikit_learn_measures_it(rows: list[tuple[float, float]]) -> None:
    """Absolute, squared and relative errors, and the coefficient of determination."""
    truth, guessed = [one for one, _ in rows], [other for _, other in rows]
    assume(max(truth) - min(truth) > 0.01)
    found = measure(
        Task.REGRESSION, "", [repr(one) for one in truth], Predictions(tuple(map(str, guessed)), tuple(guessed))
    )
    mean = [math.fsum(truth) / len(truth)] * len(truth)
    absolute, squared = oracle.mean_absolute_error(truth, guessed), oracle.mean_squared_error(truth, guessed)

    assert close(found["Mean Absolute Error"], absolute)
    assert close(found["Root Mean Squared Error"], math.sqrt(squared))
    assert close(found["Relative Absolute Error"], absolute / oracle.mean_absolute_error(truth, mean))
    assert close(found["Relative Squared Error"], squared / oracle.mean_squared_error(truth, mean))
    assert close(found["Coefficient of Determination"], oracle.r2_score(truth, guessed))


def test_what_cannot_be_computed_has_no_value() -> None:
    """A score that is missing, one class only, nothing predicted: None, which never passes a gate."""
    missing = measure(Task.BINARY, "yes", ["yes", "no"], Predictions(("yes", "no"), (0.9, None)))
    assert (missing["AUC"], missing["Average Log Loss"], missing["Accuracy"]) == (None, None, 1.0)
    assert measure(Task.BINARY, "yes", ["no", "no"], Predictions(("no", "no"), (0.1, 0.2)))["AUC"] is None
    unlabelled = measure(Task.BINARY, "yes", ["yes", "no"], Predictions(("yes", ""), (0.9, 0.1)))
    assert (unlabelled["Accuracy"], unlabelled["AUC"]) == (None, 1.0)
    flat = measure(Task.REGRESSION, "", ["1", "1"], Predictions(("1", "2"), (1.0, 2.0)))
    assert (flat["Coefficient of Determination"], flat["Mean Absolute Error"]) == (None, 0.5)
    lost = measure(Task.REGRESSION, "", ["1", "2"], Predictions(("1", ""), (1.0, None)))
    assert set(lost.values()) == {None}
    assert set(measure(Task.MULTICLASS, "", ["a"], Predictions(("",))).values()) == {None}


@pytest.mark.parametrize(
    ("task", "truth", "predictions"),
    [
        (Task.BINARY, ["yes", "no"], Predictions(("yes", "no"), (0.9, 0.1))),
        (Task.MULTICLASS, ["a", "b"], Predictions(("a", "b"), (), ("a", "b"), ((0.9, 0.1), (0.2, 0.8)))),
        (Task.REGRESSION, ["1", "2"], Predictions(("1", "2"), (1.0, 2.0))),
    ],
)
def test_gates_know_the_direction_of_every_metric(task: Task, truth: list[str], predictions: Predictions) -> None:
    """The names are those of Evaluate Model, so that a gate needs no `direction`; the four cells are counts."""
    names = set(measure(task, "yes", truth, predictions))
    counts = {"True Positive", "False Positive", "True Negative", "False Negative"}

    assert {name for name in names - counts if direction_of(name) is None} == set()
    assert names - counts == set(MEASURED[task])
