"""Counts what a file of a burst takes, from landing to the job that trains on all of them."""

from dataclasses import replace

from bench import thresholds
from bench.environment import ROUTE, Environment
from bench.errors import BenchError
from bench.results import Row
from landfall.sample_data.census import census_csv
from shared.intake.settings import BatchSettings, IntakeSettings, TrainingSetKind
from shared.pipeline import intake_message, landing
from shared.records.run_states import RunState
from shared.services import Services

FILES = 50
ROWS_A_FILE = 100
PER_FILE = f"a burst of {FILES} files, for each member file"


def burst(environment: Environment) -> list[Row]:
    """Land a burst, read its files, and seal and join them; the route has no other run.

    Raises:
        BenchError: the burst did not end as one run that trains on all of its files.
    """
    services = _gathering(environment.services)
    names = [f"census/burst-{number}.csv" for number in range(FILES)]
    for number, name in enumerate(names):
        environment.upload(name, census_csv(ROWS_A_FILE, number))
    with environment.recorder.recording() as read:
        for name in names:
            landing.land(services, services.routes.input, name)
            _deliver(services)
    with environment.recorder.recording() as assembled:
        environment.ticker.tick(services)
        _deliver(services)
    _check(services)
    total = (len(read) + len(assembled)) / FILES
    goal, limit = thresholds.MEMBER_REQUESTS, thresholds.MAX_MEMBER_REQUESTS
    return [
        Row(PER_FILE, round(total, 2), "requests", goal, limit),
        Row(f"{PER_FILE}: landing and reading it", round(len(read) / FILES, 2)),
        Row(f"{PER_FILE}: sealing, joining, and starting the job", round(len(assembled) / FILES, 2)),
    ]


def _gathering(services: Services) -> Services:
    """Return the services of an app whose route joins the files of a burst, which is complete with its last file."""
    routes = services.routes
    route = replace(
        routes.routes[ROUTE],
        intake=IntakeSettings(label="income"),
        batch=BatchSettings(training_set=TrainingSetKind.BATCH, max_files=FILES),
    )
    return replace(services.acting_as("bench"), routes=replace(routes, routes={ROUTE: route}))


def _deliver(services: Services) -> None:
    """Deliver the messages that announce runs, as the queue does."""
    while services.announced:
        intake_message.read_and_assemble(services, services.announced.pop(0).to_text())


def _check(services: Services) -> None:
    active = services.runs.active(ROUTE)
    run = active[0].run if len(active) == 1 else None
    rows = run.training_set.rows if run is not None and run.training_set is not None else 0
    if run is None or run.state is not RunState.STARTED or rows != FILES * ROWS_A_FILE:
        states = ", ".join(sorted({f"{each.run.state} ({each.run.reason or 'no reason'})" for each in active}))
        raise BenchError(f"a burst of {FILES} files gave {len(active)} active runs, and a set of {rows} rows: {states}")
