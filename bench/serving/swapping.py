"""Scoring while the model is swapped: no failed request, no answer by two models, and how long requests take then."""

import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import cycle

import requests

from bench import goals
from bench.errors import BenchError
from bench.findings import Row
from bench.serving import running
from bench.serving.comparison import BODIES, CONNECTIONS, bodies_of
from bench.serving.figures import median_ratio
from bench.serving.load import Load, Outcome, drive
from bench.serving.material import Material, Table
from bench.serving.scale import Scale
from bench.serving.services import Rows
from bench.serving.storage import Container
from landfall.stack.state import StateFolder
from studio.training.train import train

OTHER_SEED = 11  # another share of the rows is held back, so another model is learned
REQUEST_S = 30.0


def swap(
    material: Material,
    table: Table,
    rows: Rows,
    scale: Scale,
    state: StateFolder,
    *,
    storage: str,
    tell: Callable[[str], None],
) -> list[Row]:
    """Measure, in alternating rounds, one-row scoring that is left alone and one whose model is swapped meanwhile.

    Raises:
        BenchError: a PATCH is refused, or the two models do not differ.
    """
    tell(f"scoring while the model is swapped {scale.swaps} times")
    container = Container.made(storage, "models")
    container.put("a.ilearner", next((material.data / "seeds").iterdir()).read_bytes())
    container.put("b.ilearner", _other_model(table))
    with running.studio(material, rows[:1], state, container.host) as (studio, url):
        endpoint = material.described(url)["predictive"]["endpoints"][0]
        locations = [container.location(name) for name in ("a.ilearner", "b.ilearner")]

        def patch(location: dict[str, str]) -> None:
            body = {"Resources": [{"Name": endpoint["resource"], "Location": location}]}
            key = {"Authorization": f"Bearer {endpoint['api_key']}"}
            answer = requests.patch(endpoint["patch_url"], json=body, headers=key, timeout=REQUEST_S)
            if answer.status_code != requests.codes.ok:
                raise BenchError(f"a model was refused: {answer.text[:300]}")

        answers = []
        groups = [rows[at : at + 1] for at in range(BODIES[1])]
        for location in locations:
            patch(location)
            sent, bodies = bodies_of(studio.dialect, studio.port, groups)
            answers.append(bodies)
        differing = [at for at, (one, other) in enumerate(zip(*answers, strict=True)) if one != other]
        if not differing:
            raise BenchError("the two models answer alike: nothing can be told apart")
        load = Load(
            studio.port,
            [sent[at] for at in differing],
            [[bodies[at] for bodies in answers] for at in differing],
            CONNECTIONS[1],
            scale.warm_up_s,
            scale.round_s,
        )
        turns = cycle(locations)
        steady, swapped = [], []
        for _ in range(scale.swaps // scale.swaps_a_round):
            steady.append(drive(load, running.cores()[1]))
            swapped.append(_while_swapping(load, scale, lambda: patch(next(turns))))
    return _rows_of(steady, swapped, scale)


def _other_model(table: Table) -> bytes:
    return train(table.path, replace(table.plan, seed=OTHER_SEED), threads=1).model


def _while_swapping(load: Load, scale: Scale, patch: Callable[[], None]) -> Outcome:
    duration_s = scale.swaps_a_round * scale.swap_pause_s
    with ThreadPoolExecutor(1) as pool:
        driven = pool.submit(drive, replace(load, measured_s=duration_s), running.cores()[1])
        time.sleep(load.warm_up_s)
        began = time.monotonic()
        for number in range(scale.swaps_a_round):
            patch()
            time.sleep(max(0.0, began + (number + 1) * scale.swap_pause_s - time.monotonic()))
        return driven.result()


def _rows_of(steady: list[Outcome], swapped: list[Outcome], scale: Scale) -> list[Row]:
    everything = [*steady, *swapped]
    swaps = scale.swaps // scale.swaps_a_round * scale.swaps_a_round
    what = f"one row while the model is swapped {swaps} times, {scale.swap_pause_s:g} s apart"
    seen = [sum(one.seen[position] for one in swapped) for position in range(2)]
    ratio = median_ratio([one.p99_s for one in swapped], [one.p99_s for one in steady])
    rate = median_ratio([1 / one.rate for one in swapped], [1 / one.rate for one in steady])
    return [
        Row(f"{what}: failed", sum(one.failed for one in everything), "answers", 0, 0),
        Row(f"{what}: by neither model alone", sum(one.wrong for one in everything), "answers", 0, 0),
        Row(f"{what}: by the model that answered less often", min(seen), "answers"),
        Row(f"{what}: p99 to that of steady", round(ratio, 2), "times", goals.SWAP_P99_RATIO),
        Row(f"{what}: time a request to that of steady", round(rate, 2), "times"),
        Row("steady p99 of these rounds", round(1000 * statistics.median(one.p99_s for one in steady), 2), "ms"),
    ]
