"""Reads a CSV into columns in one pass, within limits on memory."""

import csv
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Self, TextIO

from studio.errors import TableError
from studio.tables.column_collector import ColumnCollector, TextBudget
from studio.tables.columns import Table
from studio.tables.csv_text import cell_rows
from studio.tables.file_kinds import foreign_kind
from studio.tables.header import Header, read_header
from studio.tables.model_column import Column
from studio.tables.row_lines import RowLines
from studio.words import counted

MAX_TABLE_VALUES = 300_000_000  # rows times columns; a value takes up to 8 bytes here, and 8 more in the training
MAX_CELL_CHARACTERS = 2**20  # characters of a cell
MAX_PROBLEMS = 10  # problems that an error lists: the first ones of a file
# Characters read at once: few enough for the processor's cache, and still many rows of a wide table.
_AT_ONCE, _AT_ONCE_A_COLUMN = 2**16, 2**10


@dataclass(frozen=True)
class TableFormat:
    """How a table is written: the separator, and whether the first line names the columns."""

    separator: str = ","
    header: bool = True

    @classmethod
    def of_name(cls, name: str) -> Self:
        """Return the format by a file's name: tabs in `.tsv`, no header in `.nh.csv` and `.nh.tsv` (protocol 1.3)."""
        lowered = name.lower()
        return cls("\t" if lowered.endswith(".tsv") else ",", not lowered.endswith((".nh.csv", ".nh.tsv")))


CSV = TableFormat()
NOTHING_EXPECTED: Mapping[str, Column] = MappingProxyType({})


def read_table(
    path: Path,
    label: str,
    used: Collection[str] = (),
    table_format: TableFormat = CSV,
    *,
    expected: Mapping[str, Column] = NOTHING_EXPECTED,
    check: Callable[[Table], list[str]] = lambda _: [],
) -> Table:
    """Read the CSV at `path` (UTF-8, with or without BOM).

    Columns without a name, as all are in a file without a header, are called `Col1`, `Col2` and so on. The column
    `label` and those in `used` must exist, and are never dropped. `expected` names what columns are expected to hold.
    `check` returns further problems of the table, which are reported together with those of the rows.

    Raises:
        TableError: with the first problems, each with its line number.
    """
    csv.field_size_limit(MAX_CELL_CHARACTERS)
    foreign = foreign_kind(path)
    if foreign:
        raise TableError("the CSV", [foreign])
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            return _read(lines, {label, *used}, table_format, expected, check=check)
    except UnicodeDecodeError as error:
        raise TableError("the CSV", [_not_utf8(path)]) from error
    except csv.Error as error:
        raise TableError("the CSV", [f"it cannot be read as CSV: {error}"]) from error


def _read(
    lines: TextIO,
    kept: Collection[str],
    table_format: TableFormat,
    expected: Mapping[str, Column],
    *,
    check: Callable[[Table], list[str]],
) -> Table:
    header = read_header(lines, table_format.separator, kept, named=table_format.header)
    budget = TextBudget()
    columns = [
        ColumnCollector(name, keep=name in kept, budget=budget, expected=expected.get(name)) for name in header.names
    ]
    problems: list[str] = []
    blocks: Iterable[_Block] = _blocks(lines, header.lines, len(header.names), table_format.separator, problems)
    if not table_format.header:
        blocks = chain([_Block([header.lines], [[cell] for cell in header.cells])], blocks)
    row_lines = _collect(blocks, columns, problems)
    if any(column.has_nul() for column in columns):
        problems.append("it contains NUL characters: remove them")
    if not row_lines.rows and not problems:
        problems.append("it has a header and no rows: add rows")
    table = Table(
        tuple(column.finished() for column in columns),
        row_lines.rows,
        _unnamed(header) if table_format.header else {},
        row_lines,
        (header.note,) if header.note else (),
    )
    if len(problems) < MAX_PROBLEMS:
        problems += check(table)
    if len(problems) > MAX_PROBLEMS:
        problems = [*problems[:MAX_PROBLEMS], "and more"]
    if problems:
        raise TableError("the CSV", problems)
    return table


