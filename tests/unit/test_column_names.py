"""Names of columns: one rule, whichever file the app reads."""

import pytest

from shared.adapters.classic import bes_wire
from shared.column_names import column_names, repeated
from shared.errors import ConfigError, ServiceFault
from shared.gates.evaluation_report import read_evaluation
from shared.gates.golden_rows import read_golden_rows
from shared.gates.holdout import Holdout, read_holdout
from shared.gates.known_metrics import Task

HEADER = (" age", "", "job\t", "  ", "Col2")
NAMES = ("age", "Col2", "job", "Col4", "Col2")


def test_names_are_trimmed_and_the_unnamed_are_counted() -> None:
    """The number is the column's place in the file, from 1; a name that is there already is told twice."""
    assert column_names(HEADER) == NAMES
    assert repeated(NAMES) == ["Col2"]
    assert column_names([]) == ()


def test_golden_rows_are_asked_by_these_names() -> None:
    """A space after each comma, and the index that pandas writes."""
    assert read_golden_rows("m/g.csv", ", age, job\n0, 39, clerk\n", "e").columns == ("Col1", "age", "job")
    with pytest.raises(ConfigError, match="names a column more than once: age"):
        read_golden_rows("m/g.csv", "age, age\n1,2\n", "e")


def test_holdout_rows_are_asked_by_these_names() -> None:
    """Places are those in the file, although the label is not sent."""
    holdout = Holdout(data="m/h.csv", label="income", task=Task.BINARY, positive="yes")

    assert read_holdout(holdout, "a, income, ,\n1,yes,2,3\n1,no,2,3\n", "e").columns == ("a", "Col3", "Col4")


def test_an_evaluation_may_have_columns_without_a_name() -> None:
    """An index beside the metrics is none."""
    report = read_evaluation(", AUC ,\n0,0.9,x\n")

    assert report.metrics == {"Col1": 0.0, "AUC": 0.9, "Col3": None}


def test_scored_columns_are_told_from_sent_ones_by_these_names() -> None:
    """A service may answer with the spelling of its own file."""
    text = '{"Results": {"o": {"value": {"ColumnNames": [" age", " Assignments "], "Values": [["39", "2"]]}}}}'

    scored = bes_wire.read_answers(text, ["age"], 1, ServiceFault("score rows", "http://x"))
    assert (scored.columns, scored.rows) == (("Assignments",), (("2",),))
