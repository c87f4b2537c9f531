"""Scoring one row while the studio scores long batches, compared with one row alone."""

import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

from bench import thresholds
from bench.errors import BenchError
from bench.results import Row
from bench.serving import start_services
from bench.serving.comparison import BODIES, bodies_of
from bench.serving.dialects import Rows
from bench.serving.fixtures import Fixtures
from bench.serving.load import Load, Outcome, drive
from bench.serving.sizes import Sizes
from bench.serving.stats import median_ratio
from landfall.stack.stack_state import StateFolder

BATCHES = (1, 4)  # connections that send batches, each its next one after its answer
LEAD_S = 1.0  # from the first batch to the first row, so that a batch is being scored
TRAIL_S = 1.0  # batches after the last row: the process that sends rows takes a moment to start
NICENESS = 10  # of the process that sends batches: it shares a core with the one that measures rows


def measure_mixed_load(
    fixtures: Fixtures, rows: Rows, sizes: Sizes, state: StateFolder, announce: Callable[[str], None]
) -> list[Row]:
    """Measure rows alone and rows beside batches, in alternating rounds.

    Raises:
        BenchError: an answer failed, or differs from the first one to the same request.
        CommandError: the studio does not start.
    """
    announce(f"scoring one row beside batches of {sizes.batch_rows:,}")
    batch = [rows[number % len(rows)] for number in range(sizes.batch_rows)]
    with start_services.studio(fixtures, rows[:1], state) as (studio, _):
        sent, bodies = bodies_of(studio.dialect, studio.port, [rows[at : at + 1] for at in range(BODIES[1])])
        alone = Load(studio.port, sent, [[body] for body in bodies], 1, sizes.warm_up_s, sizes.round_s)
        long_sent, long_bodies = bodies_of(studio.dialect, studio.port, [batch])
        long_s = LEAD_S + sizes.warm_up_s + sizes.round_s + TRAIL_S
        steady: list[Outcome] = []
        mixed: dict[int, list[Outcome]] = {count: [] for count in BATCHES}
        batches: dict[int, list[Outcome]] = {count: [] for count in BATCHES}
        for _ in range(sizes.rounds):
            steady.append(drive(alone, start_services.cores()[1]))
            for count in BATCHES:
                long = Load(studio.port, long_sent, [long_bodies], count, 0.0, long_s)
                with ThreadPoolExecutor(1) as pool:
                    driven = pool.submit(drive, long, start_services.cores()[1], NICENESS)
                    time.sleep(LEAD_S)
                    mixed[count].append(drive(alone, start_services.cores()[1]))
                    batches[count].append(driven.result())
    outcomes = [*steady, *chain.from_iterable(mixed.values()), *chain.from_iterable(batches.values())]
    if any(outcome.failed or outcome.wrong for outcome in outcomes):
        raise BenchError("a request beside batches failed, or its answer differs from the first one")
    return [
        Row("one row alone on one connection", _median_p99_ms(steady), "ms, p99"),
        *(row for count in BATCHES for row in _rows_of(count, sizes, steady, mixed[count], batches[count])),
    ]


def _rows_of(
    count: int, sizes: Sizes, steady: list[Outcome], mixed: list[Outcome], batches: list[Outcome]
) -> list[Row]:
    what = f"one row beside {count} {'batch' if count == 1 else 'batches'} of {sizes.batch_rows:,} rows"
    ratio = median_ratio([outcome.p99_s for outcome in mixed], [outcome.p99_s for outcome in steady])
    return [
        Row(what, _median_p99_ms(mixed), "ms, p99"),
        Row(f"{what}: p99 to that of a row alone", round(ratio, 2), "times", thresholds.MIXED_LOAD_P99_RATIO),
        Row(
            f"{what}: the batches",
            round(sizes.batch_rows * statistics.median(outcome.rate for outcome in batches)),
            "rows/s",
        ),
    ]


def _median_p99_ms(outcomes: list[Outcome]) -> float:
    return round(1000 * statistics.median(outcome.p99_s for outcome in outcomes), 2)
