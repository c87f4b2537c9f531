"""What the demo drops: a good file, the same with shuffled labels, and one row to watch the prediction of."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from landfall.sample_data.census import COLUMNS, LABEL, census_csv
from landfall.sample_data.csv_table import Table
from landfall.stack.up import EXAMPLE_EXPERIMENT, EXAMPLE_ROUTES

GOOD_ROWS = 6000
SEED = 11


@dataclass(frozen=True)
class Dataset:
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


def census_dataset() -> Dataset:
    """Return the made-up census: the example's experiment and routes, and a file ten times as large as its sample."""
    text = census_csv(GOOD_ROWS, SEED)
    table = Table.of(text)
    assert table.header == COLUMNS  # noqa: S101 - the two are written in one module
    return Dataset(
        about=f"a made-up census of {GOOD_ROWS:,} people, to predict {LABEL}; the first model knows an older 600",
        model="Census Model",
        route="census",
        folder="census",
        experiment=EXAMPLE_EXPERIMENT,
        routes=EXAMPLE_ROUTES,
        good=text,
        shuffled=table.with_shuffled(LABEL, SEED).to_csv(),
        rows=GOOD_ROWS,
        watched=complete_row(table.without(LABEL).rows, table.without(LABEL).header),
    )


def complete_row(rows: Sequence[list[str]], header: tuple[str, ...]) -> Table:
    """Return the first row that misses nothing."""
    complete = (row for row in rows if not {"", "?", "NA", "NaN", "nan", "null"} & {cell.strip() for cell in row})
    return Table(header, [next(complete, rows[0])])
