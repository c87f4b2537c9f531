"""The requests of one file from landing to promoted, and of each further tick in which it waits for an endpoint."""

import time

from bench.errors import BenchError
from bench.findings import Journey
from bench.proxy import Exchange
from bench.world import ROUTE, World
from landfall.demo.census import census_csv
from shared.pipeline import evaluation_message, landing
from shared.records.run import Run, RunState

ARRIVES_S = 120  # endpoints answer at once or after a few seconds, and nothing else is waited for
TICK_PAUSE_S = 0.3
# By their own held-back rows the second one's model is better by more than the gate's min_gain.
FILES = {"census/first.csv": (6000, 11), "census/second.csv": (1500, 5)}  # rows, seed


def journey(world: World, title: str, name: str) -> Journey:
    """Land one of `FILES` and count until it is promoted, in a world whose endpoints serve a new model at once.

    Raises:
        BenchError: it was not promoted.
    """
    world.upload(name, census_csv(*FILES[name]))
    made: list[tuple[str, Exchange]] = []
    with world.ledger.recording() as landed:
        landing.land(world.services, world.services.routes.input, name)
    made += [("landing", one) for one in landed]
    run = only_active_run(world)
    world.wait_for_job(run)
    with world.ledger.recording() as polled:
        messages = world.ticker.tick(world.services)
    made += [("tick", one) for one in polled]
    with world.ledger.recording() as evaluated:
        for message in messages:
            evaluation_message.evaluate(world.services, message.to_text())
    made += [("message", one) for one in evaluated]
    _check_promoted(world.run_of(run.run_id))
    return Journey(title, made, world.names)


def waiting_ticks(world: World, name: str) -> dict[RunState, list[Exchange]]:
    """Land one of `FILES` where endpoints take seconds to serve a model; gives one tick of waiting for each of them.

    Raises:
        BenchError: the file was not promoted, or waited for no tick.
    """
    world.upload(name, census_csv(*FILES[name]))
    landing.land(world.services, world.services.routes.input, name)
    run = only_active_run(world)
    world.wait_for_job(run)
    for message in world.ticker.tick(world.services):
        evaluation_message.evaluate(world.services, message.to_text())
    waited: dict[RunState, list[Exchange]] = {}
    deadline = time.monotonic() + ARRIVES_S
    run = world.run_of(run.run_id)
    while not run.terminal and time.monotonic() < deadline:
        with world.ledger.recording() as ticked:
            world.ticker.tick(world.services)
        before, run = run, world.run_of(run.run_id)
        if (run.state, run.tries) == (before.state, before.tries):
            # A tick right after a step leaves the run to the worker that took it, and asks for less.
            waited[run.state] = max(waited.get(run.state, []), ticked, key=len)
        time.sleep(TICK_PAUSE_S)
    _check_promoted(run)
    missing = {RunState.STAGED, RunState.VERIFYING} - set(waited)
    if missing:
        raise BenchError(f"no tick waited in {', '.join(sorted(missing))}: the endpoints answered too soon")
    return waited


def only_active_run(world: World) -> Run:
    """Return the one run that has no outcome yet.

    Raises:
        BenchError: there are more, or none.
    """
    active = world.services.runs.active(ROUTE)
    if len(active) != 1:
        raise BenchError(f"there are {len(active)} active runs where one was landed")
    return active[0].run


def _check_promoted(run: Run) -> None:
    if run.state is not RunState.PROMOTED:
        raise BenchError(f"{run.blob} should be promoted and is {run.state}: {run.reason or 'no reason given'}")
