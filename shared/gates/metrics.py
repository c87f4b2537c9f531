"""Metrics of weighted rows, by the names of Evaluate Model (pure; protocol 5).

A metric that cannot be computed is None, never 0: no value never passes a gate.
"""

import math
from collections import Counter
from collections.abc import Callable, Hashable, Sequence

from shared.gates.holdout import label_key
from shared.gates.known_metrics import CONFUSION_CELLS, Task, measured_metrics
from shared.gates.predictions import Predictions, own_class_probabilities
from shared.records.models import Metrics

MIN_PROBABILITY = 2.0**-52  # where a log loss is cut off: the precision of a 64-bit number, as in scikit-learn

type Weights = Sequence[int]  # how often each row counts
type WeightedMeasure = Callable[[Weights], Metrics]


def measure(task: Task, positive: str, truth: Sequence[str], predictions: Predictions) -> Metrics:
    """Return every metric of the task, each row counting once; for two classes also the cells of the confusion matrix.

    `positive` is the label of the positive class of a binary task.
    """
    return weighted_measure(task, positive, truth, predictions)([1] * len(truth))


def weighted_measure(task: Task, positive: str, truth: Sequence[str], predictions: Predictions) -> WeightedMeasure:
    """Return the function from the rows' weights to the metrics; what no weight changes is computed once, here."""
    match task:
        case Task.BINARY:
            return _binary_measure(positive, truth, predictions)
        case Task.MULTICLASS:
            return _multiclass_measure(truth, predictions)
        case Task.REGRESSION:
            return _regression_measure(truth, predictions)


def confusion_metrics(true_positive: int, false_positive: int, true_negative: int, false_negative: int) -> Metrics:
    """Return the metrics of a confusion matrix of two classes."""
    total = true_positive + false_positive + true_negative + false_negative
    precision = _ratio(true_positive, true_positive + false_positive)
    recall = _ratio(true_positive, true_positive + false_negative)
    f_score: float | None = None
    if precision is not None and recall is not None:
        f_score = _ratio(2 * true_positive, 2 * true_positive + false_positive + false_negative)
    return {
        "Accuracy": _ratio(true_positive + true_negative, total),
        "Precision": precision,
        "Recall": recall,
        "F-Score": f_score,
    }


def _binary_measure(positive: str, truth: Sequence[str], predictions: Predictions) -> WeightedMeasure:
    key = label_key(positive)
    positives = [label_key(label) == key for label in truth]
    predicted = [label_key(label) == key for label in predictions.labels]
    count_pairs = _pair_counter(positives, predicted) if all(predictions.labels) else None
    scores = _all_known(predictions.scores)
    groups = _equal_score_groups(scores) if scores is not None else []
    losses: list[float] = []
    if scores is not None:
        losses = _log_losses([score if good else 1 - score for good, score in zip(positives, scores, strict=True)])

    def metrics_of(weights: Weights) -> Metrics:
        metrics: Metrics = dict.fromkeys(measured_metrics(Task.BINARY))
        if count_pairs is not None:
            pairs = count_pairs(weights)
            cells = [pairs.get(pair, 0) for pair in ((True, True), (False, True), (False, False), (True, False))]
            metrics |= confusion_metrics(*cells)
            metrics |= {name: float(count) for name, count in zip(CONFUSION_CELLS, cells, strict=True)}
        if scores is not None:
            metrics["AUC"] = _area_under_curve(groups, positives, weights)
            metrics["Average Log Loss"] = _mean(losses, weights)
        return metrics

    return metrics_of


def _multiclass_measure(truth: Sequence[str], predictions: Predictions) -> WeightedMeasure:
    if not all(predictions.labels):
        return lambda _: dict.fromkeys(measured_metrics(Task.MULTICLASS))
    count_pairs = _pair_counter(
        [label_key(label) for label in truth], [label_key(label) for label in predictions.labels]
    )
    probabilities = _all_known(own_class_probabilities(predictions, truth)) if predictions.classes else None
    losses = _log_losses(probabilities) if probabilities is not None else None

    def metrics_of(weights: Weights) -> Metrics:
        metrics: Metrics = dict.fromkeys(measured_metrics(Task.MULTICLASS))
        metrics |= _class_averages(count_pairs(weights))
        if losses is not None:
            metrics["Average Log Loss"] = _mean(losses, weights)
        return metrics

    return metrics_of


