"""The holdout: labelled rows in storage, on which champion and challenger are both measured (pure)."""

import hashlib
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from shared.csv_text import MAX_LISTED, CsvError, CsvTable, read_csv
from shared.errors import ConfigError
from shared.gates.finite_numbers import finite_number
from shared.gates.known_metrics import Task
from shared.plurals import counted

MAX_ROWS = 20_000  # more take long to score, and the confidence of a gain hardly grows
MAX_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Holdout:
    """The holdout of a route, as `routes.toml` defines it.

    Attributes:
        data: container/path of the CSV.
        label: its label column.
        positive: the label of the positive class, for a binary task.
        batch_rows: rows in one scoring request.
        label_sent: the constant that is sent in the label's column; None if the column is not sent.
    """

    data: str
    label: str
    task: Task
    positive: str = ""
    batch_rows: int = 500
    label_sent: str | None = None


class HoldoutRows(NamedTuple):
    """One version of a holdout.

    Attributes:
        columns, rows: the table that is sent for scoring, as text, without the truth.
        truth: the label of each row.
        etag: the version of the file.
        identity: hash of the file's content and of how it is read, 64 hex digits. Metrics with different identities are
            never compared.
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
        table = read_csv(text)
    except CsvError as error:
        raise ConfigError([f"holdout {holdout.data} {error}"]) from error
    problems = [*_label_column_problems(holdout, table.columns), *table.problems(), *_count_problems(table)]
    if problems:
        raise _error(holdout, problems)
    at = table.columns.index(holdout.label)
    truth = tuple(row[at].strip() for row in table.rows)
    problems = list(_label_problems(holdout, table, truth))
    if problems:
        raise _error(holdout, problems)
    if holdout.label_sent is None:
        columns = _without_cell(table.columns, at)
        rows = tuple(_without_cell(row, at) for row in table.rows)
    else:
        columns = table.columns
        rows = tuple((*row[:at], holdout.label_sent, *row[at + 1 :]) for row in table.rows)
    reading = [text, holdout.label, holdout.task.value, holdout.positive, holdout.label_sent]
    identity = hashlib.sha256(json.dumps(reading).encode()).hexdigest()
    return HoldoutRows(columns, rows, truth, etag, identity)


def label_key(label: str) -> str | float:
    """Return what all spellings of a label share: case and outer spaces do not count, numbers are compared by value."""
    text = label.strip().casefold()
    try:
        number = float(text)
    except ValueError:
        return text
    # Python reads 1_0 as 10, and takes 1e400 and "infinity" for the same: as labels they are different texts.
    return number if math.isfinite(number) and "_" not in text else text


def _without_cell(row: tuple[str, ...], at: int) -> tuple[str, ...]:
    return (*row[:at], *row[at + 1 :])


def _label_column_problems(holdout: Holdout, header: Sequence[str]) -> Iterator[str]:
    if holdout.label not in header:
        alike = [name for name in header if name.casefold() == holdout.label.strip().casefold()]
        hint = f"did you mean {alike[0]!r}?" if alike else f"there are: {', '.join(header[:30])}"
        yield f"it has no column {holdout.label!r}, which label names; {hint}"


def _count_problems(table: CsvTable) -> Iterator[str]:
    if not table.rows:
        yield "it has no row: add at least one of each class"
    if len(table.rows) > MAX_ROWS:
        yield f"it has {len(table.rows):,} rows: take a sample of at most {MAX_ROWS:,}"


def _label_problems(holdout: Holdout, table: CsvTable, truth: Sequence[str]) -> Iterator[str]:
    unlabelled = [line for line, label in zip(table.lines, truth, strict=True) if not label]
    if unlabelled:
        rows = counted(len(unlabelled), "row has", "rows have")
        yield f"{rows} no {holdout.label}, the first at line {unlabelled[0]}"
        return
    if holdout.task is Task.REGRESSION:
        texts = [(line, label) for line, label in zip(table.lines, truth, strict=True) if finite_number(label) is None]
        for line, label in texts[:MAX_LISTED]:
            yield f"line {line}, column {holdout.label}: {label!r} is no finite number, and the task is regression"
        if len(texts) > MAX_LISTED:
            yield f"{len(texts) - MAX_LISTED} more lines have no finite number in column {holdout.label}"
        return
    classes = {label_key(label): label for label in truth}
    listed = ", ".join(repr(label) for label in sorted(classes.values())[:10])
    if len(classes) == 1:
        yield f"every row has the label {listed}: only two or more classes tell a better model"
    if holdout.task is Task.BINARY:
        if len(classes) > 2:
            yield f"column {holdout.label} has {counted(len(classes), 'value')} ({listed}), and the task is binary"
        if label_key(holdout.positive) not in classes:
            yield f"no row has the label {holdout.positive!r}, which positive names; there are: {listed}"


def _error(holdout: Holdout, problems: Sequence[str]) -> ConfigError:
    return ConfigError([f"holdout {holdout.data}: {problem}" for problem in problems])
