"""The paired bootstrap: intervals of a gain that mirror, shrink to nothing for equal models, and hold what they say."""

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.gates.known_metrics import Task, in_any_spelling
from shared.gates.metrics import measure, weighted_measure
from shared.gates.paired_bootstrap import gain_intervals
from shared.gates.policy import Bootstrap
from shared.gates.predictions import Predictions

FEW = Bootstrap(samples=40, confidence=0.9, seed=3)


def a_model(task: Task, truth: list[str], seed: int, skill: float) -> Predictions:
    """Return predictions that are right more often with more skill."""
    source = random.Random(seed)
    if task is Task.REGRESSION:
        scores = tuple(round(float(label) + source.gauss(0, 1 - skill), 3) for label in truth)
        return Predictions(tuple(map(str, scores)), scores)
    classes = sorted({"yes", "no"} if task is Task.BINARY else {"a", "b", "c"})
    labels = tuple(label if source.random() < skill else source.choice(classes) for label in truth)
    sure = [round(source.uniform(0.4, 0.95), 2) for _ in truth]
    if task is Task.BINARY:
        scores = tuple(high if label == "yes" else 1 - high for high, label in zip(sure, labels, strict=True))
        return Predictions(labels, scores)
    rows = tuple(
        tuple(high if label == name else (1 - high) / 2 for name in classes)
        for high, label in zip(sure, labels, strict=True)
    )
    return Predictions(labels, (), tuple(classes), rows)


def a_truth(task: Task, count: int, seed: int) -> list[str]:
    """Return true labels."""
    source = random.Random(seed)
    words = {Task.BINARY: ["yes", "no"], Task.MULTICLASS: ["a", "b", "c"]}
    return [source.choice(words[task]) if task in words else str(round(source.gauss(5, 2), 3)) for _ in range(count)]


@pytest.mark.parametrize("task", list(Task))
def test_exchanging_the_models_mirrors_the_interval(task: Task) -> None:
    """What one gains the other loses, to the last digit; a model against itself gains exactly nothing."""
    truth = a_truth(task, 80, 1)
    poor, good = a_model(task, truth, 2, 0.5), a_model(task, truth, 3, 0.8)
    gains = gain_intervals(task, "yes", truth, (poor, good), FEW)
    losses = gain_intervals(task, "yes", truth, (good, poor), FEW)

    assert gains
    assert {name: (-gain.high, -gain.low) for name, gain in gains.items()} == {
        name: (loss.low, loss.high) for name, loss in losses.items()
    }
    for interval in gain_intervals(task, "yes", truth, (poor, poor), FEW).values():
        assert (interval.low, interval.high) == (0, 0)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(list(Task)), st.integers(0, 10_000))
def test_weights_measure_as_the_rows_themselves_would(task: Task, seed: int) -> None:
    """A row that was drawn three times counts as three rows."""
    truth = a_truth(task, 25, seed)
    predictions = a_model(task, truth, seed + 1, 0.6)
    drawn = sorted(random.Random(seed).choices(range(25), k=25))
    weights = [drawn.count(row) for row in range(25)]

    def at[Cell](values: tuple[Cell, ...]) -> tuple[Cell, ...]:
        return tuple(values[row] for row in drawn) if values else ()

    rows = Predictions(
        at(predictions.labels), at(predictions.scores), predictions.classes, at(predictions.probabilities)
    )
    expected = measure(task, "yes", [truth[row] for row in drawn], rows)
    metrics = weighted_measure(task, "yes", truth, predictions)(weights)
    assert metrics.keys() == expected.keys()
    for name, value in metrics.items():
        plain = expected[name]
        assert (value is None) == (plain is None), name
        assert value is None or plain is None or math.isclose(value, plain, rel_tol=1e-9, abs_tol=1e-9), name


def test_the_interval_tells_a_real_gain_from_chance() -> None:
    """A much better model's gain lies above 0; that of an equally good one does not."""
    truth = a_truth(Task.BINARY, 400, 5)
    poor, good, alike = (a_model(Task.BINARY, truth, seed, skill) for seed, skill in ((6, 0.4), (7, 0.9), (8, 0.4)))
    few = Bootstrap(samples=100)
    gained = in_any_spelling(gain_intervals(Task.BINARY, "yes", truth, (poor, good), few), "auc")
    chance = in_any_spelling(gain_intervals(Task.BINARY, "yes", truth, (poor, alike), few), "A U-C")

    assert gained is not None
    assert gained.low > 0.1
    assert chance is not None
    assert chance.low < 0 < chance.high


def test_the_same_seed_gives_the_same_interval() -> None:
    """A decision can be made again; another seed draws other rows; more confidence is wider."""
    truth = a_truth(Task.BINARY, 100, 1)
    models = (a_model(Task.BINARY, truth, 2, 0.5), a_model(Task.BINARY, truth, 3, 0.7))

    def interval(bootstrap: Bootstrap) -> tuple[float, float]:
        gain = gain_intervals(Task.BINARY, "yes", truth, models, bootstrap)["AUC"]
        return gain.low, gain.high

    usual = Bootstrap(samples=60, confidence=0.9, seed=3)
    assert interval(usual) == interval(usual)
    assert interval(usual._replace(seed=4)) != interval(usual)
    low, high = interval(usual._replace(confidence=0.99))
    assert low <= interval(usual)[0] <= interval(usual)[1] <= high


def test_a_metric_without_a_value_has_no_interval() -> None:
    """One score is missing: nothing is said of what depends on it."""
    truth = ["yes", "no", "yes", "no"]
    whole = Predictions(("yes", "no", "yes", "no"), (0.9, 0.1, 0.8, 0.2))
    part = Predictions(("yes", "no", "no", "no"), (0.9, None, 0.8, 0.2))
    intervals = gain_intervals(Task.BINARY, "yes", truth, (whole, part), FEW)

    assert "AUC" not in intervals
    assert "Accuracy" in intervals