def _regression_measure(truth: Sequence[str], predictions: Predictions) -> WeightedMeasure:
    actual, scores = [float(label) for label in truth], _all_known(predictions.scores)
    if scores is None:
        return lambda _: dict.fromkeys(measured_metrics(Task.REGRESSION))
    errors = [abs(score - value) for score, value in zip(scores, actual, strict=True)]
    squared_errors = [error * error for error in errors]

    def metrics_of(weights: Weights) -> Metrics:
        mean = _mean(actual, weights)
        if mean is None:
            return dict.fromkeys(measured_metrics(Task.REGRESSION))
        deviations = [abs(value - mean) for value in actual]
        squares, absolutes = math.sumprod(squared_errors, weights), math.sumprod(errors, weights)
        relative_squares = _ratio(squares, math.sumprod([value * value for value in deviations], weights))
        total = sum(weights)
        return {
            "Mean Absolute Error": absolutes / total,
            "Root Mean Squared Error": math.sqrt(squares / total),
            "Relative Absolute Error": _ratio(absolutes, math.sumprod(deviations, weights)),
            "Relative Squared Error": relative_squares,
            "Coefficient of Determination": None if relative_squares is None else 1 - relative_squares,
        }

    return metrics_of


def _pair_counter[Key: Hashable](
    truth: Sequence[Key], predicted: Sequence[Key]
) -> Callable[[Weights], dict[tuple[Key, Key], int]]:
    """Return the function from the rows' weights to how often each pair of truth and prediction occurs."""
    numbers: dict[tuple[Key, Key], int] = {}
    pair_of_row = [numbers.setdefault(pair, len(numbers)) for pair in zip(truth, predicted, strict=True)]

    def count(weights: Weights) -> dict[tuple[Key, Key], int]:
        counts = [0] * len(numbers)
        for number, weight in zip(pair_of_row, weights, strict=True):
            counts[number] += weight
        return {pair: counts[number] for pair, number in numbers.items() if counts[number]}

    return count


def _class_averages(pairs: dict[tuple[str | float, str | float], int]) -> Metrics:
    """Return the metrics of several classes, from how often each pair of truth and prediction occurs.

    A class that was never predicted has no precision, so there is no average of them either.
    """
    total = sum(pairs.values())
    actual: Counter[str | float] = Counter()
    predicted: Counter[str | float] = Counter()
    for (label, prediction), count in pairs.items():
        actual[label] += count
        predicted[prediction] += count
    right = {label: pairs.get((label, label), 0) for label in (*actual, *predicted)}
    overall = _ratio(sum(right.values()), total)
    precisions = _all_known([_ratio(count, predicted[label]) for label, count in right.items()])
    recalls = _all_known([_ratio(right[label], actual[label]) for label in actual])
    accuracies = [(total - actual[label] - predicted[label] + 2 * count) / total for label, count in right.items()]
    return {
        "Overall Accuracy": overall,
        "Average Accuracy": _average(accuracies),
        "Micro-averaged Precision": overall,
        "Macro-averaged Precision": None if precisions is None else _average(precisions),
        "Micro-averaged Recall": overall,
        "Macro-averaged Recall": None if recalls is None else _average(recalls),
    }


def _area_under_curve(groups: Sequence[Sequence[int]], positives: Sequence[bool], weights: Weights) -> float | None:
    """Return the area under the ROC curve; None if one class has no weight.

    `groups` holds the rows of equal score, lowest score first; of a positive and a negative with equal scores each
    counts as right half the time.
    """
    negatives_below = wins = 0.0
    all_positives = all_negatives = 0
    for group in groups:
        positive = negative = 0
        for row in group:
            if positives[row]:
                positive += weights[row]
            else:
                negative += weights[row]
        wins += positive * (negatives_below + negative / 2)
        negatives_below += negative
        all_positives += positive
        all_negatives += negative
    return wins / (all_positives * all_negatives) if all_positives and all_negatives else None


def _equal_score_groups(scores: Sequence[float]) -> list[list[int]]:
    """Return row numbers in groups of equal score, lowest first."""
    groups: list[list[int]] = []
    last: float | None = None
    for row in sorted(range(len(scores)), key=scores.__getitem__):
        if scores[row] != last:
            groups.append([])
            last = scores[row]
        groups[-1].append(row)
    return groups


def _log_losses(probabilities: Sequence[float]) -> list[float]:
    """Return the log loss of each row, from the probability that its own class was given."""
    return [-math.log(min(max(probability, MIN_PROBABILITY), 1.0)) for probability in probabilities]


def _all_known(values: Sequence[float | None]) -> list[float] | None:
    """Return the values; None if one of them is None."""
    numbers = [value for value in values if value is not None]
    return numbers if len(numbers) == len(values) else None


def _mean(values: Sequence[float], weights: Weights) -> float | None:
    return _ratio(math.sumprod(values, weights), sum(weights))


def _average(values: Sequence[float]) -> float | None:
    return _ratio(math.fsum(values), len(values))


def _ratio(part: float, total: float) -> float | None:
    return part / total if total else None
