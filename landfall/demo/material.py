"""What the demo drops: a good file, the same with shuffled labels, and one row to watch the prediction of."""

import csv
import io
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from landfall.demo.census import COLUMNS, LABEL, census_csv
from landfall.stack.up import EXAMPLE_EXPERIMENT, EXAMPLE_ROUTES

GOOD_ROWS = 6000
SEED = 11


@dataclass(frozen=True)
class Table:
    """A CSV in memory, as text cells."""

    header: tuple[str, ...]
    rows: list[list[str]]

    @classmethod
    def of(cls, text: str) -> "Table":
        """Read a CSV that is known to be whole."""
        header, *rows = csv.reader(io.StringIO(text, newline=""))
        return cls(tuple(header), rows)

    def to_csv(self) -> str:
        """Write it again."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(self.header)
        writer.writerows(self.rows)
        return out.getvalue()

    def with_shuffled(self, column: str) -> "Table":
        """Return the table with the cells of one column dealt out anew: the same labels, with no sense in them."""
        at = self.header.index(column)
        cells = [row[at] for row in self.rows]
        random.Random(SEED).shuffle(cells)  # noqa: S311 - not for secrets
        return Table(
            self.header, [[*row[:at], cell, *row[at + 1 :]] for row, cell in zip(self.rows, cells, strict=True)]
        )

    def without(self, column: str) -> "Table":
        """Return the table without a column."""
        at = self.header.index(column)
        return Table((*self.header[:at], *self.header[at + 1 :]), [[*row[:at], *row[at + 1 :]] for row in self.rows])


@dataclass(frozen=True)
class Material:
    """Everything the demo needs.

    Attributes:
        about: one sentence for the audience.
        route: the route that the files belong to; `folder` is where it looks.
        watched: one row without label whose prediction is shown.
    """

    about: str
    model: str
    route: str
    folder: str
    experiment: Path
    routes: Path
    good: str
    shuffled: str
    rows: int
    watched: Table


def census_material() -> Material:
    """Return the made-up census: the example's experiment and routes, and a file ten times as large as its sample."""
    text = census_csv(GOOD_ROWS, SEED)
    table = Table.of(text)
    assert table.header == COLUMNS  # noqa: S101 - the two are written in one module
    return Material(
        about=f"a made-up census of {GOOD_ROWS:,} people, to predict {LABEL}; the first model knows an older 600",
        model="Census Model",
        route="census",
        folder="census",
        experiment=EXAMPLE_EXPERIMENT,
        routes=EXAMPLE_ROUTES,
        good=text,
        shuffled=table.with_shuffled(LABEL).to_csv(),
        rows=GOOD_ROWS,
        watched=watched_row(table.without(LABEL).rows, table.without(LABEL).header),
    )


def watched_row(rows: Sequence[list[str]], header: tuple[str, ...]) -> Table:
    """Return the first row that misses nothing."""
    complete = (row for row in rows if not {"", "?", "NA", "NaN", "nan", "null"} & {cell.strip() for cell in row})
    return Table(header, [next(complete, rows[0])])
