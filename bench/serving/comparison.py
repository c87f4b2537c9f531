"""Scoring by the studio beside the others: the same model, the same rows, one core each, in alternating rounds."""

import statistics
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

from bench import goals
from bench.errors import BenchError
from bench.findings import LeftOut, Row
from bench.serving import running
from bench.serving.environments import UnavailableError
from bench.serving.figures import median_ratio
from bench.serving.load import Load, Outcome, ask, drive
from bench.serving.material import Material
from bench.serving.running import Service
from bench.serving.scale import Scale
from bench.serving.services import Dialect, Rows
from landfall.stack.ports import free_ports
from landfall.stack.state import StackError, StateFolder

MANY = 1000  # rows of a long request
BODIES = {1: 64, MANY: 4}  # different requests, by their rows
CONNECTIONS = {1: 8, MANY: 2}
SAME = 1e-9  # probabilities that differ by less are the same: services write them with different digits
STUDIO, MLSERVER = "the studio", "MLServer"


@dataclass(frozen=True)
class Round:
    """One service under load for one time."""

    outcome: Outcome
    cpu_s: float  # of the service, a request

    @property
    def request_s(self) -> float:
        """How long a request takes of the service's time: the inverse of its throughput."""
        return 1 / self.outcome.rate


def compare(
    material: Material, rows: Rows, scale: Scale, state: StateFolder, tell: Callable[[str], None]
) -> tuple[list[Row], list[LeftOut]]:
    """Measure all services that run here on requests of one row and of many.

    Raises:
        BenchError: a service answers otherwise than the model does.
        StackError: the studio does not start.
    """
    found: list[Row] = []
    with ExitStack() as stack:
        studio, _ = stack.enter_context(running.studio(material, rows[:1], state))
        services, left_out = [studio], list[LeftOut]()
        if scale.rivals:
            started, left_out = _rivals(stack, material, rows, state)
            services += started
        found.append(_ceiling(studio, rows, scale, state))
        for size in (1, MANY):
            tell(f"scoring requests of {_sized(size)}")
            loads = {one.name: _checked(one, material, rows, size, scale) for one in services}
            rounds: dict[str, list[Round]] = {one.name: [] for one in services}
            for _ in range(scale.rounds):
                for one in services:
                    rounds[one.name].append(_round(one, loads[one.name]))
            found += _rows_of(rounds, size)
    return found, left_out


def _rivals(
    stack: ExitStack, material: Material, rows: Rows, state: StateFolder
) -> tuple[list[Service], list[LeftOut]]:
    started, left_out = [], []
    for name, start in (
        ("plain FastAPI", running.plain_fastapi),
        (f"{MLSERVER} without a worker", partial(running.mlserver, workers=0)),
        (f"{MLSERVER} with a worker", partial(running.mlserver, workers=1)),
    ):
        try:
            started.append(stack.enter_context(start(material, rows[:1], state)))
        except (UnavailableError, StackError) as error:
            left_out.append(LeftOut(name, str(error)))
    return started, left_out


def _sized(size: int) -> str:
    return "one row" if size == 1 else f"{size:,} rows"


def bodies_of(dialect: Dialect, port: int, groups: Sequence[Rows]) -> tuple[list[bytes], list[bytes]]:
    """Return the requests for groups of rows, and the body of each one's answer.

    Raises:
        BenchError: one is refused.
    """
    requests, bodies = [dialect.request(group) for group in groups], []
    for request in requests:
        fine, body = ask(port, request)
        if not fine:
            raise BenchError(f"a request was refused: {body[:300].decode(errors='replace')}")
        bodies.append(body)
    return requests, bodies


def _checked(service: Service, material: Material, rows: Rows, size: int, scale: Scale) -> Load:
    """Make the load of a service, of requests that it has answered as the model does."""
    groups = [rows[at * size : (at + 1) * size] for at in range(min(BODIES[size], len(rows) // size))]
    requests, bodies = bodies_of(service.dialect, service.port, groups)
    for group, body in zip(groups, bodies, strict=True):
        pairs = zip(service.dialect.probabilities(body), material.probabilities(group), strict=True)
        worst = max(abs(told - true) for told, true in pairs)
        if worst > SAME:
            raise BenchError(f"{service.name} answers otherwise than the model: by {worst:g}")
    accepted = [[body] for body in bodies]
    return Load(service.port, requests, accepted, CONNECTIONS[size], scale.warm_up_s, scale.round_s)


def _round(service: Service, load: Load) -> Round:
    before = service.cpu_s()
    outcome = drive(load, running.cores()[1])
    if outcome.failed or outcome.wrong:
        raise BenchError(f"{service.name}: {outcome.failed} failed and {outcome.wrong} wrong answers under load")
    return Round(outcome, (service.cpu_s() - before) / sum(outcome.seen))


def _ceiling(studio: Service, rows: Rows, scale: Scale, state: StateFolder) -> Row:
    """Measure the load generator alone: against a server that does nothing."""
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "bench.serving.nothing", str(port)]
    with running.started("nothing", command, port, studio.dialect, rows[:1], state=state):
        load = Load(port, [studio.dialect.request(rows[:1])], [[b"{}"]], CONNECTIONS[1], scale.warm_up_s, scale.round_s)
        rate = drive(load, running.cores()[1]).rate
    return Row("the load generator against a server that does nothing", round(rate), "requests/s")


def _rows_of(rounds: dict[str, list[Round]], size: int) -> list[Row]:
    found = []
    for name, of_one in rounds.items():
        what = f"{_sized(size)}, {name}"
        found += [
            Row(what, _median(of_one, lambda one: size * one.outcome.rate, 0), "rows/s"),
            Row(what, _median(of_one, lambda one: 1000 * one.outcome.p50_s), "ms, p50"),
            Row(what, _median(of_one, lambda one: 1000 * one.outcome.p99_s), "ms, p99"),
            Row(what, _median(of_one, lambda one: 1000 * one.cpu_s), "ms of processor time a request"),
        ]
    return found + ratios(rounds, size)


def ratios(rounds: dict[str, list[Round]], size: int) -> list[Row]:
    """Compare the studio with each of the others: below 1 it is ahead. Of MLServer's two ways the better one counts."""
    ours = rounds[STUDIO]
    found = []
    for name in better({name: of_one for name, of_one in rounds.items() if name != STUDIO}):
        theirs = rounds[name]
        for measure, value in (
            ("time a request", lambda one: one.request_s),
            ("p99", lambda one: one.outcome.p99_s),
            ("processor time", lambda one: one.cpu_s),
        ):
            ratio = median_ratio(list(map(value, ours)), list(map(value, theirs)))
            goal = None if measure == "processor time" else goals.AHEAD
            found.append(
                Row(f"{_sized(size)}, {measure}: the studio's to that of {name}", round(ratio, 2), "times", goal)
            )
    return found


def better(rounds: dict[str, list[Round]]) -> list[str]:
    """Return the names to compare with: all, but of MLServer only the way that has the higher throughput."""
    of_mlserver = [name for name in rounds if name.startswith(MLSERVER)]
    worse = sorted(of_mlserver, key=lambda name: statistics.median(one.outcome.rate for one in rounds[name]))[:-1]
    return [name for name in rounds if name not in worse]


def _median(rounds: Sequence[Round], value: Callable[[Round], float], digits: int = 2) -> float:
    return round(statistics.median(map(value, rounds)), digits)
