"""What the intake did with a file, as its run keeps it (pure)."""

from typing import NamedTuple


class Change(NamedTuple):
    """One kind of change that made a file clean.

    Attributes:
        times: how often; `count` in JSON.
        line: of the first, counted from 1.
    """

    code: str
    times: int
    line: int


class LeftOut(NamedTuple):
    """How many rows of a file, or files of a set, were not trained on, by the reason."""

    holdout: int = 0
    unlabelled: int = 0
    repeated_header: int = 0
    blank: int = 0
    duplicate_file: int = 0
    unfit_file: int = 0  # does not fit the schema that was accepted since


class IntakeRecord(NamedTuple):
    """What was read of a file.

    Attributes:
        rows: data rows that are trained on.
        schema: number of the schema that it was checked against; None without a schema.
        sha256: of the pinned original, hex.
    """

    rows: int
    schema: int | None
    encoding: str
    delimiter: str
    sha256: str
    changes: tuple[Change, ...] = ()
    left_out: LeftOut = LeftOut()
