"""Golden rows: the few rows that every model of a route is asked, to tell which one answers."""

import csv
import hashlib
import io
import json
from dataclasses import dataclass

from shared.errors import BlobChangedError, ConfigError
from shared.pipeline.desk import RunDesk
from shared.pipeline.services import TRAINING
from shared.ports import Answers, BlobVersion, CopyState
from shared.route import Endpoint

MOST_ROWS = 200  # the answers are kept in the run's row, where a property holds 32 K characters
MOST_BYTES = 256 * 1024


@dataclass(frozen=True)
class GoldenRows:
    """The rows of a golden CSV, as text.

    Attributes:
        etag: the version of the file the rows came from.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    etag: str


def read_golden(desk: RunDesk, path: str) -> GoldenRows:
    """Read golden rows at `container/path`.

    Raises:
        ConfigError: the file is missing, is no CSV, or has no rows, ragged rows or more than 200.
    """
    return _rows_of(path, *desk.services.blobs.read_text(path, MOST_BYTES))


def _rows_of(path: str, text: str, etag: str) -> GoldenRows:
    try:
        lines = [line for line in csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True) if line]
    except csv.Error as error:
        raise ConfigError([f"golden file {path}: not a CSV: {error}"]) from error
    if len(lines) < 2:
        raise ConfigError([f"golden file {path}: it needs a header and at least one row"])
    header, rows = lines[0], lines[1:]
    problems = [
        f"golden file {path}: row {number} has {len(row)} cells, the header {len(header)}"
        for number, row in enumerate(rows, start=1)
        if len(row) != len(header)
    ]
    if len(rows) > MOST_ROWS:
        problems.append(
            f"golden file {path}: it has {len(rows)} rows, at most {MOST_ROWS} are used to verify an endpoint"
        )
    if problems:
        raise ConfigError(problems)
    return GoldenRows(tuple(header), tuple(tuple(row) for row in rows), etag)


def pin_golden(desk: RunDesk, golden: GoldenRows) -> None:
    """Keep the version that this run is verified with: the file may be replaced while the run is on its way.

    Raises:
        BlobChangedError: the file changed since it was read; the step is taken again.
    """
    container, _, name = desk.route.golden.partition("/")
    source = BlobVersion(container, name, golden.etag, 0, desk.now())
    if desk.services.blobs.copy_version(source, TRAINING, _pinned_name(desk)) is not CopyState.DONE:
        raise BlobChangedError("the copy of the golden rows is not finished yet")


def pinned_golden(desk: RunDesk) -> GoldenRows:
    """Read the golden rows that this run is verified with."""
    path = f"{TRAINING}/{_pinned_name(desk)}"
    text, etag = desk.services.pinned.get(path, lambda: desk.services.blobs.read_text(path, MOST_BYTES))
    return _rows_of(path, text, etag)


def ask(desk: RunDesk, endpoint: Endpoint, golden: GoldenRows) -> Answers:
    """Score the golden rows at an endpoint."""
    return desk.services.scoring.score(endpoint, golden.columns, golden.rows)


def digest(answers: Answers) -> str:
    """Return a hash of answers: equal answers, equal hash."""
    return hashlib.sha256(json.dumps(answers).encode()).hexdigest()


def as_answers(value: object) -> Answers:
    """Return answers as they were before they went through a JSON column."""
    if not isinstance(value, list | tuple):
        raise TypeError(f"answers are a list of rows, not {type(value).__name__}")
    return tuple(tuple(str(cell) for cell in row) for row in value)


def _pinned_name(desk: RunDesk) -> str:
    return f"{desk.run.job_folder}/golden.csv"
