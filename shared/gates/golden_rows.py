"""Golden rows: the few rows that every model of a route scores, to tell which model answers (pure)."""

from typing import NamedTuple

from shared.csv_text import CsvError, read_csv
from shared.errors import ConfigError

MAX_ROWS = 200  # the answers are kept in the run's row
MAX_BYTES = 256 * 1024
MAX_PINNED_FILES = 32


class GoldenRows(NamedTuple):
    """The rows of a golden CSV, as text.

    Attributes:
        etag: the version of the file.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    etag: str


def read_golden_rows(path: str, text: str, etag: str) -> GoldenRows:
    """Read golden rows from the text of the file at `container/path`.

    Raises:
        ConfigError: it is no CSV, or it has no rows, ragged rows or more than 200 rows; every problem is listed.
    """
    try:
        table = read_csv(text)
    except CsvError as error:
        raise ConfigError([f"golden file {path} {error}"]) from error
    problems = table.problems()
    if not table.rows:
        problems.append("it has no row: add at least one")
    if len(table.rows) > MAX_ROWS:
        problems.append(f"it has {len(table.rows):,} rows: leave at most {MAX_ROWS}")
    if problems:
        raise ConfigError([f"golden file {path}: {problem}" for problem in problems])
    return GoldenRows(table.columns, table.rows, etag)


def label_contradiction(golden: GoldenRows, label: str, *, is_sent: bool) -> str:
    """Return why a column cannot be the one that is predicted; "" if it can be.

    Golden rows have no label, or a constant in its place. `is_sent`: the route says which constant.
    """
    if is_sent or label not in golden.columns:
        return ""
    at = golden.columns.index(label)
    values = {row[at] for row in golden.rows}
    if len(values) < 2:
        return ""
    return (
        f"the golden rows have {len(values)} different values of {label!r}: the model is asked with that column, so it"
        " is not what the model predicts"
    )


class PinnedRows:
    """A cache of pinned golden rows by path: a pinned copy never changes, so a cached one is never stale."""

    def __init__(self) -> None:
        self._rows: dict[str, GoldenRows] = {}

    def get(self, path: str) -> GoldenRows | None:
        """Return the rows of a pinned copy if they are cached."""
        return self._rows.get(path)

    def put(self, path: str, rows: GoldenRows) -> None:
        """Cache the rows of a pinned copy, and drop the oldest ones beyond the limit."""
        newest = list(self._rows.items())[1 - MAX_PINNED_FILES :]
        self._rows = {**dict(newest), path: rows}
