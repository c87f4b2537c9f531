"""Writes a table as CSV, TSV or ARFF by the file's name, as the original wrote its dataset outputs."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from studio.tables.cell_parsing import MISSING
from studio.tables.csv_reader import TableFormat
from studio.tables.csv_text import csv_text

_ARFF = ".arff"
# A number to every reader of ARFF: without thousands separators, currency or percent signs.
_PLAIN_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_PLAIN_NAME = re.compile(r"[A-Za-z_][\w.-]*", re.ASCII)
_NOT_FINITE = frozenset({"Infinity", "-Infinity", "NaN"})  # count as numbers
_ESCAPES = {"\\": r"\\", "'": r"\'", "\n": r"\n", "\r": r"\r", "\t": r"\t"}
_ESCAPED = re.compile(r"[\\'\n\r\t]")


@dataclass(frozen=True)
class OutputFile:
    """The content of one output."""

    data: bytes
    content_type: str


def write_table(header: Sequence[str], rows: Sequence[Sequence[str]], file_name: str) -> OutputFile:
    """Write a table for a file of this name: `.arff`, `.tsv`, else CSV; `.nh.csv` and `.nh.tsv` have no header."""
    if file_name.lower().endswith(_ARFF):
        # ARFF has no registered type of its own.
        return OutputFile(_arff(header, rows).encode(), "text/plain; charset=utf-8")
    table_format = TableFormat.of_name(file_name)
    text = csv_text([header, *rows] if table_format.header else rows, table_format.separator)
    return OutputFile(text.encode(), "text/csv" if table_format.separator == "," else "text/tab-separated-values")


def _arff(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    numeric = [_is_numeric([row[at] for row in rows]) for at in range(len(header))]
    lines = ["@RELATION table", ""]
    for name, is_numeric in zip(header, numeric, strict=True):
        attribute = name if _PLAIN_NAME.fullmatch(name) else _quoted(name)
        lines.append(f"@ATTRIBUTE {attribute} {'NUMERIC' if is_numeric else 'STRING'}")
    lines += ["", "@DATA"]
    for row in rows:
        cells = zip(row, numeric, strict=True)
        lines.append(",".join(_number(cell) if is_numeric else _quoted(cell) for cell, is_numeric in cells))
    return "\n".join(lines) + "\n"


def _is_numeric(cells: Sequence[str]) -> bool:
    """Tell whether a column's cells are numbers; not all of them may be missing."""
    numbers = {cell.strip() for cell in cells} - (MISSING - _NOT_FINITE)
    return bool(numbers) and all(cell in _NOT_FINITE or _PLAIN_NUMBER.fullmatch(cell) for cell in numbers)


def _number(cell: str) -> str:
    stripped = cell.strip()
    return "?" if stripped in MISSING else stripped


def _quoted(cell: str) -> str:
    return "'" + _ESCAPED.sub(lambda match: _ESCAPES[match[0]], cell) + "'"
