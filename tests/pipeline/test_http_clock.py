"""Ticks and sweeps over HTTP: the timers' work for at most a minute, with what is done and what is left."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import ConfigError, UnavailableError
from shared.pipeline import http_clock
from shared.pipeline.http_clock import Announce, Request
from shared.pipeline.polling import Ticker
from shared.pipeline.reconciling import RECONCILE_BUDGET_S
from shared.records.heartbeats import Heartbeats, TickSource
from shared.records.run_states import RunState
from shared.services import Services
from tests.pipeline.world import FAULT, World, example_routes

URL = "https://app/api/x"
QUERY = "the query parameter 'full' is unknown; no parameters are allowed here"
NULL = "the body's member 'full' must be true or false, not null"
CALL_LIMIT_S = 60  # what a caller is promised


class Caller:
    """Calls the two functions of one worker, and delivers its messages."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.services = world.services
        self.announced: list[str] = []
        self.announced_files: list[str] = []  # of the queue `intake`
        self.announce = Announce(self.announced.extend, self.announced_files.extend)
        self._ticker = Ticker(TickSource.HTTP)

    def tick(self, body: bytes = b"", url: str = URL) -> tuple[int, Any]:
        """Call `tick`; gives status and JSON."""
        request = Request(url, {}, body)
        return _read(http_clock.tick(lambda: self.services, self._ticker, request, self.announce))

    def sweep(self, body: bytes = b"", url: str = URL) -> tuple[int, Any]:
        """Call `sweep`; gives status and JSON."""
        return _read(http_clock.sweep(lambda: self.services, Request(url, {}, body), self.announced_files.extend))


def _read(answer: tuple[int, str]) -> tuple[int, Any]:
    return answer[0], json.loads(answer[1])


@pytest.fixture
def world() -> World:
    """Give a fresh world."""
    return World()


@pytest.fixture
def caller(world: World) -> Caller:
    """Give a caller of that world."""
    return Caller(world)


def test_with_dead_timers_an_outside_clock_does_everything(world: World, caller: Caller) -> None:
    """No event, no timer and no queue: sweeps and ticks over HTTP take a file from landing to promoted."""
    version = world.drop()
    assert caller.sweep() == (
        200,
        {
            "done": True,
            "files_checked": 1,
            "files_landed": 1,
            "files_left": 0,
            "endpoints_checked": 1,
            "endpoints_repaired": 0,
            "endpoints_left": 0,
        },
    )
    run = world.run()
    assert (run.blob, run.state) == (version.name, RunState.STARTED)
    world.finish(run)
    world.clock.advance(2)
    assert caller.tick() == (200, {"done": True, "active": 1, "due": 1, "left": 0, "trained": 1})
    assert [json.loads(message)["run_id"] for message in caller.announced] == [run.run_id]
    for _ in range(60):
        world.clock.advance(60)
        assert caller.tick()[0] == 200
    assert world.run().state is RunState.PROMOTED
    assert world.runs.heartbeats().timer is None
    assert world.runs.heartbeats().http is not None


def test_an_idle_tick_over_http_costs_what_a_timers_costs(world: World, caller: Caller) -> None:
    """One query a route, and a heartbeat of its own at most every five minutes."""
    for _ in range(200):
        caller.tick()
        world.clock.advance(2)
    assert world.runs.faults.calls == {"active": 200, "write_heartbeat": 2}
    assert world.runs.heartbeats() == Heartbeats(http=world.clock.now() - timedelta(seconds=100))


def test_a_tick_that_runs_out_of_time_says_how_many_are_left(world: World, caller: Caller) -> None:
    """202 within the minute, and repeated calls come to the end; each run is advanced once."""
    caller.services = replace(world.services, max_concurrency=1)
    runs = [world.land(f"census/{number}.csv") for number in range(20)]
    for run in runs:
        world.finish(run)
    for _ in range(20):
        world.training.faults.run_at_next("status", lambda: world.clock.advance(9), after=True)
    calls: list[tuple[int, Any]] = []
    while not calls or not calls[-1][1]["done"]:
        began_s = world.clock.elapsed_s()
        calls.append(caller.tick())
        assert world.clock.elapsed_s() - began_s <= CALL_LIMIT_S
        assert len(calls) < 20
    assert [status for status, _ in calls] == [202] * (len(calls) - 1) + [200]
    assert calls[0][1]["left"] == 20 - calls[0][1]["trained"] > 0
    assert sorted(json.loads(message)["run_id"] for message in caller.announced) == sorted(run.run_id for run in runs)


