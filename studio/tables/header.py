"""The header row of a CSV: the names of its columns, and what stands there instead of them."""

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
_LOOKED_AT = 20  # lines below the first one that may be the header
_NAMES = 30  # columns that an error lists


@dataclass(frozen=True)
class Header:
    """The columns of a file: what they are called, the cells of the first row, and how many lines were read."""

    names: tuple[str, ...]
    cells: Sequence[str]
    lines: int
    note: str = ""  # on a line that was left out


def read_header(lines: TextIO, separator: str, needed: Collection[str], *, named: bool) -> Header:
    """Read the first row, which names the columns where they are `named`; those in `needed` must be there.

    Excel's `sep=` line above it is left out if it names the separator that is used.

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
        below = _rows(list(islice(lines, _LOOKED_AT)), separator)
        problems = _instead(first, below, needed) or problems
    if problems:
        raise _wrong(problems)
    return Header(names, cells, skipped + reader.line_num, note)


def _wrong(problems: list[str]) -> TableError:
    return TableError("the CSV's header", problems)


def _other_separator(announced: str, separator: str) -> str:
    used = f"in a file of this name {separator!r} separates them"
    return f"its first line is Excel's sep= line, for cells separated by {announced!r}; {used}: remove the line"


def _problems(cells: Sequence[str], names: Sequence[str], needed: Collection[str]) -> list[str]:
    if not any(cells):
        return ["the file is empty; it needs a header row and rows"]
    if len(names) > MAX_COLUMNS:
        return [f"it has {len(names)} columns; at most {MAX_COLUMNS} can be trained on"]
    twice = duplicates(names)
    problems = [f"the name {name!r} stands over more than one column: {positions_of(cells, name)}" for name in twice]
    absent = sorted(set(needed).difference(names))
    others = [mark for mark in _SEPARATORS if mark in names[0]]
    if absent and len(names) == 1 and others:
        return [f"the column {absent[0]!r} is missing; the cells seem to be separated by {others[0]!r}"]
    columns = listed(names, _NAMES)
    return problems + [f"the column {name!r} is missing; the columns are {columns}" for name in absent]


@dataclass(frozen=True)
class _FirstRow:
    """A first row that lacks the name of a column: its line, its cells, on which lines it begins and ends."""

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
        kind = f"a comment ({shown})" if self.is_comment else f"a title ({shown})" if text else "empty"
        return f"line {self.begin} is {kind}"


def _instead(first: _FirstRow, below: Iterable[Sequence[str]], needed: Collection[str]) -> list[str]:
    """Return what stands in the place of a header, if that can be told by it or by the rows below it."""
    for at, names in enumerate(below, first.end + 1):
        # A header of full width, with other names, is no title, even if a value below it is called like the label.
        is_header = not first.is_comment and len(first.cells) == len(names) and all(first.cells)
        if not is_header and set(needed).issubset(column_names(names)):
            return [f"the names of the columns stand on line {at}: remove what is above them; {first}"]
    begin = first.line.lstrip().lower()
    for mark, kind in (("<!doctype html", "HTML"), ("<html", "HTML"), ("<?xml", "XML"), ("{", "JSON"), ("[", "JSON")):
        if begin.startswith(mark):
            return [f"it is no CSV but {kind}: save it as CSV in UTF-8"]
    return [f"{first}: remove it"] if first.is_comment else []


def _rows(lines: Sequence[str], separator: str) -> Iterator[Sequence[str]]:
    """Yield the cells of each line; none of one that cannot be read alone."""
    for line in lines:
        try:
            yield next(cell_rows([line], separator), [])
        except csv.Error:
            yield []
