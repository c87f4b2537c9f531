"""Scoring while the model is swapped: no request fails, no answer mixes two models; and how long requests take."""

import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import cycle

import requests

from bench import thresholds
from bench.errors import BenchError
from bench.results import Row
from bench.serving import start_services
from bench.serving.comparison import BODIES, CONNECTIONS, bodies_of
from bench.serving.dialects import Rows
from bench.serving.fixtures import Fixtures, Table
from bench.serving.load import Load, Outcome, drive
from bench.serving.sizes import Sizes
from bench.serving.stats import median_ratio
from bench.serving.storage import Container
from landfall.stack.stack_state import StateFolder
from studio.training.train import train

SECOND_SEED = 11  # holds other rows back, so the second model differs
MAX_REQUEST_S = 30.0


def swap(
    fixtures: Fixtures,
    table: Table,
    rows: Rows,
    sizes: Sizes,
    state: StateFolder,
    *,
    storage: str,
    announce: Callable[[str], None],
) -> list[Row]:
    """Measure scoring of one row under steady load and while the model is swapped, in alternating rounds.

    Raises:
        BenchError: a PATCH is refused, or the two models do not differ.
    """
    announce(f"scoring while the model is swapped {sizes.swaps} times")
    container = Container.create(storage, "models")
    container.put("a.ilearner", next((fixtures.data / "seeds").iterdir()).read_bytes())
    container.put("b.ilearner", _second_model(table))
    with start_services.studio(fixtures, rows[:1], state, container.host) as (studio, url):
        endpoint = fixtures.described(url)["predictive"]["endpoints"][0]
        locations = [container.location(name) for name in ("a.ilearner", "b.ilearner")]

        def patch(location: dict[str, str]) -> None:
            body = {"Resources": [{"Name": endpoint["resource"], "Location": location}]}
            key = {"Authorization": f"Bearer {endpoint['api_key']}"}
            answer = requests.patch(endpoint["patch_url"], json=body, headers=key, timeout=MAX_REQUEST_S)
            if answer.status_code != requests.codes.ok:
                raise BenchError(f"the studio refused a model: {answer.text[:300]}")

        answers = []
        groups = [rows[at : at + 1] for at in range(BODIES[1])]
        for location in locations:
            patch(location)
            sent, bodies = bodies_of(studio.dialect, studio.port, groups)
            answers.append(bodies)
        differing = [at for at, (first, second) in enumerate(zip(*answers, strict=True)) if first != second]
        if not differing:
            raise BenchError("both models give the same answers, so swapping them cannot be measured")
        load = Load(
            studio.port,
            [sent[at] for at in differing],
            [[bodies[at] for bodies in answers] for at in differing],
            CONNECTIONS[1],
            sizes.warm_up_s,
            sizes.round_s,
        )
        turns = cycle(locations)
        steady, swapped = [], []
        for _ in range(sizes.swaps // sizes.swaps_a_round):
            steady.append(drive(load, start_services.cores()[1]))
            swapped.append(_while_swapping(load, sizes, lambda: patch(next(turns))))
    return _rows_of(steady, swapped, sizes)


def _second_model(table: Table) -> bytes:
    return train(table.path, replace(table.plan, seed=SECOND_SEED), threads=1).model


def _while_swapping(load: Load, sizes: Sizes, patch: Callable[[], None]) -> Outcome:
    duration_s = sizes.swaps_a_round * sizes.swap_pause_s
    with ThreadPoolExecutor(1) as pool:
        driven = pool.submit(drive, replace(load, measured_s=duration_s), start_services.cores()[1])
        time.sleep(load.warm_up_s)
        began = time.monotonic()
        for number in range(sizes.swaps_a_round):
            patch()
            time.sleep(max(0.0, began + (number + 1) * sizes.swap_pause_s - time.monotonic()))
        return driven.result()


def _rows_of(steady: list[Outcome], swapped: list[Outcome], sizes: Sizes) -> list[Row]:
    outcomes = [*steady, *swapped]
    swaps = sizes.swaps // sizes.swaps_a_round * sizes.swaps_a_round
    what = f"one row while the model is swapped {swaps} times, {sizes.swap_pause_s:g} s apart"
    by_model = [sum(outcome.accepted[position] for outcome in swapped) for position in range(2)]
    ratio = median_ratio([outcome.p99_s for outcome in swapped], [outcome.p99_s for outcome in steady])
    rate = median_ratio([1 / outcome.rate for outcome in swapped], [1 / outcome.rate for outcome in steady])
    return [
        Row(f"{what}: failed", sum(outcome.failed for outcome in outcomes), "answers", 0, 0),
        Row(f"{what}: by neither model alone", sum(outcome.wrong for outcome in outcomes), "answers", 0, 0),
        Row(f"{what}: by the model that answered less often", min(by_model), "answers"),
        Row(f"{what}: p99 to that of steady", round(ratio, 2), "times", thresholds.SWAP_P99_RATIO),
        Row(f"{what}: time a request to that of steady", round(rate, 2), "times"),
        Row(
            "steady p99 of these rounds", round(1000 * statistics.median(outcome.p99_s for outcome in steady), 2), "ms"
        ),
    ]
