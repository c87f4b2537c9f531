"""The problems of a file: how many are listed, and how problems.json has them (pure)."""

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from typing import Any, NamedTuple

MAX_LISTED = 100  # problems in one list
MAX_ALIKE = 20  # of one code and column, so that many of one kind do not hide a few of another
MAX_VALUE = 100  # characters of a cell that are shown


class Code(StrEnum):
    """What is wrong: the error types of Frictionless 5, and ours where it has none."""

    ENCODING_ERROR = "encoding-error"
    BLANK_LABEL = "blank-label"
    DUPLICATE_LABEL = "duplicate-label"
    MISSING_LABEL = "missing-label"
    EXTRA_LABEL = "extra-label"
    INCORRECT_LABEL = "incorrect-label"  # a renamed column
    MISSING_CELL = "missing-cell"
    EXTRA_CELL = "extra-cell"
    BLANK_ROW = "blank-row"
    TYPE_ERROR = "type-error"
    CONSTRAINT_ERROR = "constraint-error"
    NOT_CSV = "not-csv"
    NUL_BYTE = "nul-byte"
    LONG_CELL = "long-cell"
    OPEN_QUOTE = "open-quote"
    REPEATED_HEADER = "repeated-header"
    AMBIGUOUS_VALUE = "ambiguous-value"
    UNLABELLED = "unlabelled"
    FEW_ROWS = "few-rows"
    MOSTLY_MISSING = "mostly-missing"
    ONE_CLASS = "one-class"
    LOST_CLASS = "lost-class"


class Level(StrEnum):
    """Whether a problem refuses the file."""

    ERROR = "error"
    WARNING = "warning"


class Problem(NamedTuple):
    """One problem of a file.

    Attributes:
        message: a sentence: what is wrong and what to do. It never has a cell's value, which may be personal data.
        line: the physical line where the row begins, from 1; None if the problem has no line.
        row: the data row, from 1.
        column: its name as in the file.
        field_number: the position of the column in the file, from 1.
        value: the cell, cut at 100 characters; None if there is none to show.
    """

    code: Code
    message: str
    level: Level = Level.ERROR
    line: int | None = None
    row: int | None = None
    column: str | None = None
    field_number: int | None = None
    value: str | None = None


class ProblemList:
    """The problems of one file; beyond the limits they are only counted.

    Attributes:
        listed: the problems that are listed, in the order in which they were added.
        more: how many are not listed.
        errors: how many problems refuse the file, listed or not.
    """

    def __init__(self) -> None:
        self.listed: list[Problem] = []
        self.more = 0
        self.errors = 0
        self._alike: Counter[tuple[Code, str | None]] = Counter()

    def add(self, problem: Problem) -> None:
        """Add a problem."""
        self.errors += problem.level is Level.ERROR
        alike = (problem.code, problem.column)
        self._alike[alike] += 1
        if len(self.listed) >= MAX_LISTED or self._alike[alike] > MAX_ALIKE:
            self.more += 1
            return
        value = problem.value[:MAX_VALUE] if problem.value is not None else None
        self.listed.append(problem._replace(value=value))

    def by_line(self) -> tuple[Problem, ...]:
        """Return the listed problems in the order of the file; those of no line come last."""
        return tuple(sorted(self.listed, key=lambda problem: (problem.line is None, problem.line, *_place(problem))))


def _place(problem: Problem) -> tuple[int, str]:
    return problem.field_number or 0, problem.code


def limited(problems: Sequence[Problem], more: int) -> tuple[tuple[Problem, ...], int]:
    """Return what is listed of problems from several places, and how many are not: errors are listed before warnings.

    Args:
        problems: in the order in which they are listed.
        more: problems that are not listed already.
    """
    if len(problems) <= MAX_LISTED:
        return tuple(problems), more
    by_weight = sorted(range(len(problems)), key=lambda at: problems[at].level is Level.WARNING)
    kept = sorted(by_weight[:MAX_LISTED])
    return tuple(problems[at] for at in kept), more + len(problems) - MAX_LISTED


def problems_json(
    blob: str, etag: str, rows_read: int, problems: Sequence[Problem], more: int, *, values: bool
) -> dict[str, Any]:
    """Return the content of problems.json.

    Args:
        blob: container/path of the file.
        etag: its version.
        rows_read: data rows that were read.
        problems: those that are listed.
        more: how many are not.
        values: whether the cells' values are shown; else `value` is null.
    """
    listed = [_as_json(problem, values=values) for problem in problems]
    return {"blob": blob, "etag": etag, "rows_read": rows_read, "problems": listed, "more": more}


def _as_json(problem: Problem, *, values: bool) -> dict[str, Any]:
    return {
        "code": problem.code.value,
        "level": problem.level.value,
        "line": problem.line,
        "row": problem.row,
        "column": problem.column,
        "field_number": problem.field_number,
        "value": problem.value if values else None,
        "message": problem.message,
    }
