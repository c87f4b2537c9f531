"""The problems of a file: limits, and the form of problems.json."""

from shared.intake.problems import MAX_ALIKE, MAX_LISTED, Code, Level, Problem, ProblemList, limited, problems_json


def test_many_of_one_kind_do_not_hide_a_few_of_another() -> None:
    """At most 20 of one code and column are listed, and the rest is counted."""
    problems = ProblemList()
    for line in range(1000):
        problems.add(Problem(Code.TYPE_ERROR, "It is no number.", line=line, column="age"))
    problems.add(Problem(Code.TYPE_ERROR, "It is no number.", line=1000, column="pay"))

    assert [problem.line for problem in problems.listed] == [*range(MAX_ALIKE), 1000]
    assert problems.more == 1000 - MAX_ALIKE
    assert problems.errors == 1001


def test_at_most_a_hundred_problems_are_listed() -> None:
    """A file with problems in many columns lists the first hundred."""
    problems = ProblemList()
    for number in range(250):
        problems.add(Problem(Code.TYPE_ERROR, "It is no number.", line=2, column=f"c{number}"))

    assert len(problems.listed) == MAX_LISTED
    assert problems.more == 150


def test_problems_of_several_places_are_at_most_a_hundred_and_errors_first() -> None:
    """A hundred warnings of what was learnt hide no error of the content."""
    warnings = [Problem(Code.AMBIGUOUS_VALUE, "It is undecided.", Level.WARNING, column=f"c{n}") for n in range(150)]
    error = Problem(Code.ONE_CLASS, "There is one class.")

    listed, more = limited([*warnings, error], 7)

    assert listed == (*warnings[: MAX_LISTED - 1], error)
    assert more == 7 + 51
    assert limited([error], 7) == ((error,), 7)


def test_a_warning_refuses_nothing() -> None:
    """Only errors are counted as errors."""
    problems = ProblemList()
    problems.add(Problem(Code.TYPE_ERROR, "It is undecided.", level=Level.WARNING))

    assert (len(problems.listed), problems.errors) == (1, 0)


def test_a_value_is_cut() -> None:
    """A cell of a megabyte is shown by its first hundred characters."""
    problems = ProblemList()
    problems.add(Problem(Code.TYPE_ERROR, "It is no number.", value="x" * 1000))

    assert problems.listed[0].value == "x" * 100


def test_problems_json_has_the_cells_only_if_it_may() -> None:
    """Without values a problem still says line, row, column and field number."""
    problem = Problem(
        Code.AMBIGUOUS_VALUE, "It has two readings.", line=3, row=2, column="pay", field_number=4, value="1,234"
    )

    content = problems_json("incoming/a.csv", "0x1", 7, [problem], 5, values=True)
    hidden = problems_json("incoming/a.csv", "0x1", 7, [problem], 5, values=False)

    entry = {
        "code": "ambiguous-value",
        "level": "error",
        "line": 3,
        "row": 2,
        "column": "pay",
        "field_number": 4,
        "value": "1,234",
        "message": "It has two readings.",
    }
    assert content == {"blob": "incoming/a.csv", "etag": "0x1", "rows_read": 7, "problems": [entry], "more": 5}
    assert hidden["problems"] == [{**entry, "value": None}]
