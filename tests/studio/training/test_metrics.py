"""The columns of Evaluate Model: by hand, and against scikit-learn."""

import math

import numpy as np
import pytest
from sklearn import metrics as oracle

from studio.training.learners import evaluation_csv
from studio.training.metrics import area_under_curve, binary_metrics, multiclass_metrics, regression_metrics


def test_two_class_by_hand() -> None:
    """Two positives at 0.9 and 0.4, two negatives at 0.6 and 0.1: three of four pairs are in order."""
    positive = np.array([True, True, False, False])
    metrics = binary_metrics(positive, np.array([0.9, 0.4, 0.6, 0.1]))
    loss = -(math.log(0.9) * 2 + math.log(0.4) * 2) / 4
    assert metrics == pytest.approx(
        {
            **dict.fromkeys(("Accuracy", "Precision", "Recall", "F-Score"), 0.5),
            "AUC": 0.75,
            "Average Log Loss": loss,
            "Training Log Loss": 100 * (math.log(2) - loss) / math.log(2),
        }
    )
    header, row, end = evaluation_csv([metrics]).split("\n")
    assert header == "Accuracy,Precision,Recall,F-Score,AUC,Average Log Loss,Training Log Loss"
    assert row.startswith("0.5,0.5,0.5,0.5,0.75,0.510")
    assert end == ""


def test_ties_count_half() -> None:
    """One negative scores as the positive does, one below it."""
    assert area_under_curve(np.array([True, False, False]), np.array([0.5, 0.5, 0.1])) == 0.75


@pytest.mark.parametrize(
    ("positive", "probability", "expected"),
    [
        # Nothing was called positive: there is no precision, and so no F-score.
        ([True, False, False], [0.4, 0.1, 0.2], {"Accuracy": 2 / 3, "Recall": 0.0, "AUC": 1.0}),
        # Nothing is positive: there is no recall either.
        ([False, False], [0.2, 0.3], {"Accuracy": 1.0}),
        ([False, False], [0.2, 0.7], {"Accuracy": 0.5, "Precision": 0.0}),
        # Everything is there, and all of it is wrong.
        ([True, False], [0.2, 0.7], {"Accuracy": 0.0, "Precision": 0.0, "Recall": 0.0, "F-Score": 0.0, "AUC": 0.0}),
        ([True, True], [0.8, 0.7], {"Accuracy": 1.0, "Precision": 1.0, "Recall": 1.0, "F-Score": 1.0}),
    ],
)
def test_what_cannot_be_computed_has_no_value(
    positive: list[bool], probability: list[float], expected: dict[str, float]
) -> None:
    """It is NaN, in the evaluation too: a gate would accept the best or the worst value as measured."""
    metrics = binary_metrics(np.array(positive), np.array(probability))
    names = ("Accuracy", "Precision", "Recall", "F-Score", "AUC")
    assert {name: metrics[name] for name in names if not math.isnan(metrics[name])} == pytest.approx(expected)
    row = evaluation_csv([metrics]).splitlines()[1].split(",")
    assert [cell == "NaN" for cell in row[:5]] == [name not in expected for name in names]


def test_a_class_that_was_never_predicted_has_no_precision() -> None:
    """So there is no average of precisions; its recall is 0, and counts."""
    probabilities = np.array([[0.9, 0.1, 0], [0.2, 0.8, 0], [0.9, 0.1, 0], [0.1, 0.9, 0]])
    metrics = multiclass_metrics(np.array([0, 1, 2, 2]), probabilities)
    assert math.isnan(metrics["Macro-averaged Precision"])
    assert metrics["Macro-averaged Recall"] == pytest.approx(2 / 3)
    assert metrics["Micro-averaged Precision"] == metrics["Overall Accuracy"] == 0.5


def test_a_class_that_is_never_true_has_no_recall() -> None:
    """It does not count among the recalls; that it was predicted counts in the precision."""
    metrics = multiclass_metrics(np.array([0, 1]), np.array([[0.9, 0.1, 0], [0.2, 0.1, 0.7]]))
    assert math.isnan(metrics["Macro-averaged Precision"])
    assert metrics["Macro-averaged Recall"] == 0.5
    called = multiclass_metrics(np.array([0, 1, 1]), np.array([[0.9, 0.1, 0], [0.1, 0.9, 0], [0.2, 0.1, 0.7]]))
    assert called["Macro-averaged Precision"] == pytest.approx(2 / 3)


@pytest.mark.parametrize("seed", range(5))
def test_multi_class_against_scikit_learn(seed: int) -> None:
    """Averages over classes are those of scikit-learn, where every class has what is averaged."""
    rng = np.random.default_rng(seed)
    classes = int(rng.integers(2, 6))
    truth = rng.integers(0, classes, 60)
    shares = rng.random((60, classes)) + 2 * np.eye(classes)[truth] * rng.random((60, 1))
    shares[:, 0] *= 0.01 if seed % 2 else 1  # then the first class is hardly ever predicted
    shares /= shares.sum(axis=1, keepdims=True)
    called = shares.argmax(axis=1)
    metrics = multiclass_metrics(truth, shares)
    assert metrics["Overall Accuracy"] == pytest.approx(oracle.accuracy_score(truth, called))
    for name, score in (("Precision", oracle.precision_score), ("Recall", oracle.recall_score)):
        for average in ("Micro", "Macro"):
            of = [*set(truth)] if name == "Recall" else [*set(truth) | set(called)]
            expected = score(truth, called, labels=of, average=average.lower(), zero_division=0)
            if average == "Macro" and name == "Precision" and set(truth) - set(called):
                expected = math.nan
            assert metrics[f"{average}-averaged {name}"] == pytest.approx(expected, nan_ok=True)
    occurring = sorted(set(truth) | set(called))
    each = [oracle.accuracy_score(truth == number, called == number) for number in occurring]
    assert metrics["Average Accuracy"] == pytest.approx(np.mean(each))
    expected = oracle.log_loss(truth, shares, labels=range(classes))
    assert metrics["Average Log Loss"] == pytest.approx(expected, rel=1e-2)


def test_regression_against_scikit_learn() -> None:
    """The recorded header of the original, with its Infinity, and scikit-learn's numbers."""
    rng = np.random.default_rng(3)
    truth = rng.normal(5, 2, 80)
    predicted = truth + rng.normal(0, 1, 80)
    metrics = regression_metrics(truth, predicted)
    assert list(metrics) == [
        "Negative Log Likelihood",
        "Mean Absolute Error",
        "Root Mean Squared Error",
        "Relative Absolute Error",
        "Relative Squared Error",
        "Coefficient of Determination",
    ]
    assert metrics["Mean Absolute Error"] == pytest.approx(oracle.mean_absolute_error(truth, predicted))
    assert metrics["Root Mean Squared Error"] == pytest.approx(oracle.root_mean_squared_error(truth, predicted))
    assert metrics["Coefficient of Determination"] == pytest.approx(oracle.r2_score(truth, predicted))
    assert metrics["Relative Squared Error"] == pytest.approx(1 - oracle.r2_score(truth, predicted))
    share = np.abs(predicted - truth).sum() / np.abs(truth - truth.mean()).sum()
    assert metrics["Relative Absolute Error"] == pytest.approx(share)
    assert evaluation_csv([metrics]).splitlines()[1].startswith("Infinity,")
