"""Scoring by the studio and by the baselines: the same model, the same rows, one shared core, alternating rounds."""

import statistics
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

from bench import thresholds
from bench.errors import BenchError
from bench.results import LeftOut, Row
from bench.serving import start_services
from bench.serving.dialects import Dialect, Rows
from bench.serving.fixtures import Fixtures
from bench.serving.load import Load, Outcome, drive, send_once
from bench.serving.sizes import Sizes
from bench.serving.start_services import Service
from bench.serving.stats import median_ratio
from bench.serving.virtualenvs import UnavailableError
from landfall.errors import CommandError
from landfall.stack.ports import free_ports
from landfall.stack.stack_state import StateFolder

MANY = 1000  # rows of a long request
BODIES = {1: 64, MANY: 4}  # different requests, by their rows
CONNECTIONS = {1: 8, MANY: 2}
TOLERANCE = 1e-9  # between probabilities: services write different numbers of digits
STUDIO, MLSERVER = "the studio", "MLServer"


@dataclass(frozen=True)
class Round:
    """One service under load in one round."""

    outcome: Outcome
    cpu_s: float  # processor time of the service for one request

    @property
    def request_s(self) -> float:
        """The inverse of the throughput."""
        return 1 / self.outcome.rate


def compare(
    fixtures: Fixtures, rows: Rows, sizes: Sizes, state: StateFolder, announce: Callable[[str], None]
) -> tuple[list[Row], list[LeftOut]]:
    """Measure all services that run on this machine, with requests of one row and of many.

    Raises:
        BenchError: a service's answers differ from the model's.
        CommandError: the studio does not start.
    """
    measured: list[Row] = []
    with ExitStack() as stack:
        studio, _ = stack.enter_context(start_services.studio(fixtures, rows[:1], state))
        services, left_out = [studio], list[LeftOut]()
        if sizes.baselines:
            started, left_out = _baselines(stack, fixtures, rows, state)
            services += started
        measured.append(_ceiling(studio, rows, sizes, state))
        for size in (1, MANY):
            announce(f"scoring requests of {_sized(size)}")
            loads = {service.name: _checked(service, fixtures, rows, size, sizes) for service in services}
            rounds: dict[str, list[Round]] = {service.name: [] for service in services}
            for _ in range(sizes.rounds):
                for service in services:
                    rounds[service.name].append(_round(service, loads[service.name]))
            measured += _rows_of(rounds, size)
    return measured, left_out


def _baselines(
    stack: ExitStack, fixtures: Fixtures, rows: Rows, state: StateFolder
) -> tuple[list[Service], list[LeftOut]]:
    started, left_out = [], []
    for name, start in (
        ("plain FastAPI", start_services.plain_fastapi),
        (f"{MLSERVER} without a worker", partial(start_services.mlserver, workers=0)),
        (f"{MLSERVER} with a worker", partial(start_services.mlserver, workers=1)),
    ):
        try:
            started.append(stack.enter_context(start(fixtures, rows[:1], state)))
        except (UnavailableError, CommandError) as error:
            left_out.append(LeftOut(name, str(error)))
    return started, left_out


def _sized(size: int) -> str:
    return "one row" if size == 1 else f"{size:,} rows"


def bodies_of(dialect: Dialect, port: int, groups: Sequence[Rows]) -> tuple[list[bytes], list[bytes]]:
    """Return the requests for groups of rows, and the body of the answer to each.

    Raises:
        BenchError: a request is refused.
    """
    requests, bodies = [dialect.request(group) for group in groups], []
    for request in requests:
        ok, body = send_once(port, request)
        if not ok:
            raise BenchError(f"a request was refused: {body[:300].decode(errors='replace')}")
        bodies.append(body)
    return requests, bodies


def _checked(service: Service, fixtures: Fixtures, rows: Rows, size: int, sizes: Sizes) -> Load:
    """Make the load of a service from requests whose answers agree with the model's."""
    groups = [rows[at * size : (at + 1) * size] for at in range(min(BODIES[size], len(rows) // size))]
    requests, bodies = bodies_of(service.dialect, service.port, groups)
    for group, body in zip(groups, bodies, strict=True):
        pairs = zip(service.dialect.probabilities(body), fixtures.probabilities(group), strict=True)
        difference = max(abs(answer - expected) for answer, expected in pairs)
        if difference > TOLERANCE:
            raise BenchError(f"{service.name}: a probability differs from the model's by {difference:g}")
    accepted = [[body] for body in bodies]
    return Load(service.port, requests, accepted, CONNECTIONS[size], sizes.warm_up_s, sizes.round_s)


def _round(service: Service, load: Load) -> Round:
    before = service.cpu_s()
    outcome = drive(load, start_services.cores()[1])
    if outcome.failed or outcome.wrong:
        raise BenchError(f"{service.name}: {outcome.failed} failed and {outcome.wrong} wrong answers under load")
    return Round(outcome, (service.cpu_s() - before) / sum(outcome.accepted))


def _ceiling(studio: Service, rows: Rows, sizes: Sizes, state: StateFolder) -> Row:
    """Measure the load generator itself, against a server that does nothing."""
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "bench.serving.noop_server", str(port)]
    with start_services.started("noop-server", command, port, studio.dialect, rows[:1], state=state):
        load = Load(port, [studio.dialect.request(rows[:1])], [[b"{}"]], CONNECTIONS[1], sizes.warm_up_s, sizes.round_s)
        rate = drive(load, start_services.cores()[1]).rate
    return Row("the load generator against a server that does nothing", round(rate), "requests/s")


def _rows_of(rounds: dict[str, list[Round]], size: int) -> list[Row]:
    rows: list[Row] = []
    for name, of_service in rounds.items():
        what = f"{_sized(size)}, {name}"
        rows += [
            Row(what, _median(of_service, lambda each: size * each.outcome.rate, 0), "rows/s"),
            Row(what, _median(of_service, lambda each: 1000 * each.outcome.p50_s), "ms, p50"),
            Row(what, _median(of_service, lambda each: 1000 * each.outcome.p99_s), "ms, p99"),
            Row(what, _median(of_service, lambda each: 1000 * each.cpu_s), "ms of processor time a request"),
        ]
    return rows + ratios(rounds, size)


def ratios(rounds: dict[str, list[Round]], size: int) -> list[Row]:
    """Compare the studio with each baseline: below 1 the studio is ahead. Only MLServer's faster setting counts."""
    ours = rounds[STUDIO]
    rows = []
    for name in fastest_settings({name: of_service for name, of_service in rounds.items() if name != STUDIO}):
        theirs = rounds[name]
        for measure, value in (
            ("time a request", lambda each: each.request_s),
            ("p99", lambda each: each.outcome.p99_s),
            ("processor time", lambda each: each.cpu_s),
        ):
            ratio = median_ratio(list(map(value, ours)), list(map(value, theirs)))
            goal = None if measure == "processor time" else thresholds.PARITY_RATIO
            rows.append(
                Row(f"{_sized(size)}, {measure}: the studio's to that of {name}", round(ratio, 2), "times", goal)
            )
    return rows


def fastest_settings(rounds: dict[str, list[Round]]) -> list[str]:
    """Return the names to compare with: all but the setting of MLServer with the lower throughput."""
    of_mlserver = [name for name in rounds if name.startswith(MLSERVER)]
    slower = sorted(of_mlserver, key=lambda name: statistics.median(each.outcome.rate for each in rounds[name]))[:-1]
    return [name for name in rounds if name not in slower]


def _median(rounds: Sequence[Round], value: Callable[[Round], float], digits: int = 2) -> float:
    return round(statistics.median(map(value, rounds)), digits)
