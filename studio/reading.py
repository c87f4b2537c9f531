"""Reads a CSV in one pass into columns, within limits that keep any file from filling the memory."""

import codecs
import csv
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import batched
from pathlib import Path
from typing import TYPE_CHECKING, Self, TextIO

from studio.cells import MISSING
from studio.collecting import CollectedColumn, TextBudget
from studio.columns import Table
from studio.errors import TableError
from studio.model_limits import COLUMN_LIMIT

if TYPE_CHECKING:
    import _csv

VALUE_LIMIT = 300_000_000  # rows times columns; a value takes at most 8 bytes here, and 8 more in the training
FIELD_LIMIT = 2**20  # characters of a cell
PROBLEM_LIMIT = 10  # a file of a million ragged rows is described by its first ones
_ROWS_AT_ONCE = 4096


@dataclass(frozen=True)
class TableForm:
    """How a table is written: what stands between cells, and whether its first line names the columns."""

    separator: str = ","
    header: bool = True

    @classmethod
    def of_name(cls, name: str) -> Self:
        """Return what a file's name says: tabs in `.tsv`, no header row in `.nh.csv` and `.nh.tsv` (protocol 1.3)."""
        lowered = name.lower()
        return cls("\t" if lowered.endswith(".tsv") else ",", not lowered.endswith((".nh.csv", ".nh.tsv")))


CSV = TableForm()


def read_table(path: Path, label: str, used: Collection[str] = (), form: TableForm = CSV) -> Table:
    """Read the CSV at `path` (UTF-8, with or without BOM); no cell of `label` may be missing.

    Columns without a name, as all are in a file without a header, are called `Col1`, `Col2` and so on. The columns in
    `used` must be there, and are kept even where nothing can be learned from them.

    Raises:
        TableError: with the first problems, each with its line number.
    """
    csv.field_size_limit(FIELD_LIMIT)
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            return _read(lines, label, {label, *used}, form)
    except UnicodeDecodeError as error:
        raise TableError("the CSV", [_not_utf8(path)]) from error
    except csv.Error as error:
        raise TableError("the CSV", [f"it cannot be read as CSV: {error}"]) from error


def _read(lines: TextIO, label: str, kept: Collection[str], form: TableForm) -> Table:
    reader = csv.reader(lines, delimiter=form.separator, strict=True)
    first = next(reader, [])
    header = [(name.strip() if form.header else "") or f"Col{at}" for at, name in enumerate(first, 1)]
    problems = _header_problems(first, header, kept)
    if problems:
        raise TableError("the CSV's header", problems)
    budget = TextBudget()
    columns = [CollectedColumn(name, keep=name in kept, budget=budget) for name in header]
    at = header.index(label)
    rows = 0
    unread = [] if form.header else [(1, first)]
    for block in batched(_numbered_rows(reader, unread, len(header), problems), _ROWS_AT_ONCE, strict=False):
        cells = list(zip(*(row for _, row in block), strict=True))
        for column, of_column in zip(columns, cells, strict=True):
            column.extend(of_column)
        if any(cell.strip() in MISSING for cell in set(cells[at])):
            missing = (line for line, row in block if row[at].strip() in MISSING)
            problems += [f"line {line}: the label {label!r} is missing" for line in missing]
        rows += len(block)
        if rows * len(columns) > VALUE_LIMIT:
            problems = [f"it has more than {VALUE_LIMIT:,} values ({VALUE_LIMIT // len(columns):,} rows): filter rows"]
        if len(problems) >= PROBLEM_LIMIT or rows * len(columns) > VALUE_LIMIT:
            break
    if any(column.has_nul() for column in columns):
        problems.append("it contains NUL characters")
    if problems:
        shown = problems[:PROBLEM_LIMIT]
        more = ["and more of the kind"] if len(problems) > PROBLEM_LIMIT else []
        raise TableError("the CSV", shown + more)
    if not rows:
        raise TableError("the CSV", ["it has a header and no rows"])
    return Table(tuple(column.finished() for column in columns), rows)


def _header_problems(first: Sequence[str], header: Sequence[str], needed: Collection[str]) -> list[str]:
    if not any(first):
        return ["the file is empty; it needs a header row and rows"]
    if len(header) > COLUMN_LIMIT:
        return [f"it has {len(header)} columns; at most {COLUMN_LIMIT} can be trained on"]
    twice = sorted({name for name in header if header.count(name) > 1})
    problems = [f"the name {name!r} stands over more than one column" for name in twice]
    absent = sorted(set(needed).difference(header))
    others = [mark for mark in (";", "\t", ",", "|") if mark in header[0]]
    if absent and len(header) == 1 and others:
        return [f"the column {absent[0]!r} is missing; the cells seem to be separated by {others[0]!r}"]
    problems += [f"the column {name!r} is missing; the columns are {', '.join(header)}" for name in absent]
    return problems


def _not_utf8(path: Path) -> str:
    """Say where a file that could not be decoded is not UTF-8, and what it may be instead."""
    with path.open("rb") as lines:
        if lines.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            return "it is not UTF-8 but UTF-16: save it as UTF-8"
        lines.seek(0)
        for number, line in enumerate(lines, 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                byte, legacy = line[error.start], line[error.start : error.start + 1].decode("cp1252", "replace")
                meant = "" if legacy == "\ufffd" else f" (in Windows-1252 it would be {legacy!r})"
                return f"line {number} is not UTF-8: byte 0x{byte:02x} at its position {error.start + 1}{meant}"
    return "it is not UTF-8"


def _numbered_rows(
    reader: "_csv.Reader", unread: list[tuple[int, list[str]]], width: int, problems: list[str]
) -> Iterator[tuple[int, list[str]]]:
    """Yield rows of the right width with the line each ends on; empty lines are skipped, ragged ones are problems."""
    yield from unread
    for row in reader:
        if len(row) == width:
            yield reader.line_num, row
        elif row:
            problems.append(f"line {reader.line_num} has {len(row)} cells, the header has {width}")
            if len(problems) > PROBLEM_LIMIT:
                return
