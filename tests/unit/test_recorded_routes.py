"""The routes under which runs are recorded: read once in a while, past routes included."""

from dataclasses import replace

from shared.recorded_routes import MAX_AGE_S, RecordedRoutes
from shared.records.run_identity import UNROUTED
from tests.contract.records import a_run
from tests.fakes.fake_clock import FakeClock
from tests.fakes.memory_runs import MemoryRunStore


def test_a_run_under_another_route_is_found() -> None:
    """Under a route that routes.toml no longer has too; not under the route asked about, nor as unrouted."""
    runs, clock = MemoryRunStore(), FakeClock()
    run = a_run(route="wine")
    runs.claim(run)
    runs.claim(replace(run, route=UNROUTED))
    routes = RecordedRoutes()

    elsewhere = routes.find_elsewhere(runs, clock, run.run_id, "census")
    assert elsewhere is not None
    assert elsewhere.run == run
    assert routes.find_elsewhere(runs, clock, run.run_id, "wine") is None
    assert routes.find_elsewhere(runs, clock, "0" * 32, "census") is None


def test_the_names_are_read_again_after_a_while() -> None:
    """A route that another release has begun to use meanwhile is seen after ten minutes at most."""
    runs, clock = MemoryRunStore(), FakeClock()
    routes = RecordedRoutes()
    run = a_run(route="wine")
    assert routes.find_elsewhere(runs, clock, run.run_id, "census") is None

    runs.claim(run)
    clock.advance(MAX_AGE_S)
    assert routes.find_elsewhere(runs, clock, run.run_id, "census") is None
    clock.advance(1)
    assert routes.find_elsewhere(runs, clock, run.run_id, "census") is not None
