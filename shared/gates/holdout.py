"""The holdout: labelled rows kept in storage, on which champion and challenger are both measured (pure)."""

import csv
import hashlib
import io
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shared.column_names import column_names, repeated
from shared.errors import ConfigError
from shared.gates.known_metrics import Task
from shared.plurals import counted

MOST_ROWS = 20_000  # more take long to score, and the confidence of a gain hardly grows
MOST_BYTES = 16 * 1024 * 1024
_MOST_NAMED = 5  # problems of one kind that are told one by one


@dataclass(frozen=True, kw_only=True)
class Holdout:
    """What `routes.toml` says about a route's holdout.

    Attributes:
        data: container/path of the CSV.
        label: its label column.
        positive: the label of the positive class, for a binary task.
        batch_rows: rows in one scoring request.
        label_sent: what is sent in the label's column instead of the truth; None: the column is not sent.
    """

    data: str
    label: str
    task: Task
    positive: str = ""
    batch_rows: int = 500
    label_sent: str | None = None


@dataclass(frozen=True)
class HoldoutRows:
    """One version of a holdout.

    Attributes:
        columns, rows: what is sent, as text. The truth is not in it.
        truth: the label of each row.
        etag: the version of the file.
        identity: hash of the file and of how it is read, 64 hex digits: numbers that were measured under different
            identities are never compared.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    truth: tuple[str, ...]
    etag: str
    identity: str


def read_holdout(holdout: Holdout, text: str, etag: str) -> HoldoutRows:
    """Read a holdout.

    Raises:
        ConfigError: it cannot be used; every problem is listed.
    """
    try:
        lines = [line for line in csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True) if line]
    except csv.Error as error:
        raise _wrong(holdout, [f"not a CSV: {error}"]) from error
    if len(lines) < 2:
        raise _wrong(holdout, ["it needs a header and at least one row"])
    header, rows = column_names(lines[0]), lines[1:]
    problems = [*_header_problems(holdout, header), *_shape_problems(header, rows)]
    if problems:
        raise _wrong(holdout, problems)
    at = header.index(holdout.label)
    truth = [row[at].strip() for row in rows]
    problems = list(_label_problems(holdout, truth))
    if problems:
        raise _wrong(holdout, problems)

    def sent(row: Sequence[str]) -> tuple[str, ...]:
        instead = () if holdout.label_sent is None else (holdout.label_sent,)
        return (*row[:at], *instead, *row[at + 1 :])

    columns = header if holdout.label_sent is not None else (*header[:at], *header[at + 1 :])
    how = [text, holdout.label, holdout.task.value, holdout.positive, holdout.label_sent]
    identity = hashlib.sha256(json.dumps(how).encode()).hexdigest()
    return HoldoutRows(columns, tuple(sent(row) for row in rows), tuple(truth), etag, identity)


def label_key(label: str) -> str | float:
    """Return what all texts of one label share: case and spaces around do not count, numbers are equal by value."""
    text = label.strip().casefold()
    try:
        number = float(text)
    except ValueError:
        return text
    return text if math.isnan(number) else number


def _header_problems(holdout: Holdout, header: Sequence[str]) -> Iterator[str]:
    twice = repeated(header)
    if twice:
        yield f"the header has a column more than once: {', '.join(twice)}"
    if holdout.label not in header:
        alike = [name for name in header if name.casefold() == holdout.label.strip().casefold()]
        hint = f"did you mean {alike[0]!r}?" if alike else f"there are: {', '.join(header[:30])}"
        yield f"there is no column {holdout.label!r}, which label names; {hint}"


def _shape_problems(header: Sequence[str], rows: list[list[str]]) -> Iterator[str]:
    ragged = [(number, len(row)) for number, row in enumerate(rows, start=1) if len(row) != len(header)]
    for number, cells in ragged[:_MOST_NAMED]:
        yield f"row {number} has {counted(cells, 'cell')}, the header {len(header)}"
    if len(ragged) > _MOST_NAMED:
        yield f"{len(ragged) - _MOST_NAMED} more rows have another number of cells than the header"
    if len(rows) > MOST_ROWS:
        yield f"it has {len(rows):,} rows, at most {MOST_ROWS:,} are scored: take a sample"


def _label_problems(holdout: Holdout, truth: list[str]) -> Iterator[str]:
    empty = [number for number, label in enumerate(truth, start=1) if not label]
    if empty:
        yield f"{counted(len(empty), 'row has', 'rows have')} no {holdout.label}, the first is row {empty[0]}"
        return
    if holdout.task is Task.REGRESSION:
        for number, label in [(n, one) for n, one in enumerate(truth, start=1) if not _is_number(one)][:_MOST_NAMED]:
            yield f"row {number}: {label!r} in {holdout.label} is no finite number, and the task is regression"
        return
    classes = {label_key(label): label for label in truth}
    listed = ", ".join(repr(label) for label in sorted(classes.values())[:10])
    if len(classes) == 1:
        yield f"every row has the label {listed}: two classes at least are needed to tell a better model"
    if holdout.task is Task.BINARY:
        if len(classes) > 2:
            yield f"{holdout.label} has {counted(len(classes), 'value')} ({listed}), and the task is binary"
        if label_key(holdout.positive) not in classes:
            yield f"no row has the label {holdout.positive!r}, which positive names; there are: {listed}"


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _wrong(holdout: Holdout, problems: list[str]) -> ConfigError:
    return ConfigError([f"holdout {holdout.data}: {problem}" for problem in problems])
