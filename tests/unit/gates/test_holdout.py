"""The holdout: read whole, or refused with every problem; the truth is never sent."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import ConfigError
from shared.gates.holdout import Holdout, label_key, read_holdout
from shared.gates.known_metrics import Task

BINARY = Holdout(data="models/holdout/census.csv", label="income", task=Task.BINARY, positive=">50K")
TEXT = "age,income,job\n39,<=50K,clerk\n50,>50K,judge\n"


def problems(holdout: Holdout, text: str) -> list[str]:
    """Return what is wrong with a holdout, without the words that each problem begins with."""
    with pytest.raises(ConfigError) as error:
        read_holdout(holdout, text, "e")
    assert all(problem.startswith("holdout models/holdout/census.csv: ") for problem in error.value.problems)
    return [problem.partition(": ")[2] for problem in error.value.problems]


@pytest.mark.parametrize("text", [TEXT, "\ufeff" + TEXT.replace("\n", "\r\n"), TEXT.replace("\n", "\n\n")])
def test_the_truth_is_kept_and_not_sent(text: str) -> None:
    """Columns and rows go without the label; byte order mark, CRLF and blank lines make no difference."""
    read = read_holdout(BINARY, text, "0x1")

    assert read.columns == ("age", "job")
    assert read.rows == (("39", "clerk"), ("50", "judge"))
    assert read.truth == ("<=50K", ">50K")
    assert read.etag == "0x1"


def test_a_constant_may_be_sent_in_the_labels_place() -> None:
    """Services whose input schema has the label get the column, at its place, with nothing to learn from it."""
    read = read_holdout(dataclasses.replace(BINARY, label_sent="0"), TEXT, "e")

    assert read.columns == ("age", "income", "job")
    assert read.rows == (("39", "0", "clerk"), ("50", "0", "judge"))


def test_the_identity_is_that_of_content_and_reading() -> None:
    """The same file read the same way has one identity, whatever its version; anything else has another."""
    first = read_holdout(BINARY, TEXT, "1").identity
    assert read_holdout(BINARY, TEXT, "2").identity == first
    others = [
        read_holdout(BINARY, TEXT + "20,>50K,x\n", "1"),
        read_holdout(dataclasses.replace(BINARY, positive="<=50K"), TEXT, "1"),
        read_holdout(dataclasses.replace(BINARY, label_sent="0"), TEXT, "1"),
        read_holdout(dataclasses.replace(BINARY, task=Task.MULTICLASS), TEXT, "1"),
    ]
    assert len({first, *(holdout.identity for holdout in others)}) == 5


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("age,income\n", ["it has no row: add at least one of each class"]),
        ("age,Income \n1,a\n", ["it has no column 'income', which label names; did you mean 'Income'?"]),
        ("age,job\n1,a\n", ["it has no column 'income', which label names; there are: age, job"]),
        ("age,age,income\n1,2,a\n", ["the header names a column more than once: age"]),
        (
            "age,income\n1\n\n2,x,y\n",
            ["line 2 has 1 cell, the header names 2 columns", "line 4 has 3 cells, the header names 2 columns"],
        ),
        ("age,income\n1,>50K\n2,\n3, \n", ["2 rows have no income, the first at line 3"]),
        (
            "age,income\n1,>50K\n",
            ["every row has the label '>50K': only two or more classes tell a better model"],
        ),
        (
            "age,income\n1,a\n2,b\n3,c\n",
            [
                "column income has 3 values ('a', 'b', 'c'), and the task is binary",
                "no row has the label '>50K', which positive names; there are: 'a', 'b', 'c'",
            ],
        ),
    ],
)
def test_every_problem_is_named(text: str, sentences: list[str]) -> None:
    """What is wrong, where, and what there is instead."""
    assert problems(BINARY, text) == sentences


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is empty: it has not even a header"),
        ('age,income\n1,"x\n', "is no CSV: unexpected end of data in the row that begins on line 2"),
    ],
)
def test_a_text_that_is_no_csv_is_refused(text: str, sentence: str) -> None:
    """The error begins with the file."""
    with pytest.raises(ConfigError) as error:
        read_holdout(BINARY, text, "e")
    assert error.value.problems == [f"holdout models/holdout/census.csv {sentence}"]


def test_many_problems_of_one_kind_are_counted() -> None:
    """Five are told one by one, the others as a number; too many rows are refused with the limit."""
    ragged = "age,income\n" + "1\n" * 12
    assert problems(BINARY, ragged)[5:] == ["7 more lines have another number of cells than the header"]
    long = "age,income\n" + "1,>50K\n2,<=50K\n" * 10_001
    assert problems(BINARY, long) == ["it has 20,002 rows: take a sample of at most 20,000"]


def test_a_regression_needs_numbers() -> None:
    """Text, NaN and infinity are no truth."""
    regression = Holdout(data=BINARY.data, label="income", task=Task.REGRESSION)
    assert [problem.partition(":")[0] for problem in problems(regression, "a,income\n1,x\n2,NaN\n3,inf\n4,5\n")] == [
        "line 2, column income",
        "line 3, column income",
        "line 4, column income",
    ]
    assert problems(regression, "a,income\n" + "1,x\n" * 9)[5:] == [
        "4 more lines have no finite number in column income"
    ]
    assert read_holdout(regression, "a,income\n1,2.5\n", "e").truth == ("2.5",)


@given(st.text(alphabet='age,income\n\r"<=50K>\ufeff 1', max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing but a ConfigError comes out, and a row that is read has a cell for every column."""
    try:
        read = read_holdout(BINARY, text, "e")
    except ConfigError:
        return
    assert all(len(row) == len(read.columns) for row in read.rows)
    assert len(read.truth) == len(read.rows)


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("1", "1.0", True),
        ("True", "true", True),
        (" a", "a ", True),
        ("a", "b", False),
        ("1", "one", False),
        ("1_0", "10", False),
        ("1e400", "inf", False),
    ],
)
def test_two_texts_of_one_label(left: str, right: str, same: bool) -> None:
    """Services write labels back in their own way; what both mean decides."""
    assert (label_key(left) == label_key(right)) is same