def test_old_jobs_that_a_call_did_not_come_to_are_left_until_a_call_polls_them(world: World, caller: Caller) -> None:
    """However rarely jobs of that age are polled: `done` never hides a job that no call has asked about."""
    caller.services = replace(world.services, max_concurrency=1)
    runs = [world.land(f"census/{number}.csv") for number in range(12)]
    world.clock.advance(6 * 3600)  # from now on each is polled every five minutes
    assert caller.tick()[1]["due"] == 12
    world.clock.advance(300)
    for run in runs:
        world.finish(run)
    for _ in range(12):
        world.training.faults.run_at_next("status", lambda: world.clock.advance(15), after=True)
    calls: list[tuple[int, Any]] = []
    while not calls or not calls[-1][1]["done"]:
        calls.append(caller.tick())
        assert len(calls) < 20
    assert [status for status, _ in calls] == [202] * (len(calls) - 1) + [200]
    assert sorted(json.loads(message)["run_id"] for message in caller.announced) == sorted(run.run_id for run in runs)


def test_old_jobs_of_a_route_that_could_not_be_read_are_polled_by_the_repeated_call(
    world: World, caller: Caller
) -> None:
    """The answer says to repeat the request: that is not in vain."""
    run = world.land()
    world.clock.advance(6 * 3600)
    caller.tick()
    world.clock.advance(300)
    world.finish(run)
    world.runs.faults.fail_next("active", UnavailableError(FAULT))
    assert caller.tick()[0] == 503
    world.clock.advance(2)
    assert caller.tick() == (200, {"done": True, "active": 1, "due": 1, "left": 0, "trained": 1})


def test_a_route_that_cannot_be_read_is_an_error_and_hides_no_message(world: World, caller: Caller) -> None:
    """503 with the route's name; the runs of the other routes went on."""
    routes = example_routes()
    several = {"broken": replace(world.route, name="broken"), "census": world.route}
    caller.services = replace(world.services, routes=replace(routes, routes=several))
    world.finish(world.land())
    world.clock.advance(2)
    world.runs.faults.fail_next("active", UnavailableError(FAULT))
    status, body = caller.tick()
    assert (status, body["done"], body["trained"]) == (503, False, 1)
    assert body["error"] == "the runs of broken could not be read: repeat the request"
    assert len(caller.announced) == 1


@pytest.mark.parametrize("function", ["tick", "sweep"])
def test_a_faulty_storage_and_wrong_settings_are_told(world: World, caller: Caller, function: str) -> None:
    """503 and 500, as for every other function; nothing is announced."""
    world.runs.faults.fail_next("write_heartbeat", UnavailableError(FAULT))
    world.blobs.faults.fail_next("versions", UnavailableError(FAULT))
    status, body = getattr(caller, function)()
    assert (status, "answered 503" in body["error"]) == (503, True)

    def misconfigured() -> Services:
        raise ConfigError(["A_SETTING is not set", "another"])

    request = Request(URL, {}, b"")
    for answer in (
        http_clock.tick(misconfigured, Ticker(TickSource.HTTP), request, caller.announce),
        http_clock.sweep(misconfigured, request, caller.announced_files.extend),
    ):
        assert _read(answer)[0] == 500
        assert _read(answer)[1]["problems"] == ["A_SETTING is not set", "another"]
    assert caller.announced == caller.announced_files == []


def slow_storage(world: World, seconds: float) -> None:
    """Let every look-up of a run take a while."""

    def take_time() -> None:
        world.clock.advance(seconds)
        world.runs.faults.run_at_next("get", take_time)

    world.runs.faults.run_at_next("get", take_time)


