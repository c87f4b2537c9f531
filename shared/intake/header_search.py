"""Finds the header of a file, and the delimiter under which it holds the expected columns (pure)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from shared.intake.csv_rows import CsvRow, RowFault, RowForm
from shared.intake.file_report import Expected
from shared.intake.header_match import MatchedHeader, columns_matched, match_header, name_key
from shared.intake.problems import Code, Problem
from shared.intake.settings import Dialect, IntakeSettings
from shared.intake.tally import FileChange

DELIMITERS = (",", ";", "\t", "|")
SHOWN = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a vertical bar"}
_SEP_LINE = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
_LINE = re.compile(r"([^\r\n]*)(\r\n|\n|\r|\Z)")
_LINES_SEARCHED = 20  # below the first line, for the header


@dataclass(kw_only=True)
class HeaderSearch:
    """What a file begins with.

    Attributes:
        form: of its rows; None if the header is refused for want of a delimiter.
        delimiter: one character; "" if none fits.
        header: the columns.
        begin, header_line: where the header begins in the text, and on which line.
        end, line: where the rows begin in the text, and on which line.
        changes: (kind, how often, line). blank: empty lines above the header.
    """

    form: RowForm | None = None
    delimiter: str = ""
    header: MatchedHeader | None = None
    begin: int = 0
    header_line: int = 1
    end: int = 0
    line: int = 1
    changes: list[tuple[FileChange, int, int]] = field(default_factory=list)
    blank: int = 0
    problems: list[Problem] = field(default_factory=list)


def columns_expected(expected: Expected) -> tuple[str, ...]:
    """Return the columns that a file must have, in the order of the clean rows."""
    return expected.schema.names if expected.schema is not None else tuple(expected.columns)


def usual_delimiter(name: str) -> str:
    """Return what a file of this name has between its cells (protocol 1.3)."""
    return "\t" if name.lower().endswith(".tsv") else ","


def has_header(name: str) -> bool:
    """Tell whether a file of this name has a header (protocol 1.3)."""
    return not name.lower().endswith((".nh.csv", ".nh.tsv"))


def search_header(text: str, name: str, settings: IntakeSettings, expected: Expected) -> HeaderSearch:
    """Read the beginning of a file.

    Args:
        text: the beginning, with the whole header.
        name: of the file.
        settings: what the route says.
        expected: the columns that are looked for.
    """
    search = HeaderSearch()
    _skip(text, settings.dialect, search)
    names = columns_expected(expected)
    announced = _sep_line(text, search)
    search.begin, search.header_line = search.end, search.line
    route_delimiter = settings.dialect.delimiter
    if announced and route_delimiter and announced != route_delimiter:
        what = f"Excel's sep= line names the delimiter {announced!r}, the route says {route_delimiter!r}."
        message = f"{what} Remove the line, or set delimiter."
        search.problems.append(Problem(Code.NOT_CSV, message, line=search.line - 1))
        return search
    choices = [route_delimiter or announced] if route_delimiter or announced else _choices(name)
    if not has_header(name):
        _headless(text, choices[0] or ",", settings, names, search)
        return search
    delimiter = _delimiter(text, choices, settings.dialect, names, search)
    if delimiter is None:
        return search
    search.delimiter, search.form = delimiter, _form(delimiter, settings.dialect)
    row = _row(text, search.end, search.line, search.form)
    if isinstance(row, RowFault):
        search.problems.append(Problem(Code.OPEN_QUOTE, row.message, line=row.line, field_number=row.field_number))
    elif row is None:
        search.problems.append(Problem(Code.LONG_CELL, "The header does not end.", line=search.line))
    else:
        search.header = match_header(row.row.cells, names, settings.extra_columns, search.line, expected.optional)
        search.problems += search.header.problems
        search.end, search.line = row.end, search.line + row.row.lines
    return search


def _choices(name: str) -> list[str]:
    usual = usual_delimiter(name)
    return [usual, *(delimiter for delimiter in DELIMITERS if delimiter != usual)]


def _form(delimiter: str, dialect: Dialect) -> RowForm:
    return RowForm(delimiter, dialect.escape, dialect.comment)


def _skip(text: str, dialect: Dialect, search: HeaderSearch) -> None:
    """Go to the first line that may be the header."""
    while search.end < len(text):
        line = _LINE.match(text, search.end)
        if line is None:
            return
        if search.line <= dialect.skip_rows:
            search.changes.append((FileChange.SKIPPED_LINES, 1, search.line))
        elif dialect.comment and line[1].startswith(dialect.comment):
            search.changes.append((FileChange.COMMENTS, 1, search.line))
        elif not line[1].strip():
            search.blank += 1
        else:
            return
        search.end, search.line = line.end(), search.line + 1


def _sep_line(text: str, search: HeaderSearch) -> str | None:
    """Return the delimiter that Excel's line above the header names, and go to the next line."""
    line = _LINE.match(text, search.end)
    announced = _SEP_LINE.fullmatch(line[1]) if line is not None else None
    if line is None or announced is None:
        return None
    search.changes.append((FileChange.SEP_LINE, 1, search.line))
    search.end, search.line = line.end(), search.line + 1
    return announced[1]


