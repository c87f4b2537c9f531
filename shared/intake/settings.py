"""What routes.toml says about a route's intake, batches and drift (pure)."""

from dataclasses import dataclass
from enum import StrEnum

MAX_WAIT_S = 31 * 86_400  # of settle_s, debounce_s and max_wait_s: a longer one is a mistake, or beyond the calendar


class ExtraColumns(StrEnum):
    """What becomes of a column that the schema does not name."""

    REFUSE = "refuse"
    DROP = "drop"
    KEEP = "keep"


class SchemaSource(StrEnum):
    """Where a route's schema comes from, if it is not a file."""

    NONE = "none"
    LEARN = "learn"  # from the first file that passes


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How a file is written, as far as routes.toml says it; None: it is found out, or there is none.

    Attributes:
        skip_rows, skip_footer: lines before the header and after the last row.
    """

    encoding: str = "utf-8"
    delimiter: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    escape: str | None = None
    comment: str | None = None
    skip_rows: int = 0
    skip_footer: int = 0


@dataclass(frozen=True, kw_only=True)
class IntakeSettings:
    """The table `[routes.X.intake]`.

    Attributes:
        schema: `SchemaSource`, or container/path.json of a Table Schema.
        label: the column that is trained for; None: what the route's holdout says, else there is no check of labels.
        max_missing: the share of a column's cells in the training set that may be missing.
        settle_s: seconds since Last-Modified; None: the storage decides (0, or 60 where blobs grow).
        marker: suffix of the blob that releases a file; None: none is awaited.
        problem_values: whether problems.json has the cells' values.
    """

    schema: SchemaSource | str = SchemaSource.LEARN
    label: str | None = None
    min_rows: int = 1
    max_rows: int | None = None
    max_bytes: int = 2_000_000_000
    max_missing: float | None = None
    drop_unlabelled: bool = False
    extra_columns: ExtraColumns = ExtraColumns.REFUSE
    normalise: bool = True
    dialect: Dialect = Dialect()
    settle_s: int | None = None
    marker: str | None = None
    problem_values: bool = True


class TrainingSetKind(StrEnum):
    """What a run trains on."""

    FILE = "file"  # its file
    BATCH = "batch"  # the files of one burst
    ACCUMULATE = "accumulate"  # all files so far
    WINDOW = "window"  # the newest files


@dataclass(frozen=True, kw_only=True)
class BatchSettings:
    """The table `[routes.X.batch]`.

    Attributes:
        window_files, window_days: of a window; one of them is set.
        debounce_s: a batch is sealed when so long no file was claimed,
        max_wait_s: or when the oldest was claimed so long ago,
        max_files: or when it has so many members.
    """

    training_set: TrainingSetKind = TrainingSetKind.FILE
    window_files: int | None = None
    window_days: int | None = None
    debounce_s: int = 60
    max_wait_s: int = 900
    max_files: int = 200


class DriftMeasure(StrEnum):
    """How the difference of two distributions is measured."""

    PSI = "psi"  # population stability index
    KS = "ks"  # Kolmogorov-Smirnov, for numbers only


@dataclass(frozen=True, kw_only=True)
class DriftSettings:
    """The table `[routes.X.drift]`.

    Attributes:
        at_least: a run trains only if a column drifted so much; None: drift is only measured.
    """

    measure: DriftMeasure = DriftMeasure.PSI
    at_least: float | None = None
