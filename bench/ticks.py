"""Counts the requests of a tick: idle, with pending jobs that do not change, and beside a long history."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from bench import thresholds
from bench.environment import ROUTE, Environment
from bench.errors import BenchError
from bench.history import History
from bench.request_recorder import rows_read, writes
from bench.results import Row
from landfall.sample_data.census import census_csv
from shared.pipeline import landing
from shared.services import Services

IDLE_TICKS = 3  # together far shorter than the five minutes between two heartbeats
FILE_ROWS = 20  # the jobs of these files never run
FEW, MANY = 1, 10  # pending jobs
SHORT_HISTORY = 10  # finished runs


@dataclass(frozen=True)
class Tick:
    """What one tick requested."""

    requests: int
    writes: int
    rows: int  # read from tables

    @property
    def reads(self) -> int:
        """The number of requests that change nothing."""
        return self.requests - self.writes


def tick(environment: Environment, services: Services | None = None) -> Tick:
    """Run one tick and count its requests; `services` default to the environment's."""
    with environment.recorder.recording() as exchanges:
        environment.ticker.tick(services or environment.services)
    return Tick(len(exchanges), writes(exchanges), rows_read(exchanges))


def idle(environment: Environment) -> list[Row]:
    """Count ticks with nothing to do, on one route and on two."""
    routes = environment.services.routes
    twice = {ROUTE: routes.routes[ROUTE], "other": replace(routes.routes[ROUTE], name="other")}
    two = replace(environment.services, routes=replace(routes, routes=twice))
    one_route = [tick(environment) for _ in range(IDLE_TICKS)]
    two_routes = tick(environment, two)
    goal = thresholds.IDLE_REQUESTS_A_ROUTE
    return [
        Row("an idle tick on one route", max(each.reads for each in one_route), "requests", goal, goal),
        Row("an idle tick on two routes", two_routes.reads, "requests", 2 * goal, 2 * goal),
        Row(
            f"{IDLE_TICKS} idle ticks, apart from a heartbeat every five minutes",
            sum(each.writes for each in one_route),
            "writes",
            thresholds.IDLE_WRITES,
            thresholds.MAX_HEARTBEAT_WRITES,
        ),
    ]


def pending(environment: Environment) -> list[Row]:
    """Count ticks with 1 and with 10 pending jobs in which nothing changes; leaves the 10 jobs pending."""
    environment.jobs_held.set()
    _land(environment, range(FEW))
    few = tick(environment)
    _land(environment, range(FEW, MANY))
    many = tick(environment)
    active = environment.services.runs.active(ROUTE)
    if len(active) != MANY:
        raise BenchError(f"{len(active)} runs are active; {MANY} should be, each with a pending job")
    each, query = thresholds.PENDING_JOB_REQUESTS, thresholds.IDLE_REQUESTS_A_ROUTE
    more = -(-(many.requests - few.requests) // (MANY - FEW))  # rounded up: a fraction means one more now and then
    return [
        *(
            Row(f"a tick with {count} pending, nothing changed", counted.requests, "requests", goal, goal)
            for count, counted in ((FEW, few), (MANY, many))
            for goal in [query + count * each]
        ),
        Row("each more pending job in such a tick", more, "requests", each, each),
        Row(
            "these ticks with 1 and 10 pending",
            few.writes + many.writes,
            "writes",
            thresholds.PENDING_JOB_WRITES,
            thresholds.PENDING_JOB_WRITES,
        ),
    ]


def beside_history(environment: Environment, finished: int, progress: Callable[[int], None]) -> list[Row]:
    """Compare a tick with 10 pending jobs among `finished` runs with one among 10; call it after `pending`."""
    history = History(environment)
    history.grow_to(SHORT_HISTORY, progress)
    short = tick(environment)
    history.grow_to(finished, progress)
    long = tick(environment)
    what = f"a tick with {MANY} pending among {finished:,} finished, as among {SHORT_HISTORY}"
    # A heartbeat may have become due while the history grew.
    return [
        Row(what, long.reads, "requests", short.reads, short.reads),
        Row(what, long.rows, "rows read", short.rows, short.rows),
    ]


def _land(environment: Environment, numbers: range) -> None:
    for number in numbers:
        name = f"census/pending-{number}.csv"
        environment.upload(name, census_csv(FILE_ROWS, number))
        landing.land(environment.services, environment.services.routes.input, name)
