"""One row beside long batches: how long it takes then, compared with an idle studio."""

import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from bench import goals
from bench.errors import BenchError
from bench.findings import Row
from bench.serving import running
from bench.serving.comparison import BODIES, bodies_of
from bench.serving.figures import median_ratio
from bench.serving.load import Load, Outcome, drive
from bench.serving.material import Material
from bench.serving.scale import Scale
from bench.serving.services import Rows
from landfall.stack.state import StateFolder

BATCHES = (1, 4)  # at one time: each of these connections sends its next batch when it has its answer
ALREADY_S = 1.0  # from the batches to the first row, so that they are under way
STILL_S = 1.0  # after the last row: the process that sends the rows takes its time to start
NICENESS = 10  # of who sends the batches: it shares a core with who takes the time of a row


def beside(material: Material, rows: Rows, scale: Scale, state: StateFolder, tell: Callable[[str], None]) -> list[Row]:
    """Measure, in alternating rounds, rows alone and rows beside batches.

    Raises:
        BenchError: an answer failed, or was another one than before.
        StackError: the studio does not start.
    """
    tell(f"scoring one row beside batches of {scale.batch_rows:,}")
    batch = [rows[number % len(rows)] for number in range(scale.batch_rows)]
    with running.studio(material, rows[:1], state) as (studio, _):
        sent, bodies = bodies_of(studio.dialect, studio.port, [rows[at : at + 1] for at in range(BODIES[1])])
        alone = Load(studio.port, sent, [[body] for body in bodies], 1, scale.warm_up_s, scale.round_s)
        long_sent, long_bodies = bodies_of(studio.dialect, studio.port, [batch])
        long_s = ALREADY_S + scale.warm_up_s + scale.round_s + STILL_S
        steady: list[Outcome] = []
        beside_them: dict[int, list[Outcome]] = {count: [] for count in BATCHES}
        batches: dict[int, list[Outcome]] = {count: [] for count in BATCHES}
        for _ in range(scale.rounds):
            steady.append(drive(alone, running.cores()[1]))
            for count in BATCHES:
                long = Load(studio.port, long_sent, [long_bodies], count, 0.0, long_s)
                with ThreadPoolExecutor(1) as pool:
                    driven = pool.submit(drive, long, running.cores()[1], NICENESS)
                    time.sleep(ALREADY_S)
                    beside_them[count].append(drive(alone, running.cores()[1]))
                    batches[count].append(driven.result())
    everything = [*steady, *(one for of_count in (*beside_them.values(), *batches.values()) for one in of_count)]
    if any(one.failed or one.wrong for one in everything):
        raise BenchError("a request beside batches failed, or was answered otherwise than before")
    return [
        Row("one row alone on one connection", _median_p99_ms(steady), "ms, p99"),
        *(row for count in BATCHES for row in _rows_of(count, scale, steady, beside_them[count], batches[count])),
    ]


def _rows_of(
    count: int, scale: Scale, steady: list[Outcome], beside_them: list[Outcome], batches: list[Outcome]
) -> list[Row]:
    what = f"one row beside {count} {'batch' if count == 1 else 'batches'} of {scale.batch_rows:,} rows"
    ratio = median_ratio([one.p99_s for one in beside_them], [one.p99_s for one in steady])
    return [
        Row(what, _median_p99_ms(beside_them), "ms, p99"),
        Row(f"{what}: p99 to that of a row alone", round(ratio, 2), "times", goals.BESIDE_P99_RATIO),
        Row(f"{what}: the batches", round(scale.batch_rows * statistics.median(one.rate for one in batches)), "rows/s"),
    ]


def _median_p99_ms(outcomes: list[Outcome]) -> float:
    return round(1000 * statistics.median(one.p99_s for one in outcomes), 2)
