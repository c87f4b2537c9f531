"""All measurements of the studio, in order."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from bench.results import Results
from bench.serving.comparison import MANY, compare
from bench.serving.fixtures import Table, prepare
from bench.serving.jobs import jobs
from bench.serving.mixed_load import measure_mixed_load
from bench.serving.model_swap import swap
from bench.serving.sizes import Sizes
from landfall.stack.azurite import running_azurite
from landfall.stack.stack_state import StateFolder

SAMPLE_ROWS = 4 * MANY  # rows that the services score
SEED = 3


def measure_serving(sizes: Sizes, table: Table | None, announce: Callable[[str], None]) -> Results:
    """Measure everything, on a made-up census or on a table of the user's; `tell` is told what begins.

    Raises:
        BenchError: a service did not behave as a measurement requires.
        CommandError: Azurite or the studio does not start.
    """
    with tempfile.TemporaryDirectory(prefix="landfall-bench-") as name:
        folder = Path(name)
        state = StateFolder(folder / "state")
        state.create()
        announce("training the model that every service gets")
        training_table = table or Table.generate(folder / "census.csv", sizes.training_rows, SEED)
        fixtures = prepare(training_table, folder / "fixtures")
        rows = training_table.sample(SAMPLE_ROWS)
        compared, left_out = compare(fixtures, rows, sizes, state, announce)
        mixed = measure_mixed_load(fixtures, rows, sizes, state, announce)
        with running_azurite() as storage:
            swapped = swap(fixtures, training_table, rows, sizes, state, storage=storage, announce=announce)
            tables = [table] if table else _tables(folder, sizes)
            trained, also_left_out = jobs(fixtures, tables, rows[:1], sizes, state, storage=storage, announce=announce)
    return Results([*compared, *mixed, *swapped, *trained], left_out=[*left_out, *also_left_out])


def _tables(folder: Path, sizes: Sizes) -> list[Table]:
    return [Table.generate(folder / f"{rows}-rows.csv", rows, SEED) for rows in sizes.job_rows]
