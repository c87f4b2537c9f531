"""Reads the header row of a CSV: the names of its columns, or an error that says what is there instead."""

import csv
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import TextIO

from studio.errors import TableError
from studio.limits import MAX_COLUMNS
from studio.tables.column_names import column_names, default_names, duplicates, positions_of
from studio.tables.csv_text import cell_rows
from studio.words import listed, shortened

_SEPARATORS = (";", "\t", ",", "|")
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
_COMMENTS = ("#", "//", "--", "%", "/*")
_LINES_SEARCHED = 20  # below the first line, for the header
_MAX_NAMES = 30  # columns that an error lists


@dataclass(frozen=True)
class Header:
    """The names of a file's columns, the cells of its first row, and how many lines these took."""

    names: tuple[str, ...]
    cells: Sequence[str]
    lines: int
    note: str = ""  # on a line that was left out


def read_header(lines: TextIO, separator: str, needed: Collection[str], *, named: bool) -> Header:
    """Read the first row. If `named`, it holds the columns' names; those in `needed` must be among them.

    Excel's `sep=` line above it is skipped if it names the separator of the file.

    Raises:
        TableError: the names cannot be used.
    """
    line = lines.readline()
    skipped, note = 0, ""
    announced = _SEPARATOR_LINE.fullmatch(line.rstrip("\r\n"))
    if announced and announced[1] != separator:
        raise _wrong([_other_separator(announced[1], separator)])
    if announced:
        line, skipped, note = lines.readline(), 1, "left out: Excel's sep= line, line 1"
    reader = cell_rows(chain([line], lines), separator)
    cells = next(reader, [])
    names = column_names(cells) if named else default_names(len(cells))
    problems = _problems(cells, names, needed)
    if named and not set(needed).issubset(names):
        first = _FirstRow(line, cells, skipped + 1, skipped + reader.line_num)
        below = _rows(list(islice(lines, _LINES_SEARCHED)), separator)
        instead = _instead(first, below, needed)
        if instead:
            problems = instead
    if problems:
        raise _wrong(problems)
    return Header(names, cells, skipped + reader.line_num, note)


def _wrong(problems: list[str]) -> TableError:
    return TableError("the CSV's header", problems)


def _other_separator(announced: str, separator: str) -> str:
    used = f"a file of this name has the separator {separator!r}"
    return f"its first line is Excel's sep= line for the separator {announced!r}, but {used}: remove the line"


def _problems(cells: Sequence[str], names: Sequence[str], needed: Collection[str]) -> list[str]:
    if not any(cells):
        return ["the file is empty: it needs a header row and rows"]
    if len(names) > MAX_COLUMNS:
        return [f"it has {len(names)} columns; at most {MAX_COLUMNS} are allowed"]
    twice = duplicates(names)
    problems = [f"more than one column is called {name!r}: columns {positions_of(cells, name)}" for name in twice]
    absent = sorted(set(needed).difference(names))
    others = [mark for mark in _SEPARATORS if mark in names[0]]
    if absent and len(names) == 1 and others:
        return [f"the column {absent[0]!r} is missing; the cells seem to be separated by {others[0]!r}"]
    columns = listed(names, _MAX_NAMES)
    return problems + [f"the column {name!r} is missing; the columns are {columns}" for name in absent]


@dataclass(frozen=True)
class _FirstRow:
    """A first row that lacks a needed name: its text, its cells, and the lines on which it begins and ends."""

    line: str
    cells: Sequence[str]
    begin: int
    end: int

    @property
    def is_comment(self) -> bool:
        return self.line.lstrip().startswith(_COMMENTS)

    def __str__(self) -> str:
        text = self.line.strip()
        shown = repr(shortened(text))
        kind = "empty"
        if self.is_comment:
            kind = f"a comment ({shown})"
        elif text:
            kind = f"a title ({shown})"
        return f"line {self.begin} is {kind}"


def _instead(first: _FirstRow, below: Iterable[Sequence[str]], needed: Collection[str]) -> list[str]:
    """Return what the first row is instead of a header, if it or the rows below it show that."""
    for at, names in enumerate(below, first.end + 1):
        # A row of full width is a header with other names, even if a value below it equals the label's name.
        is_header = not first.is_comment and len(first.cells) == len(names) and all(first.cells)
        if not is_header and set(needed).issubset(column_names(names)):
            return [f"the column names are on line {at}: remove the lines above it; {first}"]
    begin = first.line.lstrip().lower()
    for mark, kind in (("<!doctype html", "HTML"), ("<html", "HTML"), ("<?xml", "XML"), ("{", "JSON"), ("[", "JSON")):
        if begin.startswith(mark):
            return [f"it is {kind}, not CSV: save it as CSV in UTF-8"]
    return [f"{first}: remove it"] if first.is_comment else []


def _rows(lines: Sequence[str], separator: str) -> Iterator[Sequence[str]]:
    """Yield the cells of each line; no cells for a line that cannot be parsed alone."""
    for line in lines:
        try:
            yield next(cell_rows([line], separator), [])
        except csv.Error:
            yield []
