"""Computes the metrics of Evaluate Model from predictions on held-out rows (protocol 5)."""

import math

import numpy as np
from numpy.typing import NDArray

type Metrics = dict[str, float]
type Flags = NDArray[np.bool_]
type Numbers = NDArray[np.float64]

_MIN_PROBABILITY = 1e-15  # a smaller one counts as this, so that no logarithm is infinite


def binary_metrics(positive: Flags, probability: Numbers) -> Metrics:
    """Return the metrics of a binary model (protocol 5.2); both arguments have the shape (rows,).

    A row is predicted positive above a probability of 0.5. An undefined metric is NaN: the precision without predicted
    positives, the recall without positives, the F-score without either, and AUC with rows of one class only. The log
    loss uses natural logarithms. `Training Log Loss` is the reduction against always predicting the positives' share,
    in percent.
    """
    predicted = probability > 0.5
    hits, calls, positives = (int(np.sum(rows)) for rows in (predicted & positive, predicted, positive))
    loss = log_loss(np.where(positive, probability, 1 - probability))
    share = float(positive.mean())
    prior = log_loss(np.where(positive, share, 1 - share))
    return {
        "Accuracy": float(np.mean(predicted == positive)),
        "Precision": _share(hits, calls),
        "Recall": _share(hits, positives),
        "F-Score": _share(2 * hits, calls + positives) if calls and positives else math.nan,
        "AUC": area_under_curve(positive, probability),
        "Average Log Loss": loss,
        "Training Log Loss": _share(100 * (prior - loss), prior),
    }


def multiclass_metrics(truth: NDArray[np.int64], probabilities: Numbers) -> Metrics:
    """Return the metrics of a multiclass model; `truth` has class numbers, shape (rows,).

    `probabilities` has the shape (rows, classes). No header of the original is known (protocol 5.3); these names are
    those of its pages. Accuracy and precision are averaged over the classes in the truth or in the predictions, recall
    over the classes in the truth. A class that occurs but was never predicted has no precision, so the average of
    precisions is NaN.
    """
    classes = probabilities.shape[1]
    predicted_class = probabilities.argmax(axis=1)
    confusion = np.bincount(truth * classes + predicted_class, minlength=classes * classes).reshape(classes, classes)
    hits, actual, predicted = confusion.diagonal(), confusion.sum(axis=1), confusion.sum(axis=0)
    occurs = (actual + predicted) > 0
    precision = np.divide(hits, predicted, out=np.full(classes, np.nan), where=predicted > 0)[occurs]
    recall = np.divide(hits, actual, out=np.full(classes, np.nan), where=actual > 0)[actual > 0]
    overall = float(hits.sum() / len(truth))
    # Each class against all others: correct are its hits, and the rows that neither are nor were predicted this class.
    class_accuracy = (len(truth) - actual - predicted + 2 * hits) / len(truth)
    return {
        "Overall Accuracy": overall,
        "Average Accuracy": float(class_accuracy[occurs].mean()),
        "Micro-averaged Precision": overall,
        "Macro-averaged Precision": float(precision.mean()),
        "Micro-averaged Recall": overall,
        "Macro-averaged Recall": float(recall.mean()),
        "Average Log Loss": log_loss(probabilities[np.arange(len(truth)), truth]),
    }


def regression_metrics(truth: Numbers, predicted: Numbers) -> Metrics:
    """Return the metrics of a regression (protocol 5.1); both arguments have the shape (rows,).

    Negative Log Likelihood is always infinite: none of the learners here predicts a distribution.
    """
    error, spread = predicted - truth, truth - truth.mean()
    squares, spread_squares = float(np.sum(error**2)), float(np.sum(spread**2))
    relative_squared = _share(squares, spread_squares)
    return {
        "Negative Log Likelihood": math.inf,
        "Mean Absolute Error": float(np.mean(np.abs(error))),
        "Root Mean Squared Error": (squares / len(truth)) ** 0.5,
        "Relative Absolute Error": _share(float(np.sum(np.abs(error))), float(np.sum(np.abs(spread)))),
        "Relative Squared Error": relative_squared,
        "Coefficient of Determination": 1 - relative_squared,
    }


def _share(part: float, total: float) -> float:
    """Return the share of a total; NaN if the total is 0."""
    return part / total if total else math.nan


def log_losses(of_truth: Numbers) -> Numbers:
    """Return the negative log likelihood of each row; `of_truth` has the probability given to each row's own class."""
    return np.asarray(-np.log(np.clip(of_truth, _MIN_PROBABILITY, 1)))


def log_loss(of_truth: Numbers) -> float:
    """Return the mean of `log_losses`."""
    return float(np.mean(log_losses(of_truth)))


def area_under_curve(positive: Flags, score: Numbers) -> float:
    """Return the probability that a positive row scores above a negative one; ties count half."""
    positives = int(positive.sum())
    negatives = len(positive) - positives
    if not positives or not negatives:
        return math.nan
    _, group, size = np.unique(score, return_inverse=True, return_counts=True)
    mean_rank = np.cumsum(size) - (size - 1) / 2
    rank_sum = float(mean_rank[group][positive].sum())
    return (rank_sum - positives * (positives + 1) / 2) / (positives * negatives)