def test_a_sweep_of_many_files_comes_to_its_end_by_repeated_calls(world: World, caller: Caller) -> None:
    """Each call ends within the minute and goes on where the last one stopped; then a call begins anew."""
    for number in range(100):
        world.drop(f"census/{number:03}.csv", "")
    slow_storage(world, 1.0)
    calls: list[tuple[int, Any]] = []
    while not calls or not calls[-1][1]["done"]:
        began_s = world.clock.elapsed_s()
        calls.append(caller.sweep())
        assert world.clock.elapsed_s() - began_s <= CALL_LIMIT_S
        assert len(calls) < 10
    assert [status for status, _ in calls] == [202] * (len(calls) - 1) + [200]
    assert sum(body["files_landed"] for _, body in calls) == 100
    assert sum(body["files_checked"] for _, body in calls) < 200  # threads that overtook each other check some twice
    assert caller.sweep()[1]["files_left"] > 0


def test_a_full_sweep_begins_at_the_first_file(world: World, caller: Caller) -> None:
    """Wherever an earlier one stopped: a file before that place is landed at once."""
    for name in ("census/b.csv", "census/c.csv"):
        world.land(name, "")
    world.drop("census/a.csv", "")
    world.runs.save_position("files", "census/b.csv")
    assert caller.sweep()[1]["files_landed"] == 0
    world.runs.save_position("files", "census/b.csv")
    status, body = caller.sweep(b'{"full": true}')
    assert (status, body["files_checked"], body["files_landed"]) == (200, 3, 1)


def test_slow_files_leave_the_endpoints_their_time(world: World, caller: Caller) -> None:
    """However long the listing takes, an endpoint is checked, and a slow one is left for the next call."""
    several = {name: replace(world.route, name=name) for name in "abc"}
    routes = replace(example_routes(), routes=several)
    caller.services = replace(world.services, routes=routes, max_concurrency=1)
    world.blobs.faults.run_at_next("versions", lambda: world.clock.advance(50))
    world.endpoints.faults.run_at_next("get", lambda: world.clock.advance(RECONCILE_BUDGET_S))
    status, body = caller.sweep()
    assert (status, body["done"], body["endpoints_checked"], body["endpoints_left"]) == (202, False, 1, 2)
    assert caller.sweep()[1]["endpoints_checked"] == 2


@pytest.mark.parametrize(
    ("body", "url", "problem"),
    [
        (b"{", URL, "the body is not JSON"),
        (b"[]", URL, "the body must be a JSON object"),
        (b'{"full": "yes"}', URL, "the body's member 'full' must be true or false, not \"yes\""),
        (b'{"full": 1}', URL, "the body's member 'full' must be true or false, not 1"),
        (b'{"ful": true}', URL, "the body's member 'ful' is unknown; allowed are full"),
        (
            b'{"full": null, "a": 1}',
            f"{URL}?full=true",
            f"{QUERY}; the body's member 'a' is unknown; allowed are full; {NULL}",
        ),
    ],
)
def test_a_wrong_request_is_refused_with_everything_that_is_wrong(
    world: World, caller: Caller, body: bytes, url: str, problem: str
) -> None:
    """400, and nothing is swept."""
    world.drop()
    assert caller.sweep(body, url) == (400, {"error": problem})
    assert world.runs.list_runs() == []


def test_a_tick_takes_no_options(world: World, caller: Caller) -> None:
    """A body with one is refused, an empty object is not; nothing is ticked."""
    refusal = {"error": "the body's member 'full' is unknown; no members are allowed here"}
    assert caller.tick(b'{"full": true}') == (400, refusal)
    assert world.runs.faults.calls == {}
    assert caller.tick(b"{}")[0] == 200


documents = st.recursive(st.none() | st.booleans() | st.text(), st.lists) | st.dictionaries(st.text(), st.booleans())


@given(st.binary(max_size=40) | documents.map(json.dumps).map(str.encode))
def test_any_body_gets_an_answer(body: bytes) -> None:
    """Never an error that would be the host's answer."""
    caller = Caller(World())
    assert caller.sweep(body)[0] in {200, 400}
    assert caller.tick(body)[0] in {200, 400}
