"""All measurements in order: each leaves the environment as the next one needs it."""

import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from bench import joins, members, reading, sweeps, thresholds, ticks
from bench.environment import running_environment
from bench.imports import imports, imports_from_the_zip
from bench.promotion_requests import promotion_requests, waiting_ticks
from bench.request_labels import billed_as
from bench.results import PromotionRequests, Results, Row
from shared.records.run_states import RunState

ACTIVATION_DELAY_S = 4.0  # long enough that some tick meets an endpoint without its new model


def measure(finished: int, announce: Callable[[str], None], progress: Callable[[int], None]) -> Results:
    """Measure everything, with a history of `finished` runs.

    `announce` is called with the name of each measurement, `progress` with the number of finished runs.

    Raises:
        BenchError: the environment did not behave as a measurement requires.
        CommandError: Azurite or the studio does not start.
    """
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="landfall-bench-") as folder:
        announce("one file from landing to promoted")
        with running_environment(Path(folder) / "at-once", 0) as environment:
            promotions = [
                promotion_requests(environment, "the first promotion of an endpoint", "census/first.csv"),
                promotion_requests(environment, "a promotion over a champion", "census/second.csv"),
            ]
            rows += map(_total, promotions)
            rows += _by_service(promotions[-1])
            announce("ticks: idle, pending, beside a history")
            rows += ticks.idle(environment)
            rows += ticks.pending(environment)
            rows += ticks.beside_history(environment, finished, progress)
            announce("sweeps over settled files")
            rows += sweeps.settled(environment)
            announce("a training set of 1,000 files")
            rows += joins.joined(environment)
        announce("a burst of files")
        with running_environment(Path(folder) / "burst", 0) as environment:
            rows += members.burst(environment)
        announce("ticks that wait for an endpoint")
        with running_environment(Path(folder) / "delayed", ACTIVATION_DELAY_S) as environment:
            waited = waiting_ticks(environment, "census/first.csv")
            rows += [
                Row("each tick more that the staging endpoint takes", len(waited[RunState.STAGED])),
                Row("each tick more that the serving endpoint takes", len(waited[RunState.VERIFYING])),
            ]
            announce("imports in fresh interpreters")
            rows += imports(environment)
            rows += imports_from_the_zip()
    announce("files of 1 MB to 1 GB, checked before their job")
    rows += reading.readings()
    return Results(rows, promotions)


def _by_service(promotion: PromotionRequests) -> list[Row]:
    """Count a promotion's requests by what Azure bills alike."""
    kinds = Counter(billed_as(exchange) for _, exchange in promotion.requests)
    return [Row(f"of these in {promotion.title}: {kind}", count) for kind, count in sorted(kinds.items())]


def _total(promotion: PromotionRequests) -> Row:
    what = f"one file from landing to promoted: {promotion.title}"
    return Row(
        what, len(promotion.requests), "requests", thresholds.PROMOTION_REQUESTS, thresholds.MAX_PROMOTION_REQUESTS
    )
