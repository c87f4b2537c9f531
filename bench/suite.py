"""All measurements, one after the other: each leaves the world as the next one needs it."""

import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from bench import goals, sweeps, ticks
from bench.findings import Findings, Journey, Row
from bench.imports import imports
from bench.journeys import journey, waiting_ticks
from bench.listing import billed_as
from bench.world import running_world
from shared.records.run import RunState

ACTIVATION_DELAY_S = 4.0  # long enough that a tick surely finds an endpoint that does not serve its new model yet


def measure(finished: int, tell: Callable[[str], None], progress: Callable[[int], None]) -> Findings:
    """Measure everything, with a history of `finished` runs.

    `tell` is told what begins, `progress` how many finished runs there are while the history grows.

    Raises:
        BenchError: something went otherwise than a measurement needs it.
        StackError: Azurite or the studio does not start.
    """
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="landfall-bench-") as folder:
        tell("one file from landing to promoted")
        with running_world(Path(folder) / "at-once", 0) as world:
            journeys = [
                journey(world, "the first promotion of an endpoint", "census/first.csv"),
                journey(world, "a promotion over a champion", "census/second.csv"),
            ]
            rows += map(_counted, journeys)
            rows += _by_service(journeys[-1])
            tell("ticks: idle, pending, beside a history")
            rows += ticks.idle(world)
            rows += ticks.pending(world)
            rows += ticks.beside_history(world, finished, progress)
            tell("sweeps over settled files")
            rows += sweeps.settled(world)
        tell("ticks that wait for an endpoint")
        with running_world(Path(folder) / "delayed", ACTIVATION_DELAY_S) as world:
            waited = waiting_ticks(world, "census/first.csv")
            rows += [
                Row("each tick more that the staging endpoint takes", len(waited[RunState.STAGED])),
                Row("each tick more that the serving endpoint takes", len(waited[RunState.VERIFYING])),
            ]
            tell("imports in fresh interpreters")
            rows += imports(world)
    return Findings(rows, journeys)


def _by_service(one: Journey) -> list[Row]:
    """Tell what a run asks of each service, by what is billed alike."""
    kinds = Counter(billed_as(exchange) for _, exchange in one.requests)
    return [Row(f"of these in {one.title}: {kind}", count) for kind, count in sorted(kinds.items())]


def _counted(one: Journey) -> Row:
    what = f"one file from landing to promoted: {one.title}"
    return Row(what, len(one.requests), "requests", goals.PROMOTION_REQUESTS, goals.PROMOTION_REQUESTS_LIMIT)
