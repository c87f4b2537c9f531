"""Counts the requests of a sweep that finds nothing: for each settled file, and besides."""

from collections import Counter

from bench import thresholds
from bench.environment import Environment
from bench.proxy import Exchange
from bench.request_labels import billed_as
from bench.request_recorder import writes
from bench.results import Row
from shared.pipeline import landing, reconciling, sweeping

EXTRA_FILES = 20  # settled files added between one sweep and the next
PER_FILE = "a sweep, for each file that lies there"
BESIDES = "a sweep, besides"


def settled(environment: Environment) -> list[Row]:
    """Count two sweeps and add settled files in between: the difference is the cost of a file."""
    few = _sweep(environment)
    for number in range(EXTRA_FILES):
        name = f"census/settled-{number}.csv"
        environment.upload(name, "")  # an empty file ends at once
        landing.land(environment.services, environment.services.routes.input, name)
    many = _sweep(environment)
    files = sum(1 for _ in environment.services.blobs.versions(environment.services.routes.input))
    per_file = {kind: (many[kind] - few[kind]) / EXTRA_FILES for kind in many}
    besides = {kind: count - files * per_file[kind] for kind, count in many.items()}
    goal = thresholds.SWEEP_REQUESTS_A_FILE
    return [
        Row(PER_FILE, sum(per_file.values()), "requests", goal, goal),
        *(Row(f"{PER_FILE}: {kind}", count) for kind, count in sorted(per_file.items()) if count),
        *(Row(f"{BESIDES}: {kind}", count) for kind, count in sorted(besides.items()) if count),
        Row(
            "a sweep that finds nothing",
            _written(environment),
            "writes",
            thresholds.IDLE_WRITES,
            thresholds.IDLE_WRITES,
        ),
    ]


def _sweep(environment: Environment) -> Counter[str]:
    """Sweep, and count the requests by what Azure bills alike."""
    return Counter(map(billed_as, _recorded(environment)))


def _written(environment: Environment) -> int:
    """Count the writes of a sweep to storage; a POST to the studio scores rows and writes nothing."""
    return writes([exchange for exchange in _recorded(environment) if exchange.service != "studio"])


def _recorded(environment: Environment) -> list[Exchange]:
    with environment.recorder.recording() as exchanges:
        sweeping.sweep(environment.services)
        reconciling.reconcile(environment.services)
    return exchanges
