"""The one way in which the studio reads and writes CSV: files line by line, and small tables as a text."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from _csv import Reader


class CsvText(NamedTuple):
    """A small table: its header, and the cells of its rows."""

    header: list[str]
    rows: list[list[str]]


def cell_rows(lines: Iterable[str], separator: str = ",") -> "Reader":
    """Return the reader of the rows in some lines; `line_num` counts the lines that it has taken.

    Each step raises csv.Error where quotes do not match, or a cell is longer than `csv.field_size_limit`.
    """
    return csv.reader(lines, delimiter=separator, strict=True)


def parse_csv(text: str) -> CsvText:
    """Read a text that has a header, such as the evaluation of a job.

    Raises:
        csv.Error: its quotes do not match.
        ValueError: it is empty.
    """
    header, *rows = cell_rows(io.StringIO(text))
    return CsvText(header, rows)


def csv_text(rows: Iterable[Sequence[str]], separator: str = ",") -> str:
    """Write rows, the header as the first of them; a line ends with a line feed."""
    out = io.StringIO()
    csv.writer(out, delimiter=separator, lineterminator="\n").writerows(rows)
    return out.getvalue()
