"""Golden rows: the few rows that every model of a route is asked, to tell which one answers (pure)."""

import csv
import io
from dataclasses import dataclass

from shared.column_names import column_names, repeated
from shared.errors import ConfigError
from shared.plurals import counted

MOST_ROWS = 200  # the answers are kept in the run's row
MOST_BYTES = 256 * 1024
MOST_KEPT = 32


@dataclass(frozen=True)
class GoldenRows:
    """The rows of a golden CSV, as text.

    Attributes:
        etag: the version of the file the rows came from.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    etag: str


def read_golden_rows(path: str, text: str, etag: str) -> GoldenRows:
    """Read golden rows out of the text of the file at `container/path`.

    Raises:
        ConfigError: it is no CSV, or has no rows, ragged rows or more than 200; every problem is listed.
    """
    try:
        lines = [line for line in csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True) if line]
    except csv.Error as error:
        raise ConfigError([f"golden file {path}: not a CSV: {error}"]) from error
    if len(lines) < 2:
        raise ConfigError([f"golden file {path}: it needs a header and at least one row"])
    header, rows = column_names(lines[0]), lines[1:]
    problems = [
        f"golden file {path}: row {number} has {counted(len(row), 'cell')}, the header {len(header)}"
        for number, row in enumerate(rows, start=1)
        if len(row) != len(header)
    ]
    twice = repeated(header)
    if twice:
        problems.insert(0, f"golden file {path}: the header has a column more than once: {', '.join(twice)}")
    if len(rows) > MOST_ROWS:
        problems.append(
            f"golden file {path}: it has {len(rows)} rows, at most {MOST_ROWS} are used to verify an endpoint"
        )
    if problems:
        raise ConfigError(problems)
    return GoldenRows(header, tuple(tuple(row) for row in rows), etag)


class PinnedRows:
    """The last few pinned golden rows by path: a pinned copy never changes, so memory can decide nothing wrong."""

    def __init__(self) -> None:
        self._rows: dict[str, GoldenRows] = {}

    def get(self, path: str) -> GoldenRows | None:
        """Return the rows of a pinned copy, if they are remembered."""
        return self._rows.get(path)

    def put(self, path: str, rows: GoldenRows) -> None:
        """Remember the rows of a pinned copy, and forget the oldest ones."""
        self._rows = {**dict(list(self._rows.items())[1 - MOST_KEPT :]), path: rows}
