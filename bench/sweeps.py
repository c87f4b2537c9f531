"""What a sweep asks for where there is nothing to find: for each file that lies there, and besides."""

from collections import Counter

from bench import goals
from bench.findings import Row
from bench.ledger import writes
from bench.listing import billed_as
from bench.proxy import Exchange
from bench.world import World
from shared.pipeline import landing, reconciling, sweeping

MORE = 20  # settled files between one sweep and the next
PER_FILE = "a sweep, for each file that lies there"
BESIDES = "a sweep, besides"


def settled(world: World) -> list[Row]:
    """Count two sweeps, with files that have their outcome in between: the difference is what each of them costs."""
    few = _sweep(world)
    for number in range(MORE):
        name = f"census/settled-{number}.csv"
        world.upload(name, "")  # an empty file ends at once
        landing.land(world.services, world.services.routes.input, name)
    many = _sweep(world)
    files = sum(1 for _ in world.services.blobs.versions(world.services.routes.input))
    per_file = {kind: (many[kind] - few[kind]) / MORE for kind in many}
    besides = {kind: count - files * per_file[kind] for kind, count in many.items()}
    goal = goals.SWEEP_REQUESTS_A_FILE
    return [
        Row(PER_FILE, sum(per_file.values()), "requests", goal, goal),
        *(Row(f"{PER_FILE}: {kind}", count) for kind, count in sorted(per_file.items()) if count),
        *(Row(f"{BESIDES}: {kind}", count) for kind, count in sorted(besides.items()) if count),
        Row("a sweep that finds nothing", _written(world), "writes", goals.IDLE_WRITES, goals.IDLE_WRITES),
    ]


def _sweep(world: World) -> Counter[str]:
    """Sweep, and count what it asked for by what is billed alike."""
    return Counter(map(billed_as, _recorded(world)))


def _written(world: World) -> int:
    return writes([one for one in _recorded(world) if one.service != "studio"])  # scoring is a POST that writes nothing


def _recorded(world: World) -> list[Exchange]:
    with world.ledger.recording() as made:
        sweeping.sweep(world.services)
        reconciling.reconcile(world.services)
    return made
