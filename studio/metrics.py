"""Measures predictions on held-out rows by the columns of Evaluate Model (protocol 5)."""

import numpy as np
from numpy.typing import NDArray

type Metrics = dict[str, float]
type Flags = NDArray[np.bool_]
type Numbers = NDArray[np.float64]

_SMALLEST_PROBABILITY = 1e-15


def two_class(positive: Flags, probability: Numbers) -> Metrics:
    """Measure (protocol 5.2); both of shape (rows,). A row is called positive above a probability of 0.5.

    Precision is 1 where nothing was called positive, AUC is NaN where all rows are of one class. The log loss is in
    natural logarithms; `Training Log Loss` is the advantage over always giving the positives' share, in percent.
    """
    called = probability > 0.5
    hits = int(np.sum(called & positive))
    precision = hits / int(np.sum(called)) if called.any() else 1.0
    recall = hits / int(np.sum(positive)) if positive.any() else 0.0
    loss = log_loss(np.where(positive, probability, 1 - probability))
    share = float(positive.mean())
    prior = log_loss(np.where(positive, share, 1 - share))
    return {
        "Accuracy": float(np.mean(called == positive)),
        "Precision": precision,
        "Recall": recall,
        "F-Score": 2 * precision * recall / (precision + recall) if precision + recall else 0.0,
        "AUC": area_under_curve(positive, probability),
        "Average Log Loss": loss,
        "Training Log Loss": 100 * (prior - loss) / prior if prior else float("nan"),
    }


def multi_class(truth: NDArray[np.int64], probabilities: Numbers) -> Metrics:
    """Measure; `truth` has class numbers, shape (rows,), `probabilities` the shape (rows, classes).

    No header of the original is known (protocol 5.3); these are the names its pages used. Over classes is averaged as
    scikit-learn does: over those that occur in the truth or in what was predicted.
    """
    classes = probabilities.shape[1]
    called = probabilities.argmax(axis=1)
    confusion = np.bincount(truth * classes + called, minlength=classes * classes).reshape(classes, classes)
    hits, actual, predicted = confusion.diagonal(), confusion.sum(axis=1), confusion.sum(axis=0)
    occurs = (actual + predicted) > 0
    precision = np.divide(hits, predicted, out=np.zeros(classes), where=predicted > 0)[occurs]
    recall = np.divide(hits, actual, out=np.zeros(classes), where=actual > 0)[occurs]
    overall = float(hits.sum() / len(truth))
    # Each class against all others: right are its hits, and the rows that neither are it nor were called it.
    each = (len(truth) - actual - predicted + 2 * hits) / len(truth)
    return {
        "Overall Accuracy": overall,
        "Average Accuracy": float(each[occurs].mean()),
        "Micro-averaged Precision": overall,
        "Macro-averaged Precision": float(precision.mean()),
        "Micro-averaged Recall": overall,
        "Macro-averaged Recall": float(recall.mean()),
        "Average Log Loss": log_loss(probabilities[np.arange(len(truth)), truth]),
    }


def regression(truth: Numbers, predicted: Numbers) -> Metrics:
    """Measure (protocol 5.1); both of shape (rows,). The first column has no value for the learners here."""
    error, spread = predicted - truth, truth - truth.mean()
    squares, spread_squares = float(np.sum(error**2)), float(np.sum(spread**2))
    relative_squared = squares / spread_squares if spread_squares else float("nan")
    distance = float(np.sum(np.abs(spread)))
    return {
        "Negative Log Likelihood": float("inf"),
        "Mean Absolute Error": float(np.mean(np.abs(error))),
        "Root Mean Squared Error": (squares / len(truth)) ** 0.5,
        "Relative Absolute Error": float(np.sum(np.abs(error))) / distance if distance else float("nan"),
        "Relative Squared Error": relative_squared,
        "Coefficient of Determination": 1 - relative_squared,
    }


def log_loss(of_truth: Numbers) -> float:
    """Return the mean negative log likelihood; `of_truth` has the probability that each row's own class was given."""
    return float(-np.mean(np.log(np.clip(of_truth, _SMALLEST_PROBABILITY, 1))))


def area_under_curve(positive: Flags, score: Numbers) -> float:
    """Return the probability that a positive row scores above a negative one; ties count half."""
    positives = int(positive.sum())
    negatives = len(positive) - positives
    if not positives or not negatives:
        return float("nan")
    _, group, size = np.unique(score, return_inverse=True, return_counts=True)
    mean_rank = np.cumsum(size) - (size - 1) / 2
    rank_sum = float(mean_rank[group][positive].sum())
    return (rank_sum - positives * (positives + 1) / 2) / (positives * negatives)
