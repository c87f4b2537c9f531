"""Reads a CSV in one pass into coded columns, and turns these into the typed columns a model is trained on."""

import csv
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import batched
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import numpy as np
from numpy.typing import NDArray

from studio.cells import MISSING, parse_number
from studio.errors import TableError
from studio.model import Column

if TYPE_CHECKING:
    import _csv

CATEGORY_LIMIT = 1000  # a category rarer than the thousandth is treated as missing
COLUMN_LIMIT = 10_000
PROBLEM_LIMIT = 10  # a file of a million ragged rows is described by its first ones
_ROWS_AT_ONCE = 4096


@dataclass(frozen=True)
class CodedColumn:
    """A column as it was read: every row's position in the list of its distinct cells (stripped)."""

    name: str
    distinct: tuple[str, ...]
    codes: NDArray[np.int32]  # shape (rows,)


@dataclass(frozen=True)
class Table:
    """A CSV with its header; columns in the order of the file."""

    columns: tuple[CodedColumn, ...]
    rows: int

    def __getitem__(self, name: str) -> CodedColumn:
        return next(column for column in self.columns if column.name == name)


class _Codes(dict[str, int]):
    """Numbers cells in the order of their first appearance."""

    def __missing__(self, cell: str) -> int:
        code = self[cell] = len(self)
        return code


def read_table(path: Path, label: str) -> Table:
    """Read the CSV at `path` (UTF-8, with or without BOM, with a header row); no cell of `label` may be missing.

    Raises:
        TableError: with the first problems, each with its line number.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            return _read(lines, label)
    except UnicodeDecodeError as error:
        raise TableError("the CSV", [f"it is not UTF-8: {error.reason} at byte {error.start} of a block"]) from error
    except csv.Error as error:
        raise TableError("the CSV", [f"it cannot be read as CSV: {error}"]) from error


def _read(lines: TextIO, label: str) -> Table:
    reader = csv.reader(lines, strict=True)
    header = [name.strip() for name in next(reader, [])]
    problems = _header_problems(header, label)
    if problems:
        raise TableError("the CSV's header", problems)
    codes = [_Codes() for _ in header]
    coded = [array("i") for _ in header]
    at = header.index(label)
    rows = 0
    for block in batched(_numbered_rows(reader, len(header), problems), _ROWS_AT_ONCE, strict=False):
        cells = list(zip(*(row for _, row in block), strict=True))
        for column, code, out in zip(cells, codes, coded, strict=True):
            out.extend(map(code.__getitem__, column))
        if any(cell.strip() in MISSING for cell in set(cells[at])):
            missing = (line for line, row in block if row[at].strip() in MISSING)
            problems += [f"line {line}: the label {label!r} is missing" for line in missing]
        rows += len(block)
        if len(problems) >= PROBLEM_LIMIT:
            break
    if any("\0" in cell for code in codes for cell in code):
        problems.append("it contains NUL characters")
    if problems:
        shown = problems[:PROBLEM_LIMIT]
        more = ["and more of the kind"] if len(problems) > PROBLEM_LIMIT else []
        raise TableError("the CSV", shown + more)
    if not rows:
        raise TableError("the CSV", ["it has a header and no rows"])
    return Table(tuple(_stripped(name, code, out) for name, code, out in zip(header, codes, coded, strict=True)), rows)


def _header_problems(header: Sequence[str], label: str) -> list[str]:
    if not any(header):
        return ["the file is empty; it needs a header row and rows"]
    if len(header) > COLUMN_LIMIT:
        return [f"it has {len(header)} columns; at most {COLUMN_LIMIT} can be trained on"]
    problems = [f"column {position} has no name" for position, name in enumerate(header, 1) if not name]
    twice = sorted({name for name in header if name and header.count(name) > 1})
    problems += [f"the name {name!r} stands over more than one column" for name in twice]
    if label not in header:
        problems.append(f"the label column {label!r} is missing; the columns are {', '.join(header)}")
    return problems


def _numbered_rows(reader: "_csv.Reader", width: int, problems: list[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield rows of the right width with the line each ends on; empty lines are skipped, ragged ones are problems."""
    for row in reader:
        if len(row) == width:
            yield reader.line_num, row
        elif row:
            problems.append(f"line {reader.line_num} has {len(row)} cells, the header has {width}")
            if len(problems) > PROBLEM_LIMIT:
                return


def _stripped(name: str, codes: Mapping[str, int], coded: array[int]) -> CodedColumn:
    """Merge the cells that differ only by spaces around them."""
    merged = _Codes()
    lookup = np.fromiter((merged[cell.strip()] for cell in codes), dtype=np.int32, count=len(codes))
    return CodedColumn(name, tuple(merged), lookup[np.frombuffer(coded, dtype=np.int32)])


def infer_column(column: CodedColumn) -> Column:
    """Decide what a feature column holds: numbers, categories, or (nearly all cells differ) nothing to learn from."""
    present = [cell for cell in column.distinct if cell not in MISSING]
    if all(parse_number(cell) is not None for cell in present):
        return Column(column.name, "numeric")
    rows = len(column.codes)
    if len(present) > max(20, rows // 2):
        return Column(column.name, "ignored")
    counts = np.bincount(column.codes, minlength=len(column.distinct)).tolist()
    count_of = dict(zip(column.distinct, counts, strict=True))
    by_count = sorted(present, key=lambda cell: (-count_of[cell], cell))
    return Column(column.name, "categorical", tuple(by_count[:CATEGORY_LIMIT]))


def encode_column(column: CodedColumn, as_column: Column) -> NDArray[np.float64]:
    """Return the column's numbers, shape (rows,): values or category codes; NaN for missing and unknown cells."""
    lookup = np.fromiter(map(as_column.encoder(), column.distinct), dtype=np.float64, count=len(column.distinct))
    return lookup[column.codes]
