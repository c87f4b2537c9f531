"""Ranges of metrics: what cannot be is no value, whatever a module says."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.gates.evaluation_report import _HIGHER, _LOWER, EvaluationReport, read_evaluation
from shared.gates.holdout import Task
from shared.gates.metric_ranges import is_possible, range_of, why_impossible
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


def test_every_known_metric_has_a_range_but_one() -> None:
    """The likelihood of a density can be anything."""
    assert [name for name in (*_HIGHER, *_LOWER) if range_of(name) is None] == ["Negative Log Likelihood"]


@pytest.mark.parametrize(
    ("metric", "value", "says"),
    [
        ("AUC", 91.2, "AUC 91.2 is impossible: it is from 0 to 1 (per cent may be meant: 0.912)"),
        ("AUC", 120.0, "AUC 120 is impossible: it is from 0 to 1"),
        ("Recall", -0.5, "Recall -0.5 is impossible: it is from 0 to 1"),
        ("Coefficient of Determination", 83.0, "it is at most 1 (per cent may be meant: 0.83)"),
        ("Mean Absolute Error", -3.0, "Mean Absolute Error -3 is impossible: it is at least 0"),
    ],
)
def test_the_reason_says_what_may_be_meant(metric: str, value: float, says: str) -> None:
    """A hint where a hundredth of it would do."""
    assert says in why_impossible(metric, value)


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
    found = measure(Task.BINARY, "y", truth, Predictions(labels, scores))

    report = EvaluationReport(found, 0, 1)
    assert report.measured == found


@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)), min_size=1, max_size=30))
def test_measured_errors_are_always_possible(rows: list[tuple[float, float]]) -> None:
    """Nor one of a regression."""
    truth, scores = [str(one) for one, _ in rows], tuple(other for _, other in rows)
    found = measure(Task.REGRESSION, "", truth, Predictions(tuple(map(str, scores)), scores))

    for name, value in found.items():
        assert value is None or math.isnan(value) or is_possible(name, value), (name, value)
