"""Small tables for the tests of the training, as columns of cells."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from studio.tables.columns import Table
from studio.tables.csv_reader import read_table


def csv_text(columns: Mapping[str, Sequence[object]]) -> str:
    """Return the columns as a CSV."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return out.getvalue()


def write_csv(folder: Path, columns: Mapping[str, Sequence[object]]) -> Path:
    """Write the columns to a CSV."""
    path = folder / "table.csv"
    path.write_text(csv_text(columns), encoding="utf-8", newline="")
    return path


def table_of(folder: Path, cells: Sequence[object], *, used: bool = False) -> Table:
    """Read a table of one column `x`, and a label `y`; a `used` column keeps its texts."""
    path = write_csv(folder, {"x": cells, "y": range(len(cells))})
    return read_table(path, "y", ["x"] if used else [])
