"""How sure a gain is: the paired bootstrap of two models' metrics on the same rows (pure)."""

import math
import random
from collections import Counter
from collections.abc import Callable, Sequence

from shared.gates.holdout import Task, label_key
from shared.gates.metrics import (
    Metrics,
    auc_of,
    known,
    log_losses,
    of_confusion,
    of_errors,
    of_pairs,
    own_probabilities,
    score_groups,
)
from shared.gates.policy import Bootstrap, Interval
from shared.gates.predictions import Predictions, probability_of

_MOST_REDRAWN = 20  # draws a sample at most, where a metric has no value in some of them

type _Measure = Callable[[Sequence[int]], Metrics]


def gain_intervals(
    task: Task, positive: str, truth: Sequence[str], models: tuple[Predictions, Predictions], asked: Bootstrap
) -> dict[str, Interval]:
    """Return the interval of every metric's gain, by its name; `models` are champion and challenger.

    Rows are drawn with replacement, the same for both models. A metric without a value in most draws is left out.
    Exchanging the models mirrors every interval exactly.
    """
    weighted = [_weighted(task, positive, truth, one) for one in models]
    full = [one([1] * len(truth)) for one in weighted]
    names = [name for name, value in full[0].items() if value is not None and full[1].get(name) is not None]
    source = random.Random(asked.seed)  # noqa: S311 - statistics; the same rows must be drawn again
    gains: dict[str, list[float]] = {name: [] for name in names}
    rows = range(len(truth))
    for _ in range(asked.samples * _MOST_REDRAWN):
        wanting = [name for name in names if len(gains[name]) < asked.samples]
        if not wanting:
            break
        weights = [0] * len(truth)
        for row in source.choices(rows, k=len(truth)):
            weights[row] += 1
        champion, challenger = (one(weights) for one in weighted)
        for name in wanting:
            old, new = champion.get(name), challenger.get(name)
            if old is not None and new is not None:
                gains[name].append(new - old)
    return {
        name: _interval(sorted(found), asked.confidence) for name, found in gains.items() if len(found) == asked.samples
    }


def _interval(gains: list[float], confidence: float) -> Interval:
    cut = min(int((1 - confidence) / 2 * len(gains)), (len(gains) - 1) // 2)
    return Interval(gains[cut], gains[len(gains) - 1 - cut], confidence)


def _weighted(task: Task, positive: str, truth: Sequence[str], predictions: Predictions) -> _Measure:
    """Return a function from how often each row was drawn to the metrics; what does not depend on that is done once."""
    match task:
        case Task.BINARY:
            return _binary(positive, truth, predictions)
        case Task.MULTICLASS:
            return _multiclass(truth, predictions)
        case Task.REGRESSION:
            return _regression(truth, predictions)


def _binary(positive: str, truth: Sequence[str], predictions: Predictions) -> _Measure:
    key = label_key(positive)
    positives = [label_key(label) == key for label in truth]
    guessed = [label_key(label) == key for label in predictions.labels]
    cells = [2 * one + other for one, other in zip(positives, guessed, strict=True)]  # truth, then prediction
    labelled = all(predictions.labels)
    scores = known(predictions.scores)
    groups = score_groups(scores) if scores is not None else []
    losses = log_losses(own_probabilities(positives, scores)) if scores is not None else []

    def measured(weights: Sequence[int]) -> Metrics:
        counted = [0] * 4
        for cell, weight in zip(cells, weights, strict=True):
            counted[cell] += weight
        found = of_confusion(counted[3], counted[1], counted[0], counted[2]) if labelled else {}
        if scores is not None:
            found["AUC"] = auc_of(groups, positives, weights)
            found["Average Log Loss"] = _mean(losses, weights)
        return found

    return measured


def _multiclass(truth: Sequence[str], predictions: Predictions) -> _Measure:
    pairs = [(label_key(one), label_key(other)) for one, other in zip(truth, predictions.labels, strict=True)]
    given = known([probability_of(predictions, row, label) for row, label in enumerate(truth)])
    losses = log_losses(given) if given is not None and predictions.classes else None
    labelled = all(predictions.labels)

    def measured(weights: Sequence[int]) -> Metrics:
        counted: Counter[tuple[str | float, str | float]] = Counter()
        for pair, weight in zip(pairs, weights, strict=True):
            if weight:
                counted[pair] += weight
        found = of_pairs(counted) if labelled else {}
        if losses is not None:
            found["Average Log Loss"] = _mean(losses, weights)
        return found

    return measured


def _regression(truth: Sequence[str], predictions: Predictions) -> _Measure:
    # Where a score is missing no metric has a value, so nobody asks for these.
    actual, scores = [float(one) for one in truth], known(predictions.scores) or [0.0] * len(truth)
    errors = [score - one for score, one in zip(scores, actual, strict=True)]

    def measured(weights: Sequence[int]) -> Metrics:
        drawn = [row for row, weight in enumerate(weights) for _ in range(weight)]
        mean = math.fsum(actual[row] for row in drawn) / len(drawn)
        return of_errors([errors[row] for row in drawn], [actual[row] - mean for row in drawn])

    return measured


def _mean(values: Sequence[float], weights: Sequence[int]) -> float | None:
    total = sum(weights)
    return math.sumprod(values, weights) / total if total else None
