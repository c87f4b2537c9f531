"""What a file is checked against, and what the check says about it (pure)."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from shared.intake.cells import ColumnReader
from shared.intake.problems import Problem
from shared.intake.table_schema import TableSchema
from shared.records.intake_record import Change, LeftOut

_NOTHING_LEFT_OUT = LeftOut()


class HoldoutTable(NamedTuple):
    """The holdout's rows with the label, as the file has them: rows that equal one of them are left out."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What a route knows about its files before it reads one.

    Attributes:
        schema, schema_number: the schema in force; None: there is none (`schema = "none"`, or nothing is learnt yet).
        columns: of the golden rows, and the label: what a file has where no schema says more.
        label: the column that is trained for; None: there is no check of labels.
        classes: the labels as the champion spells them; empty if that is not known.
        golden: the cells of the golden rows by column, which decide how booleans are spelt.
        holdout: the rows that never enter a training set.
        optional: columns of the schema that a file may lack: every cell of theirs is missing then.
        watch: gets the reader of each column; it returns the one to read with, which may look at the cells as well.
    """

    columns: Sequence[str]
    schema: TableSchema | None = None
    schema_number: int | None = None
    label: str | None = None
    classes: Sequence[str] = ()
    golden: Mapping[str, Sequence[str]] = field(default_factory=dict)
    holdout: HoldoutTable | None = None
    optional: Collection[str] = ()
    watch: Callable[[ColumnReader], ColumnReader] | None = None


@dataclass(frozen=True, kw_only=True)
class FileReport:
    """What one pass over a file says.

    Attributes:
        problems: the errors and warnings that are listed; `more` are not.
        refused: whether the file is quarantined: there is an error among the problems.
        rows_read: data rows in the file, without the header, repeated headers and blank lines.
        rows: data rows that are trained on.
        bytes_read: the size of what was read.
        encoding: as Python names it ("utf-8", "utf-16-le", "cp1252" ...).
        delimiter: one character; "" if none was found out.
        header: the line that the clean rows stand under, with its line end.
        columns: the names in `header`.
        labels: rows by label, as the clean rows spell it; empty without a label.
        missing: missing cells by column, without columns that have none.
        sha256, rows_sha256: of the bytes that were read and of the clean rows, hex; a refused file has no clean rows.
    """

    problems: tuple[Problem, ...]
    more: int = 0
    refused: bool
    rows_read: int
    rows: int
    bytes_read: int
    encoding: str
    delimiter: str
    changes: tuple[Change, ...] = ()
    left_out: LeftOut = _NOTHING_LEFT_OUT
    header: str = ""
    columns: tuple[str, ...] = ()
    labels: Mapping[str, int] = field(default_factory=dict)
    missing: Mapping[str, int] = field(default_factory=dict)
    sha256: str
    rows_sha256: str

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """The listed problems that do not refuse the file."""
        return tuple(problem for problem in self.problems if problem.level == "warning")
