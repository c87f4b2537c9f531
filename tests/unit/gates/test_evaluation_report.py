"""Evaluate Model CSVs: every documented shape gives metrics by name, and nothing unreadable passes for a number."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import BadEvaluationError
from shared.gates.evaluation_report import read_evaluation
from shared.gates.known_metrics import Direction, direction_of

TWO_CLASS = (
    "Accuracy,Precision,Recall,F-Score,AUC,Average Log Loss,Training Log Loss\r\n"
    "0.87,0.78,0.65,0.71,0.9274,0.28,49.1\r\n"
    "0.85,0.75,0.61,0.67,0.90,0.31,44.0\r\n"
)


def test_two_class_rows_are_read_by_index() -> None:
    """The configured row is read, and the report says how many there are."""
    first, second = read_evaluation(TWO_CLASS), read_evaluation(TWO_CLASS, 1)

    assert (first.value("AUC"), second.value("AUC"), first.rows) == (0.9274, 0.90, 2)


def test_names_match_whatever_their_spelling() -> None:
    """Case, spaces, underscores and hyphens of a metric's name do not count."""
    report = read_evaluation("\ufeffF-Score, average_log loss \n1E-06,0.5\n")

    assert report.value("f score") == 1e-06
    assert report.value("Average Log Loss") == 0.5
    assert report.has("FSCORE")
    assert not report.has("AUC")


@pytest.mark.parametrize(
    "cell", ["NaN", "Infinity", "-Infinity", "", " ", "Combined Evaluation", "1,5", "1_000", "inf"]
)
def test_what_is_no_finite_number_is_no_value(cell: str) -> None:
    """Such a cell is kept as "no value": neither the worst nor the best one."""
    report = read_evaluation(f'Name,AUC\nx,"{cell}"\n')

    assert report.has("AUC")
    assert report.value("AUC") is None


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_number_comes_through(value: float) -> None:
    """A number survives the CSV exactly, in Python's and .NET's exponent notation."""
    for text in (repr(value), repr(value).replace("e", "E")):
        read = read_evaluation(f"Score\n{text}\n").value("Score")
        assert read is not None
        assert math.isclose(read, value, rel_tol=0, abs_tol=0)


@pytest.mark.parametrize(
    ("text", "row", "message"),
    [
        ("", 0, "empty"),
        ("\r\n", 0, "empty"),
        ("AUC\n", 0, "has no row 0, only 0 rows"),
        (TWO_CLASS, 2, "has no row 2, only 2 rows, counted from 0: correct evaluation_row"),
        (TWO_CLASS, -1, "has no row -1"),
        ("A,B\n\n1\n", 0, "line 3 of the evaluation has 1 cell, the header names 2 columns"),
        ("AUC,auc\n1,2\n", 0, "names a column more than once: AUC, auc"),
        ('AUC\n"1', 0, "the evaluation is no CSV: unexpected end of data in the row that begins on line 2"),
    ],
)
def test_unreadable_evaluations_say_why(text: str, row: int, message: str) -> None:
    """A missing row, a ragged row or a doubled column is an error with its reason, never a verdict."""
    with pytest.raises(BadEvaluationError, match=message):
        read_evaluation(text, row)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text makes the parser fail in another way."""
    try:
        report = read_evaluation(text)
    except BadEvaluationError:
        return
    assert report.rows >= 1


@pytest.mark.parametrize(
    ("text", "examples"),
    [
        (TWO_CLASS, None),
        ("AUC,True Negative,False Positive,False Negative,True Positive\n0.9,40,5,6,49\n", 100),
        ("AUC,True Negative,False Positive,False Negative\n0.9,40,5,6\n", None),
        ("AUC,True Negative,False Positive,False Negative,True Positive\n0.9,40,5,6,NaN\n", None),
        ("Fold number,Number of examples in fold,AUC\n0,3256,0.9\n", 3256),
        ("Number of Points,AUC\n12.5,0.9\n", None),
        ("Number of Points,AUC\n-3,0.9\n", None),
    ],
)
def test_the_number_of_scored_rows_is_read_where_it_is_told(text: str, examples: int | None) -> None:
    """From the column that counts, or the confusion matrix; never from half of it."""
    assert read_evaluation(text).examples == examples


def test_a_clustering_is_read_by_its_combined_row() -> None:
    """The first column is text; near to the own centre and far from the others is better."""
    report = read_evaluation(
        "Result description,Average Distance to Cluster Center,Average Distance to Other Center,Number of Points,"
        "Maximal Distance To Cluster Center\nCombined Evaluation,0.41,1.9,150,1.2\n"
    )

    assert (report.value("Average Distance to Cluster Center"), report.examples) == (0.41, 150)
    assert direction_of("average_distance_to_cluster_center") is Direction.LOWER
    assert direction_of("Average Distance to Other Center") is Direction.HIGHER
    assert direction_of("Number of Points") is None
