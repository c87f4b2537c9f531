"""Metrics: the numbers that scikit-learn gives for weighted rows, and no value where there is none."""

import math

import pytest
import sklearn.metrics as oracle
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from shared.gates.known_metrics import CONFUSION_CELLS, Task, direction_of, measured_metrics
from shared.gates.metrics import measure, weighted_measure
from shared.gates.predictions import Predictions
from shared.records.models import Metrics

PROBABILITIES = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.5001, 0.9, 1.0]) | st.floats(0, 1)
NUMBERS = st.floats(-1e6, 1e6).map(lambda value: round(value, 3))
CLASSES = st.sampled_from("abc")
PARTS = st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9))
WEIGHTS = st.integers(1, 4)


def word(positive: bool) -> str:
    """Return a label."""
    return "yes" if positive else "no"


def close(value: float | None, expected: float) -> bool:
    """Tell whether two numbers are equal but for the last digits."""
    return value is not None and math.isclose(value, expected, rel_tol=1e-9, abs_tol=1e-9)


@given(st.lists(st.tuples(st.booleans(), PROBABILITIES, WEIGHTS), min_size=2, max_size=60))
def test_two_classes_as_scikit_learn_measures_them(rows: list[tuple[bool, float, int]]) -> None:
    """Area, accuracy, precision, recall, F, log loss and the four cells, whatever each row counts."""
    truth, scores, weights = (list(column) for column in zip(*rows, strict=True))
    assume(len(set(truth)) == 2)
    predicted = [score >= 0.5 for score in scores]
    predictions = Predictions(tuple(word(positive) for positive in predicted), tuple(scores))
    metrics = weighted_measure(Task.BINARY, "yes", [word(positive) for positive in truth], predictions)(weights)

    assert close(metrics["AUC"], oracle.roc_auc_score(truth, scores, sample_weight=weights))
    assert close(metrics["Accuracy"], oracle.accuracy_score(truth, predicted, sample_weight=weights))
    assert close(metrics["Average Log Loss"], oracle.log_loss(truth, scores, sample_weight=weights))
    assert close(metrics["Recall"], oracle.recall_score(truth, predicted, sample_weight=weights))
    if any(predicted):
        assert close(metrics["Precision"], oracle.precision_score(truth, predicted, sample_weight=weights))
        assert close(metrics["F-Score"], oracle.f1_score(truth, predicted, sample_weight=weights))
    else:
        assert (metrics["Precision"], metrics["F-Score"]) == (None, None)
    cells = oracle.confusion_matrix(truth, predicted, sample_weight=weights).ravel().tolist()
    names = ("True Negative", "False Positive", "False Negative", "True Positive")
    assert [metrics[name] for name in names] == cells


@given(st.lists(st.tuples(CLASSES, CLASSES, WEIGHTS), min_size=1, max_size=40))
def test_several_classes_as_scikit_learn_measures_them(rows: list[tuple[str, str, int]]) -> None:
    """Accuracies, and the averages where every class was predicted."""
    truth, predicted, weights = (list(column) for column in zip(*rows, strict=True))
    metrics = weighted_measure(Task.MULTICLASS, "", truth, Predictions(tuple(predicted)))(weights)

    def expected(score: str, **options: object) -> float:
        return float(getattr(oracle, score)(truth, predicted, sample_weight=weights, **options))

    assert close(metrics["Overall Accuracy"], expected("accuracy_score"))
    assert close(metrics["Micro-averaged Recall"], expected("recall_score", average="micro"))
    recall = expected("recall_score", average="macro", labels=sorted(set(truth)))
    assert close(metrics["Macro-averaged Recall"], recall)
    if set(truth) <= set(predicted):
        precision = expected("precision_score", average="macro", zero_division=0)
        assert close(metrics["Macro-averaged Precision"], precision)
    else:
        assert metrics["Macro-averaged Precision"] is None
    accuracies = [
        oracle.accuracy_score(
            [label == each for label in truth], [label == each for label in predicted], sample_weight=weights
        )
        for each in sorted({*truth, *predicted})
    ]
    assert close(metrics["Average Accuracy"], sum(accuracies) / len(accuracies))


@given(st.lists(st.tuples(CLASSES, PARTS, WEIGHTS), min_size=1))
def test_log_loss_of_several_classes(rows: list[tuple[str, tuple[int, int, int], int]]) -> None:
    """By the probability that each row's own class was given."""
    truth, _, weights = (list(column) for column in zip(*rows, strict=True))
    probabilities = [tuple(part / sum(parts) for part in parts) for _, parts, _ in rows]
    predicted = tuple("abc"[max(range(3), key=row.__getitem__)] for row in probabilities)
    predictions = Predictions(predicted, (), ("a", "b", "c"), tuple(probabilities))
    metrics = weighted_measure(Task.MULTICLASS, "", truth, predictions)(weights)

    expected = oracle.log_loss(truth, probabilities, labels=["a", "b", "c"], sample_weight=weights)
    assert close(metrics["Average Log Loss"], expected)


@settings(deadline=None)
@given(st.lists(st.tuples(NUMBERS, NUMBERS, WEIGHTS), min_size=2, max_size=40))
def test_a_regression_as_scikit_learn_measures_it(rows: list[tuple[float, float, int]]) -> None:
    """Absolute, squared and relative errors, and the coefficient of determination."""
    truth, predicted, weights = (list(column) for column in zip(*rows, strict=True))
    assume(max(truth) - min(truth) > 0.01)
    predictions = Predictions(tuple(map(str, predicted)), tuple(predicted))
    metrics = weighted_measure(Task.REGRESSION, "", [repr(value) for value in truth], predictions)(weights)
    mean = [math.sumprod(truth, weights) / sum(weights)] * len(truth)

    def expected(score: str, against: list[float]) -> float:
        return float(getattr(oracle, score)(truth, against, sample_weight=weights))

    absolute, squared = expected("mean_absolute_error", predicted), expected("mean_squared_error", predicted)
    assert close(metrics["Mean Absolute Error"], absolute)
    assert close(metrics["Root Mean Squared Error"], math.sqrt(squared))
    assert close(metrics["Relative Absolute Error"], absolute / expected("mean_absolute_error", mean))
    assert close(metrics["Relative Squared Error"], squared / expected("mean_squared_error", mean))
    assert close(metrics["Coefficient of Determination"], expected("r2_score", predicted))


@pytest.mark.parametrize("task", list(Task))
def test_rows_of_weight_0_count_for_nothing(task: Task) -> None:
    """They change no metric; where no row counts at all, none has a value."""
    labels = {Task.BINARY: "yn", Task.MULTICLASS: "ab", Task.REGRESSION: "13"}[task]
    probabilities = ((0.9, 0.1), (0.2, 0.8), (0.9, 0.1)) if task is Task.MULTICLASS else ()
    scores = () if task is Task.MULTICLASS else (0.9, 0.2, 0.4)

    def metrics(rows: int, weights: list[int]) -> Metrics:
        truth = [labels[0], labels[1], labels[0]][:rows]
        predictions = Predictions(tuple(truth), scores[:rows], tuple(labels), probabilities[:rows])
        return weighted_measure(task, "y", truth, predictions)(weights)

    assert metrics(3, [1, 1, 0]) == metrics(2, [1, 1])
    nothing = metrics(3, [0, 0, 0])
    assert {name for name, value in nothing.items() if value is not None} <= set(CONFUSION_CELLS)


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

    assert {name for name in names - set(CONFUSION_CELLS) if direction_of(name) is None} == set()
    assert names - set(CONFUSION_CELLS) == set(measured_metrics(task))
