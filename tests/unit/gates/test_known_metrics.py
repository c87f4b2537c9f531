"""What a metric's name tells: direction, range and tasks, in any spelling."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.gates.evaluation_report import EvaluationReport, read_evaluation
from shared.gates.known_metrics import (
    METRICS,
    Direction,
    Task,
    direction_of,
    is_possible,
    keys_of,
    measured_metrics,
    metric_key,
    tasks_of,
    why_impossible,
)
from shared.gates.metrics import measure
from shared.gates.predictions import Predictions


@pytest.mark.parametrize(
    ("metric", "value", "possible"),
    [
        ("AUC", 1.7, False),
        ("auc", 91.2, False),
        ("AUC", -0.01, False),
        ("AUC", 0.0, True),
        ("Accuracy", 1.0 + 1e-12, True),
        ("overall_accuracy", 87.0, False),
        ("Macro-averaged Recall", 1.01, False),
        ("F1 Score", 1.2, False),
        ("Coefficient of Determination", 1.01, False),
        ("Coefficient of Determination", -40.0, True),
        ("Root Mean Squared Error", -0.1, False),
        ("Mean Absolute Error", 1e9, True),
        ("Relative Squared Error", 7.0, True),
        ("Average Log Loss", -1.0, False),
        ("Negative Log Likelihood", -12.0, True),
        ("Our Own Score", -99.0, True),
    ],
)
def test_what_a_metric_can_be(metric: str, value: float, possible: bool) -> None:
    """Shares lie between 0 and 1, R squared is at most 1, errors are not negative; of others nothing is known."""
    assert is_possible(metric, value) is possible


def test_a_metric_with_a_direction_has_a_range_but_one() -> None:
    """The likelihood of a density can be anything; the documentation contradicts itself on one loss."""
    assert [metric.name for metric in METRICS if metric.direction and metric.range is None] == [
        "Negative Log Likelihood"
    ]
    assert [metric.name for metric in METRICS if metric.direction is None] == ["Training Log Loss"]


def test_no_name_stands_for_two_metrics() -> None:
    """Names and aliases differ by more than their spelling."""
    keys = [metric_key(name) for metric in METRICS for name in (metric.name, *metric.aliases)]

    assert len(keys) == len(set(keys))
    assert keys_of("f1") == ("fscore", "f1", "f1score")


def test_what_is_measured_has_a_direction_and_a_task() -> None:
    """A gate on a measured metric needs no `direction`; each task has metrics of its own."""
    for metric in METRICS:
        assert not metric.measured or (metric.direction is not None and metric.tasks)
    assert measured_metrics(Task.BINARY) == (
        "Accuracy",
        "Precision",
        "Recall",
        "F-Score",
        "AUC",
        "Average Log Loss",
    )
    assert measured_metrics(Task.MULTICLASS)[-1] == "Average Log Loss"
    assert all(task in tasks_of(name) for task in Task for name in measured_metrics(task))


def test_the_tasks_of_a_metric_are_known_in_any_spelling() -> None:
    """Of one task, of two, or of none that is known."""
    assert tasks_of("f_score") == tasks_of("F1") == (Task.BINARY,)
    assert tasks_of("average log loss") == (Task.BINARY, Task.MULTICLASS)
    assert tasks_of("Root Mean Squared Error") == (Task.REGRESSION,)
    assert tasks_of("Profit") == ()


def test_directions_are_known_by_name_except_where_the_documentation_contradicts_itself() -> None:
    """AUC is better high, losses and errors low; "Training Log Loss" must be said explicitly."""
    assert direction_of("auc") is Direction.HIGHER
    assert direction_of("root_mean_squared_error") is Direction.LOWER
    assert direction_of("Average Log Loss") is Direction.LOWER
    assert direction_of("Training Log Loss") is None
    assert direction_of("Profit") is None


@pytest.mark.parametrize(
    ("metric", "value", "sentence"),
    [
        ("AUC", 91.2, "AUC 91.2 is impossible: it is from 0 to 1 (per cent may be meant: 0.912)"),
        ("AUC", 120.0, "AUC 120 is impossible: it is from 0 to 1"),
        ("Recall", -0.5, "Recall -0.5 is impossible: it is from 0 to 1"),
        ("Coefficient of Determination", 83.0, "it is at most 1 (per cent may be meant: 0.83)"),
        ("Mean Absolute Error", -3.0, "Mean Absolute Error -3 is impossible: it is at least 0"),
    ],
)
def test_the_reason_says_what_may_be_meant(metric: str, value: float, sentence: str) -> None:
    """A hint where a hundredth of it would do."""
    assert sentence in why_impossible(metric, value)


def test_an_impossible_value_is_none() -> None:
    """It is neither compared nor recorded; what is beside it is."""
    report = read_evaluation("AUC,Accuracy,Mean Absolute Error,Note\n91.2,0.8,-1,x\n")

    assert report.value("AUC") is None
    assert report.measured == {"AUC": None, "Accuracy": 0.8, "Mean Absolute Error": None, "Note": None}
    assert "is impossible" in report.why_none("auc")
    assert report.why_none("Recall") == "Recall is not in the evaluation"
    assert report.why_none("Note") == "Note is not a finite number"


@given(st.lists(st.tuples(st.sampled_from("yn"), st.sampled_from("yn"), st.floats(0, 1)), min_size=1, max_size=30))
def test_what_is_measured_here_is_always_possible(rows: list[tuple[str, str, float]]) -> None:
    """No metric of a holdout is ever taken for impossible."""
    truth, labels, scores = zip(*rows, strict=True)
    metrics = measure(Task.BINARY, "y", truth, Predictions(labels, scores))

    assert EvaluationReport(metrics, 0, 1).measured == metrics


@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)), min_size=1, max_size=30))
def test_measured_errors_are_always_possible(rows: list[tuple[float, float]]) -> None:
    """Nor one of a regression."""
    truth, scores = [str(value) for value, _ in rows], tuple(score for _, score in rows)
    metrics = measure(Task.REGRESSION, "", truth, Predictions(tuple(map(str, scores)), scores))

    for name, value in metrics.items():
        assert value is None or math.isnan(value) or is_possible(name, value), (name, value)
