"""What one cell of a typed column is: the text that the job gets, a missing value, or a problem (pure)."""

from enum import StrEnum
from typing import NamedTuple, Protocol

from shared.intake.table_schema import SchemaField

# How `ColumnReader.plain` has any printable characters, and what it has instead in a row without quotes.
PRINTABLE, PRINTABLE_IN_ROW = "[ -~]*", r"[ !#-+\--~]*+"


class CellCode(StrEnum):
    """What may be wrong with a cell: types of Frictionless 5, and ours."""

    TYPE = "type-error"
    CONSTRAINT = "constraint-error"
    AMBIGUOUS = "ambiguous-value"  # it has two readings, and nothing says which is meant


class CellChange(StrEnum):
    """How a cell was made clean; the codes of `IntakeRecord.changes`."""

    SPACES = "cell-spaces"  # around a number, date, boolean or label
    MISSING = "missing-value"  # a placeholder became the empty cell
    NUMBER = "number-form"  # decimal comma, group signs, a minus behind
    UNIT = "number-unit"  # a percent sign or currency; the digits stay
    BOOLEAN = "boolean-spelling"
    LABEL = "label-spelling"


class CellProblem(NamedTuple):
    """Why a cell is refused.

    Attributes:
        message: sentences that say what is wrong and what to do, without the cell's value: it may be personal data.
    """

    code: CellCode
    message: str


class Cell(NamedTuple):
    """One cell as read.

    Attributes:
        text: what the job gets, not quoted; of a cell with a problem, the cell as it is.
        missing: whether it holds no value; then `text` is "".
        change: how it was made clean; "" if it is as it was.
        problem: why it is refused; then nothing else counts.
    """

    text: str
    missing: bool = False
    change: str = ""
    problem: CellProblem | None = None


class ColumnReader(Protocol):
    """Reads the cells of one column.

    `read` gives the same answer for the same cell, except that the first spelling of a class or the first currency
    may decide over later ones: so it must get each distinct cell of a file at least once, in the file's order.
    """

    @property
    def field(self) -> SchemaField:
        """The column's field."""

    @property
    def plain(self) -> str:
        """A regular expression: a cell that it matches whole is accepted as it is; "" if there is none.

        It holds only ASCII and no group, so that it can stand in a pattern over bytes.
        """

    @property
    def warning(self) -> str:
        """What people should know of the cells that were read, though they are accepted, as a sentence; else ""."""

    def read(self, cell: str) -> Cell:
        """Read one cell, which is no longer quoted."""


def refused(cell: str, code: CellCode, message: str) -> Cell:
    """Return a cell with a problem."""
    return Cell(cell, problem=CellProblem(code, message))
