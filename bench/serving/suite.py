"""All measurements of the studio, one after the other."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from bench.findings import Findings
from bench.serving.beside import beside
from bench.serving.comparison import MANY, compare
from bench.serving.jobs import jobs
from bench.serving.material import Table, prepared
from bench.serving.scale import Scale
from bench.serving.swapping import swap
from landfall.stack.azurite import running_azurite
from landfall.stack.state import StateFolder

SAMPLE_ROWS = 4 * MANY  # what services are asked to score
SEED = 3


def measure_serving(scale: Scale, table: Table | None, tell: Callable[[str], None]) -> Findings:
    """Measure everything, on a made-up census or on a table of the user's; `tell` is told what begins.

    Raises:
        BenchError: something went otherwise than a measurement needs it.
        StackError: Azurite or the studio does not start.
    """
    with tempfile.TemporaryDirectory(prefix="landfall-bench-") as name:
        folder = Path(name)
        state = StateFolder(folder / "state")
        state.create()
        tell("training the model that all services are given")
        learned = table or Table.made(folder / "census.csv", scale.training_rows, SEED)
        material = prepared(learned, folder / "material")
        rows = learned.sample(SAMPLE_ROWS)
        compared, left_out = compare(material, rows, scale, state, tell)
        beside_them = beside(material, rows, scale, state, tell)
        with running_azurite() as storage:
            swapped = swap(material, learned, rows, scale, state, storage=storage, tell=tell)
            tables = [table] if table else _tables(folder, scale)
            trained, also_left_out = jobs(material, tables, rows[:1], scale, state, storage=storage, tell=tell)
    return Findings([*compared, *beside_them, *swapped, *trained], left_out=[*left_out, *also_left_out])


def _tables(folder: Path, scale: Scale) -> list[Table]:
    return [Table.made(folder / f"{rows}-rows.csv", rows, SEED) for rows in scale.job_rows]