class _FirstRow(NamedTuple):
    """A row, and where it ends in the text."""

    row: CsvRow
    end: int


def _row(text: str, at: int, line: int, form: RowForm) -> _FirstRow | RowFault | None:
    for item, end in form.rows(text[at:], line, final=True):
        if isinstance(item, CsvRow):
            return _FirstRow(item, at + end)
        if isinstance(item, RowFault):
            return item
    return None


def _cells(first: _FirstRow | RowFault | None) -> list[str]:
    return first.row.cells if isinstance(first, _FirstRow) else []


def _delimiter(
    text: str, choices: Sequence[str | None], dialect: Dialect, names: Sequence[str], search: HeaderSearch
) -> str | None:
    """Return the delimiter under which the header holds the expected columns; None if there is a problem."""
    candidates = [choice for choice in choices if choice]
    matched: dict[str, int] = {}
    cells: dict[str, tuple[str, ...]] = {}
    for delimiter in candidates:
        row = _row(text, search.end, search.line, _form(delimiter, dialect))
        cells[delimiter] = tuple(_cells(row))
        matched[delimiter] = columns_matched(cells[delimiter], names)
    best = max(matched.values())
    if best < len(names):
        below = _header_below(text, candidates, dialect, names, search)
        if below is not None:
            lines = "The line above is" if below == search.line + 1 else "The lines above are"
            message = f"The header is on line {below}. {lines} no data: remove them, or set skip_rows = {below - 1}."
            search.problems.append(Problem(Code.INCORRECT_LABEL, message, line=search.line))
            return None
    if best == 0:
        # Such a line may be a row: its cells, which may be personal data, are not named as columns.
        listed = ", ".join(map(repr, names[:10])) + (" and more" if len(names) > 10 else "")
        tried = ", ".join(SHOWN.get(delimiter, repr(delimiter)) for delimiter in candidates)
        whether = f"whether {tried} stands" if len(candidates) > 1 else f"with {tried}"
        message = f"The first line has none of the columns {listed}, {whether} between them."
        advice = "Add the header; or set delimiter, or skip_rows if lines stand above the header."
        search.problems.append(Problem(Code.MISSING_LABEL, f"{message} {advice}", line=search.line))
        return None
    if len(candidates) == 1:
        return candidates[0]
    fitting = [delimiter for delimiter in candidates if matched[delimiter] == best]
    if len({cells[delimiter] for delimiter in fitting}) > 1:
        listed = " and ".join(SHOWN[delimiter] for delimiter in fitting)
        message = f"The header has as many of the expected columns under {listed}. Set delimiter."
        search.problems.append(Problem(Code.AMBIGUOUS_VALUE, message, line=search.line))
        return None
    return fitting[0]


def _header_below(
    text: str, candidates: Sequence[str], dialect: Dialect, names: Sequence[str], search: HeaderSearch
) -> int | None:
    """Return the line below the first one that has all expected columns; None if there is none."""
    line = _LINE.match(text, search.end)
    number = search.line
    for _ in range(_LINES_SEARCHED):
        if line is None or not line[2]:
            return None
        at, number = line.end(), number + 1
        line = _LINE.match(text, at)
        for delimiter in candidates:
            row = _row(line[0] if line is not None else "", 0, number, _form(delimiter, dialect))
            if {*map(name_key, names)} <= {*map(name_key, _cells(row))}:
                return number
    return None


def _headless(text: str, delimiter: str, settings: IntakeSettings, names: Sequence[str], search: HeaderSearch) -> None:
    """Name the columns of a file without a header: Col1, Col2 and so on."""
    search.delimiter, search.form = delimiter, _form(delimiter, settings.dialect)
    row = _row(text, search.end, search.line, search.form)
    numbered = [f"Col{number}" for number in range(1, len(_cells(row)) + 1)]
    search.header = match_header(numbered, names, settings.extra_columns, search.line)
    search.problems += search.header.problems
