"""The demo's data: a good file, the same rows with shuffled labels, and one row whose prediction is shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from landfall.sample_data.census import LABEL, census_csv
from landfall.sample_data.csv_table import Table
from landfall.stack.up import EXAMPLE_EXPERIMENT, EXAMPLE_ROUTES

GOOD_ROWS = 6000
SEED = 11


@dataclass(frozen=True)
class Dataset:
    """The data of a demo.

    Attributes:
        about: one sentence that describes the data.
        route: the route of the files; `folder` is the route's folder.
        watched: one row without label, whose prediction is shown.
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
    """Return the synthetic census: the example's experiment and routes, and a file ten times as large as its sample."""
    text = census_csv(GOOD_ROWS, SEED)
    table = Table.of(text)

    return Dataset(
        about=f"a synthetic census of {GOOD_ROWS:,} people, to predict {LABEL}; the first model knows 600 older rows",
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
    """Return the first row without missing cells."""
    complete = (row for row in rows if not {"", "?", "NA", "NaN", "nan", "null"} & {cell.strip() for cell in row})
    return Table(header, [next(complete, rows[0])])