def _collect(blocks: Iterable["_Block"], columns: Sequence[ColumnCollector], problems: list[str]) -> RowLines:
    """Give the cells to the columns until there are too many problems; returns the lines of the rows."""
    rows = 0
    row_lines: list[Sequence[int]] = []
    for block in blocks:
        for column, cells in zip(columns, block.columns, strict=True):
            column.extend(cells)
        row_lines.append(block.lines)
        rows += len(block.lines)
        if rows * len(columns) > MAX_TABLE_VALUES:
            limit = f"{MAX_TABLE_VALUES:,} values ({MAX_TABLE_VALUES // len(columns):,} rows)"
            raise TableError("the CSV", [f"it has more than {limit}: leave out rows or columns"])
        if len(problems) >= MAX_PROBLEMS:
            break
    return RowLines.of_blocks(row_lines)


def _unnamed(header: Header) -> dict[str, int]:
    """Return the positions, from 1, of the columns without a name."""
    names = enumerate(zip(header.names, header.cells, strict=True), 1)
    return {name: position for position, (name, cell) in names if not cell.strip()}


def _not_utf8(path: Path) -> str:
    """Return where a file is not UTF-8, and what encoding it may have instead."""
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                byte, legacy = line[error.start], line[error.start : error.start + 1].decode("cp1252", "replace")
                meaning = "" if legacy == "\ufffd" else f", {legacy!r} in Windows-1252"
                position = f"byte 0x{byte:02x} at position {error.start + 1}{meaning}"
                return f"line {number} is not UTF-8 ({position}): save the file as UTF-8"
    return "it is not UTF-8: save it as UTF-8"


@dataclass(frozen=True)
class _Block:
    """Some rows."""

    lines: Sequence[int]  # on which each row ends
    columns: Sequence[Sequence[str]]  # the cells of each column


def _blocks(lines: TextIO, read: int, width: int, separator: str, problems: list[str]) -> Iterator[_Block]:
    """Yield the rows after the first `read` lines; empty lines are skipped, rows of another width are problems."""
    while text := lines.read(max(_AT_ONCE, width * _AT_ONCE_A_COLUMN)):
        text += lines.readline()
        columns = _split(text, width, separator)
        if columns is not None:
            block, count = _Block(range(read + 1, read + 1 + len(columns[0])), columns), len(columns[0])
        else:
            block, count = _parsed(text, lines, read, width, separator=separator, problems=problems)
        read += count
        if block.lines:
            yield block
        if len(problems) > MAX_PROBLEMS:
            return


def _split(text: str, width: int, separator: str) -> list[list[str]] | None:
    """Return the columns of whole lines if splitting them is enough, in half the time; else None."""
    text = text.replace("\r\n", "\n")
    if '"' in text or "\r" in text or text.startswith("\n") or "\n\n" in text:
        return None
    text = text.removesuffix("\n") + "\n"
    # Each line end becomes a cell of its own: their positions show whether every line has `width` cells.
    cells = text.replace("\n", f"{separator}\n{separator}").split(separator)[:-1]
    rows = text.count("\n")
    if len(cells) != rows * (width + 1) or cells[width :: width + 1].count("\n") != rows:
        return None
    if len(text) > MAX_CELL_CHARACTERS and max(map(len, cells)) > MAX_CELL_CHARACTERS:
        return None
    return [cells[at :: width + 1] for at in range(width)]


def _parsed(
    text: str, more: TextIO, read: int, width: int, *, separator: str, problems: list[str]
) -> tuple[_Block, int]:
    """Return the rows that begin in `text`, and how many lines they take; the last row may end in `more`."""
    begun = StringIO(text, newline="")
    reader = cell_rows(chain(begun, more), separator)
    ends: list[int] = []
    rows: list[list[str]] = []
    while begun.tell() < len(text) and len(problems) <= MAX_PROBLEMS:
        row = next(reader)
        if len(row) == width:
            ends.append(read + reader.line_num)
            rows.append(row)
        elif row:
            problems.append(f"line {read + reader.line_num} has {counted(len(row), 'cell')}, the header has {width}")
    return _Block(ends, list(zip(*rows, strict=True)) or [()] * width), reader.line_num
