"""Counts the requests of one file from landing to promoted, and of a tick that waits for an endpoint."""

import time

from bench.environment import ROUTE, Environment
from bench.errors import BenchError
from bench.proxy import Exchange
from bench.results import PromotionRequests
from landfall.sample_data.census import census_csv
from shared.pipeline import evaluation_message, landing
from shared.records.run import Run
from shared.records.run_states import RunState

MAX_PROMOTION_S = 120  # endpoints serve a new model at once or after a few seconds; nothing else delays a run
TICK_PAUSE_S = 0.3
# On its own held-back rows the second file's model is better by more than the gate's min_gain.
FILES = {"census/first.csv": (6000, 11), "census/second.csv": (1500, 5)}  # rows, seed


def promotion_requests(environment: Environment, title: str, name: str) -> PromotionRequests:
    """Land one of `FILES` and record its requests until it is promoted; endpoints must serve a new model at once.

    Raises:
        BenchError: the file was not promoted.
    """
    environment.upload(name, census_csv(*FILES[name]))
    recorded: list[tuple[str, Exchange]] = []
    with environment.recorder.recording() as landed:
        landing.land(environment.services, environment.services.routes.input, name)
    recorded += [("landing", exchange) for exchange in landed]
    run = only_active_run(environment)
    environment.wait_for_job(run)
    with environment.recorder.recording() as polled:
        messages = environment.ticker.tick(environment.services).messages
    recorded += [("tick", exchange) for exchange in polled]
    with environment.recorder.recording() as evaluated:
        for message in messages:
            evaluation_message.evaluate(environment.services, message.to_text())
    recorded += [("message", exchange) for exchange in evaluated]
    _check_promoted(environment.run_of(run.run_id))
    return PromotionRequests(title, recorded, environment.names)


def waiting_ticks(environment: Environment, name: str) -> dict[RunState, list[Exchange]]:
    """Land one of `FILES` where endpoints take seconds to serve a model; return a waiting tick of each endpoint.

    Raises:
        BenchError: the file was not promoted, or no tick had to wait.
    """
    environment.upload(name, census_csv(*FILES[name]))
    landing.land(environment.services, environment.services.routes.input, name)
    run = only_active_run(environment)
    environment.wait_for_job(run)
    for message in environment.ticker.tick(environment.services).messages:
        evaluation_message.evaluate(environment.services, message.to_text())
    waited: dict[RunState, list[Exchange]] = {}
    deadline = time.monotonic() + MAX_PROMOTION_S
    run = environment.run_of(run.run_id)
    while not run.terminal and time.monotonic() < deadline:
        with environment.recorder.recording() as ticked:
            environment.ticker.tick(environment.services)
        before, run = run, environment.run_of(run.run_id)
        if (run.state, run.consecutive_failures) == (before.state, before.consecutive_failures):
            # A tick right after a step leaves the run to the worker that took it, and sends fewer requests.
            waited[run.state] = max(waited.get(run.state, []), ticked, key=len)
        time.sleep(TICK_PAUSE_S)
    _check_promoted(run)
    missing = {RunState.STAGED, RunState.VERIFYING} - set(waited)
    if missing:
        raise BenchError(
            f"no tick waited in state {', '.join(sorted(missing))}: the endpoints served the new model too soon"
        )
    return waited


def only_active_run(environment: Environment) -> Run:
    """Return the only run without an outcome.

    Raises:
        BenchError: there are several, or none.
    """
    active = environment.services.runs.active(ROUTE)
    if len(active) != 1:
        raise BenchError(f"{len(active)} runs are active after one file landed; one should be")
    return active[0].run


def _check_promoted(run: Run) -> None:
    if run.state is not RunState.PROMOTED:
        raise BenchError(f"{run.blob} should be promoted and is {run.state}: {run.reason or 'no reason given'}")
