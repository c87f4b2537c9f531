"""How far a training set's columns differ from those of the champion's set (pure)."""

from typing import NamedTuple


class ColumnDrift(NamedTuple):
    """The drift of one column.

    Attributes:
        kind: "number" or "category".
        rows, reference_rows: cells with a value, in the set and in the reference.
    """

    column: str
    kind: str
    value: float
    rows: int
    reference_rows: int


class SkippedColumn(NamedTuple):
    """A column that was not measured, and why."""

    column: str
    why: str


class DriftRecord(NamedTuple):
    """The drift of a set, approximately: it comes from sketches.

    Attributes:
        measure: "psi" or "ks".
        reference: run id of the champion whose set it was compared with; None if there is none.
        trained: whether the run is trained.
    """

    measure: str
    reference: str | None
    columns: tuple[ColumnDrift, ...]
    skipped: tuple[SkippedColumn, ...]
    trained: bool
