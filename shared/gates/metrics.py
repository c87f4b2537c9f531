"""Metrics out of labels and predictions, by the names of Evaluate Model (pure; protocol 5).

A metric that cannot be computed is None, never 0: no value never passes a gate.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from shared.gates.holdout import MEASURED, Task, label_key
from shared.gates.predictions import Predictions, probability_of

LEAST_PROBABILITY = 2.0**-52  # where a log loss is cut off: the precision of a 64-bit number, as in scikit-learn

type Metrics = dict[str, float | None]


def measure(task: Task, positive: str, truth: Sequence[str], predictions: Predictions) -> Metrics:
    """Return every metric of the task."""
    match task:
        case Task.BINARY:
            return _binary(positive, truth, predictions)
        case Task.MULTICLASS:
            return _multiclass(truth, predictions)
        case Task.REGRESSION:
            return _regression(truth, predictions)


def auc_of(order: Sequence[Sequence[int]], positives: Sequence[bool], weights: Sequence[int]) -> float | None:
    """Return the area under the ROC curve of weighted rows; None if one class has no weight.

    `order` holds the rows in groups of equal score, lowest first; positives among equals count half.
    """
    below = wins = 0.0
    up = down = 0
    for group in order:
        good = bad = 0
        for row in group:
            if positives[row]:
                good += weights[row]
            else:
                bad += weights[row]
        wins += good * (below + bad / 2)
        below += bad
        up += good
        down += bad
    return wins / (up * down) if up and down else None


def score_groups(scores: Sequence[float]) -> list[list[int]]:
    """Return row numbers in groups of equal score, lowest first."""
    groups: list[list[int]] = []
    last: float | None = None
    for row in sorted(range(len(scores)), key=scores.__getitem__):
        if scores[row] != last:
            groups.append([])
            last = scores[row]
        groups[-1].append(row)
    return groups


def log_losses(probabilities: Sequence[float]) -> list[float]:
    """Return the log loss of each row by the probability that its own class was given."""
    return [-math.log(min(max(one, LEAST_PROBABILITY), 1.0)) for one in probabilities]


def own_probabilities(positives: Sequence[bool], scores: Sequence[float]) -> list[float]:
    """Return, for two classes, the probability that each row's own class was given."""
    return [score if positive else 1 - score for positive, score in zip(positives, scores, strict=True)]


def known(values: Sequence[float | None]) -> list[float] | None:
    """Return the values if every one is known."""
    found = [value for value in values if value is not None]
    return found if len(found) == len(values) else None


def of_confusion(true_positive: int, false_positive: int, true_negative: int, false_negative: int) -> Metrics:
    """Return the metrics of a confusion matrix of two classes."""
    total = true_positive + false_positive + true_negative + false_negative
    precision = ratio(true_positive, true_positive + false_positive)
    recall = ratio(true_positive, true_positive + false_negative)
    return {
        "Accuracy": ratio(true_positive + true_negative, total),
        "Precision": precision,
        "Recall": recall,
        "F-Score": None
        if precision is None or recall is None
        else ratio(2 * true_positive, 2 * true_positive + false_positive + false_negative),
    }


def of_errors(errors: Sequence[float], deviations: Sequence[float]) -> Metrics:
    """Return the metrics of a regression: per row, the error and how far the truth lies from its mean."""
    squares, absolutes = math.fsum(one * one for one in errors), math.fsum(map(abs, errors))
    spread, distance = math.fsum(one * one for one in deviations), math.fsum(map(abs, deviations))
    relative = ratio(squares, spread)
    return {
        "Mean Absolute Error": ratio(absolutes, len(errors)),
        "Root Mean Squared Error": math.sqrt(squares / len(errors)) if errors else None,
        "Relative Absolute Error": ratio(absolutes, distance),
        "Relative Squared Error": relative,
        "Coefficient of Determination": None if relative is None else 1 - relative,
    }


def ratio(part: float, whole: float) -> float | None:
    """Return a share; None of nothing."""
    return part / whole if whole else None


def _binary(positive: str, truth: Sequence[str], predictions: Predictions) -> Metrics:
    key = label_key(positive)
    positives = [label_key(label) == key for label in truth]
    found: Metrics = dict.fromkeys(MEASURED[Task.BINARY])
    if all(predictions.labels):
        cells = Counter(zip(positives, (label_key(one) == key for one in predictions.labels), strict=True))
        counted = (cells[True, True], cells[False, True], cells[False, False], cells[True, False])
        found |= of_confusion(*counted)
        names = ("True Positive", "False Positive", "True Negative", "False Negative")
        found |= dict(zip(names, map(float, counted), strict=True))
    scores = known(predictions.scores)
    if scores is not None:
        found["AUC"] = auc_of(score_groups(scores), positives, [1] * len(scores))
        losses = log_losses(own_probabilities(positives, scores))
        found["Average Log Loss"] = ratio(math.fsum(losses), len(losses))
    return found


def _multiclass(truth: Sequence[str], predictions: Predictions) -> Metrics:
    if not all(predictions.labels):
        return dict.fromkeys(MEASURED[Task.MULTICLASS])
    pairs = Counter(zip(map(label_key, truth), map(label_key, predictions.labels), strict=True))
    found = of_pairs(pairs)
    if predictions.classes:
        given = known([probability_of(predictions, row, label) for row, label in enumerate(truth)])
        found["Average Log Loss"] = None if given is None else ratio(math.fsum(log_losses(given)), len(given))
    return found


def of_pairs(pairs: Mapping[tuple[str | float, str | float], int]) -> Metrics:
    """Return the metrics of several classes, from how often each (truth, prediction) occurs.

    A class that was never predicted has no precision, so there is no average of them either.
    """
    total = sum(pairs.values())
    actual: Counter[str | float] = Counter()
    predicted: Counter[str | float] = Counter()
    for (one, other), count in pairs.items():
        actual[one] += count
        predicted[other] += count
    right = {one: pairs.get((one, one), 0) for one in (*actual, *predicted)}
    overall = ratio(sum(right.values()), total)
    precisions = known([ratio(count, predicted[one]) for one, count in right.items()])
    recalls = known([ratio(right[one], actual[one]) for one in actual])
    each = [(total - actual[one] - predicted[one] + 2 * count) / total for one, count in right.items()]
    return {
        "Overall Accuracy": overall,
        "Average Accuracy": ratio(math.fsum(each), len(each)),
        "Micro-averaged Precision": overall,
        "Macro-averaged Precision": None if precisions is None else ratio(math.fsum(precisions), len(precisions)),
        "Micro-averaged Recall": overall,
        "Macro-averaged Recall": None if recalls is None else ratio(math.fsum(recalls), len(recalls)),
    }


def _regression(truth: Sequence[str], predictions: Predictions) -> Metrics:
    actual, scores = [float(one) for one in truth], known(predictions.scores)
    if scores is None or not actual:
        return dict.fromkeys(MEASURED[Task.REGRESSION])
    mean = math.fsum(actual) / len(actual)
    errors = [score - one for score, one in zip(scores, actual, strict=True)]
    return of_errors(errors, [one - mean for one in actual])
