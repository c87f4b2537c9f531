"""What a tick asks for: when idle, for pending jobs that do not change, and beside a long history."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from bench import goals
from bench.errors import BenchError
from bench.findings import Row
from bench.history import History
from bench.ledger import rows_read, writes
from bench.world import ROUTE, World
from landfall.demo.census import census_csv
from shared.pipeline import landing
from shared.services import Services

IDLE_TICKS = 3  # they take far less than the five minutes in which one heartbeat may be written
FILE_ROWS = 20  # the jobs of these files never run
FEW, MANY = 1, 10  # pending jobs
SHORT_HISTORY = 10  # finished runs


@dataclass(frozen=True)
class Tick:
    """What one tick asked for."""

    requests: int
    writes: int
    rows: int  # read from tables

    @property
    def reads(self) -> int:
        """The requests that change nothing."""
        return self.requests - self.writes


def tick(world: World, services: Services | None = None) -> Tick:
    """Take one tick and count it; `services` are the world's unless given."""
    with world.ledger.recording() as made:
        world.ticker.tick(services or world.services)
    return Tick(len(made), writes(made), rows_read(made))


def idle(world: World) -> list[Row]:
    """Count ticks that have nothing to do, on one route and on two."""
    routes = world.services.routes
    twice = {ROUTE: routes.routes[ROUTE], "other": replace(routes.routes[ROUTE], name="other")}
    two = replace(world.services, routes=replace(routes, routes=twice))
    one_route = [tick(world) for _ in range(IDLE_TICKS)]
    two_routes = tick(world, two)
    goal = goals.IDLE_REQUESTS_A_ROUTE
    return [
        Row("an idle tick on one route", max(one.reads for one in one_route), "requests", goal, goal),
        Row("an idle tick on two routes", two_routes.reads, "requests", 2 * goal, 2 * goal),
        Row(
            f"{IDLE_TICKS} idle ticks, apart from a heartbeat every five minutes",
            sum(one.writes for one in one_route),
            "writes",
            goals.IDLE_WRITES,
            goals.HEARTBEAT_WRITES,
        ),
    ]


def pending(world: World) -> list[Row]:
    """Count ticks in which 1 and 10 jobs wait and nothing changes; leaves the 10 jobs pending."""
    world.jobs_held.set()
    _land(world, range(FEW))
    few = tick(world)
    _land(world, range(FEW, MANY))
    many = tick(world)
    active = world.services.runs.active(ROUTE)
    if len(active) != MANY:
        raise BenchError(f"{len(active)} runs are active where {MANY} jobs should be pending")
    each, query = goals.PENDING_JOB_REQUESTS, goals.IDLE_REQUESTS_A_ROUTE
    more = -(-(many.requests - few.requests) // (MANY - FEW))  # rounded up: a fraction would be one more now and then
    return [
        *(
            Row(f"a tick with {count} pending, nothing changed", found.requests, "requests", goal, goal)
            for count, found in ((FEW, few), (MANY, many))
            for goal in [query + count * each]
        ),
        Row("each more pending job in such a tick", more, "requests", each, each),
        Row(
            "these ticks with 1 and 10 pending",
            few.writes + many.writes,
            "writes",
            goals.PENDING_JOB_WRITES,
            goals.PENDING_JOB_WRITES,
        ),
    ]


def beside_history(world: World, finished: int, progress: Callable[[int], None]) -> list[Row]:
    """Compare a tick with 10 pending jobs among 10 finished runs with one among `finished`; after `pending`."""
    history = History(world)
    history.grow_to(SHORT_HISTORY, progress)
    short = tick(world)
    history.grow_to(finished, progress)
    long = tick(world)
    what = f"a tick with {MANY} pending among {finished:,} finished, as among {SHORT_HISTORY}"
    # A heartbeat may have become due while the history grew.
    return [
        Row(what, long.reads, "requests", short.reads, short.reads),
        Row(what, long.rows, "rows read", short.rows, short.rows),
    ]


def _land(world: World, numbers: range) -> None:
    for number in numbers:
        name = f"census/pending-{number}.csv"
        world.upload(name, census_csv(FILE_ROWS, number))
        landing.land(world.services, world.services.routes.input, name)
