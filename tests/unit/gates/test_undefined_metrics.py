"""What cannot be computed has no value, whatever number an evaluation tells for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.gates.evaluation_report import EvaluationReport, read_evaluation
from shared.gates.known_metrics import CONFUSION_CELLS
from shared.gates.metrics import confusion_metrics


@pytest.mark.parametrize(
    ("csv", "none", "values"),
    [
        # As the classic service's own code writes a set in which nothing was called positive.
        (
            "Accuracy,Precision,Recall,F-Score,AUC\n0.9,1,0,0,0.6\n",
            {"Precision", "F-Score"},
            {"Accuracy": 0.9, "Recall": 0.0, "AUC": 0.6},
        ),
        ("Accuracy,Precision,Recall,F-Score,AUC\n1,1,0,0,NaN\n", {"Precision", "F-Score", "AUC"}, {"Recall": 0.0}),
        # Whatever was called positive was wrong, or nothing was: without the cells nobody knows, and 0 passes nothing.
        ("Precision,Recall,F-Score\n0,0,0\n", set(), {"Precision": 0.0, "F-Score": 0.0}),
        ("Precision,Recall,F-Score\n1,1,1\n", set(), {"Precision": 1.0, "F-Score": 1.0}),
        ("Precision,Recall\n1,0.001\n", set(), {"Precision": 1.0}),
        # The designer's names, with the cells: these tell.
        (
            "AUC,Precision,Recall,F1,True Negative,False Positive,False Negative,True Positive\n0.7,0,0,0,90,0,10,0\n",
            {"Precision", "F1"},
            {"AUC": 0.7, "Recall": 0.0},
        ),
        (
            "AUC,Precision,Recall,F1,True Negative,False Positive,False Negative,True Positive\n0.7,0,0,0,89,1,10,0\n",
            set(),
            {"Precision": 0.0, "F1": 0.0, "Recall": 0.0},
        ),
        (
            "AUC,Precision,Recall,F1,True Negative,False Positive,False Negative,True Positive\n0,0,1,0,90,10,0,0\n",
            {"Recall", "F1", "AUC"},
            {"Precision": 0.0},
        ),
    ],
)
def test_what_cannot_be_computed_is_no_value(csv: str, none: set[str], values: dict[str, float]) -> None:
    """Neither for a gate nor for the record that the next model is compared with; everything else keeps its number."""
    report = read_evaluation(csv)

    assert {name for name in report.metrics if report.value(name) is None} == none
    assert {name for name, value in report.measured.items() if value is None} == none
    assert {name: report.value(name) for name in values} == values


def test_the_reason_says_why() -> None:
    """The number that was told, and why it is none."""
    report = read_evaluation("Accuracy,Precision,Recall\n0.9,1,0\n")

    assert report.why_none("precision") == "precision 1 is no value: nothing was called positive"


@given(st.lists(st.integers(0, 3), min_size=4, max_size=4).filter(any))
def test_an_evaluation_and_a_holdout_agree(cells: list[int]) -> None:
    """What is measured here has a value in exactly the cases in which an evaluation with these cells has one."""
    measured = confusion_metrics(*cells)
    reported = {name: 0.5 if value is None else value for name, value in measured.items()}
    report = EvaluationReport({**reported, **dict(zip(CONFUSION_CELLS, map(float, cells), strict=True))}, 0, 1)

    assert {name: report.value(name) for name in measured} == measured
