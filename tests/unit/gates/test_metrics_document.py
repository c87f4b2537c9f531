"""Metrics as JSON are read by name, in the forms that jobs write, and nothing but a finite number is a value."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import BadEvaluationError
from shared.gates.metrics_document import read_metrics

FLAT = {"AUC": 0.91, "Accuracy": 0.8}


@pytest.mark.parametrize(
    "document",
    [
        FLAT,
        {"metrics": FLAT},
        {"run_id": "x", "metrics": {**FLAT, "confusion": [[1, 2], [3, 4]]}},
        {"metrics": [{"key": "AUC", "value": 0.91, "step": 0}, {"key": "Accuracy", "value": 0.8}]},
    ],
    ids=["flat", "nested", "nested with more", "MLflow's list"],
)
def test_the_forms_of_metrics(document: object) -> None:
    """Flat, below `metrics`, and MLflow's list mean the same; tables among them are no metrics."""
    report = read_metrics(json.dumps(document))
    assert report.metrics == FLAT
    assert (report.value("auc"), report.row, report.rows) == (0.91, 0, 1)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "null", "true", '"high"', '"0.9"', '""'])
def test_what_is_no_finite_number_has_no_value(value: str) -> None:
    """It is neither the worst nor the best value: a gate that needs it says that it is missing."""
    report = read_metrics(f'{{"AUC": {value}, "Accuracy": 0.8}}')
    assert report.value("AUC") is None
    assert "AUC" in report.why_none("AUC")
    assert report.value("Accuracy") == 0.8


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no JSON"),
        ("AUC,Accuracy", "no JSON"),
        ("[1]", "no JSON object"),
        ("0.9", "no JSON object"),
        ("{}", "have no number"),
        ('{"metrics": 3}', "neither an object nor a list"),
        ('{"metrics": {"tables": [1]}}', "have no number"),
        ('{"AUC": 1, "AUC": 0}', "name AUC more than once"),
        ('{"AUC": 1, "auc": 0}', "name auc more than once"),
    ],
)
def test_what_cannot_be_read_is_refused(text: str, words: str) -> None:
    """With what is wrong: two values of one metric are never chosen between."""
    with pytest.raises(BadEvaluationError, match=words):
        read_metrics(text)


@given(st.dictionaries(st.from_regex(r"[A-Za-z]{1,8}[0-9]?", fullmatch=True), st.floats(allow_nan=False), min_size=1))
def test_finite_numbers_come_through_unchanged(metrics: dict[str, float]) -> None:
    """As the float that was written; an infinite one has no value."""
    folded = {name.casefold() for name in metrics}
    if len(folded) < len(metrics):
        return
    report = read_metrics(json.dumps(metrics))
    for name, value in metrics.items():
        assert report.metrics[name] == (value if abs(value) != float("inf") else None)
