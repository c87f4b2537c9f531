"""What the HTTP functions answer."""

import json
from dataclasses import replace
from typing import Any

import pytest

from shared.errors import ConfigError, UnavailableError
from shared.operators import http_queries
from shared.pipeline.polling import Ticker
from shared.records.batch import BatchRef
from shared.records.heartbeats import TickSource
from shared.records.run_identity import UNROUTED
from shared.records.run_states import RunState
from shared.services import Services
from tests.pipeline.world import FAULT, World

URL = "https://app/api/runs"
TIMERS = {"LANDFALL_POLL_SCHEDULE": "0 * * * * *", "LANDFALL_SWEEP_SCHEDULE": "0 */5 * * * *"}


def test_health_tells_what_is_wrong() -> None:
    """Well, misconfigured, or without storage: a status, and every problem."""
    world = World()
    Ticker().tick(world.services)
    assert http_queries.health(lambda: world.services, TIMERS) == (
        200,
        '{"state": "ok", "last_heartbeat": "2026-11-23T12:00:00.000Z", "last_http_heartbeat": null, "warnings": []}',
    )
    world.runs.faults.fail_next("heartbeats", UnavailableError(FAULT))
    status, body = http_queries.health(lambda: world.services, TIMERS)
    assert (status, json.loads(body)["state"]) == (503, "storage unavailable")

    def misconfigured() -> Services:
        raise ConfigError(["A_SETTING is not set", "another"])

    status, body = http_queries.health(misconfigured, TIMERS)
    assert (status, json.loads(body)["problems"]) == (503, ["A_SETTING is not set", "another"])
    assert json.loads(http_queries.runs(misconfigured, URL, {})[1])["problems"] == ["A_SETTING is not set", "another"]


def health(world: World, **timers: str) -> tuple[int, dict[str, Any]]:
    """Ask for the health; gives status and body."""
    status, body = http_queries.health(lambda: world.services, {**TIMERS, **timers})
    return status, json.loads(body)


def test_an_app_whose_timer_has_never_fired_starts_and_then_is_ill() -> None:
    """Just deployed it has a quarter of an hour, counted from the first question, which costs the only write."""
    world = World()
    status, body = health(world)
    assert (status, body["state"], body["last_heartbeat"]) == (200, "starting", None)
    world.clock.advance(900)
    assert health(world)[1]["state"] == "starting"
    world.clock.advance(1)
    status, body = health(world)
    assert (status, body["state"]) == (503, "poller silent")
    assert body["problems"][0].startswith("the timer poll_pending_jobs has not fired yet, and was awaited for 901 s: ")
    assert world.runs.faults.calls["await_heartbeat"] == 1

    Ticker().tick(world.services)
    assert health(world)[1]["state"] == "ok"
    world.clock.advance(901)
    assert "has been silent for 901 s" in health(world)[1]["problems"][0]


def test_the_wait_for_a_first_heartbeat_outlives_the_worker() -> None:
    """Another worker, and one that lost the race for the write, count from the same moment; a rare timer has more."""
    world = World()
    rare = {"LANDFALL_POLL_SCHEDULE": "0 */10 * * * *"}
    assert health(world)[1]["state"] == "starting"
    world.clock.advance(1000)
    world.runs.await_heartbeat(world.clock.now())
    assert health(world)[0] == 503
    assert health(world, **rare)[0] == 200
    world.clock.advance(801)
    assert health(world, **rare)[0] == 503


def test_ticks_over_http_never_hide_a_dead_timer() -> None:
    """They go on, every minute: the app is ill all the same, and the problem says when the last one was."""
    world, timer, clock = World(), Ticker(), Ticker(TickSource.HTTP)
    timer.tick(world.services)
    for _ in range(20):
        world.clock.advance(60)
        clock.tick(world.services)
    status, body = health(world)
    assert (status, body["state"]) == (503, "poller silent")
    assert body["last_heartbeat"] == "2026-11-23T12:00:00.000Z"
    assert body["last_http_heartbeat"] == "2026-11-23T12:16:00.000Z"  # at most every five minutes
    assert "silent for 1200 s; the last tick over HTTP was at 2026-11-23 12:16:00 UTC: " in body["problems"][0]
    assert world.runs.faults.calls["await_heartbeat"] == 0


def test_runs_are_listed_newest_first() -> None:
    """All of them, one route's, or one; a run that is not known is an empty list."""
    world = World()
    first = world.land("census/a.csv")
    world.clock.advance(1)
    world.land("elsewhere/b.csv")

    def ask(**query: str) -> list[str]:
        status, body = http_queries.runs(lambda: world.services, URL, query)
        assert status == 200
        return [run["blob"] for run in json.loads(body)["runs"]]

    assert ask() == ["elsewhere/b.csv", "census/a.csv"]
    assert ask(limit="1") == ["elsewhere/b.csv"]
    assert ask(route="census") == ["census/a.csv"]
    assert ask(run_id=first.run_id) == ["census/a.csv"]
    assert ask(run_id="0" * 32) == []
    assert ask(route="_unrouted") == ["elsewhere/b.csv"]
    assert ask(route="census", limit="1", code="KEY", clientId="default") == ["census/a.csv"]


def test_a_route_that_is_not_there_is_refused() -> None:
    """With those that are; one that is known and has no run is an empty list."""
    world = World()
    assert http_queries.runs(lambda: world.services, URL, {"route": "census"}) == (200, '{"runs": []}')
    status, body = http_queries.runs(lambda: world.services, URL, {"route": "nope"})
    assert (status, json.loads(body)["problems"]) == (400, ["there is no route 'nope'; there are: census"])


def test_all_that_is_wrong_with_a_query_is_said_at_once() -> None:
    """Unknown, repeated and empty parameters, and what has no effect beside another; no value of the host's."""
    url = f"{URL}?runid=1&limit=0&limit=5&route=&run_id=x&code=SECRET"
    query = {"runid": "1", "limit": "0,5", "route": "", "run_id": "x", "code": "SECRET"}
    status, body = http_queries.runs(lambda: World().services, url, query)
    assert status == 400
    assert json.loads(body)["problems"] == [
        "the query parameter 'runid' is unknown; allowed are run_id, route, limit",
        "the query parameter 'limit' is given 2 times: give it once",
        "route is empty",
        "limit must be a whole number from 1 to 1000, not '0,5'",
        "run_id asks for one run: leave out route and limit",
    ]
    assert "SECRET" not in body


def test_one_id_is_one_run() -> None:
    """Recorded as unrouted first, claimed under a route later: the answers tell the run under the route alone."""
    world = World()
    unrouted = world.land("elsewhere/b.csv")
    world.runs.claim(replace(unrouted, route="census", state=RunState.STARTED, deadline_at=world.clock.now()))

    for query in ({}, {"run_id": unrouted.run_id}, {"route": "census"}):
        status, body = http_queries.runs(lambda: world.services, URL, query)
        assert status == 200
        assert [(run["run_id"], run["state"]) for run in json.loads(body)["runs"]] == [(unrouted.run_id, "started")]
    assert json.loads(http_queries.runs(lambda: world.services, URL, {"route": UNROUTED})[1])["runs"] == []


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "x", "", "٣", "9" * 5000])
def test_a_wrong_limit_says_what_is_right(limit: str) -> None:
    """400 with the range."""
    status, body = http_queries.runs(lambda: World().services, URL, {"limit": limit})

    assert status == 400
    assert "from 1 to 1000" in body


def test_a_run_that_carries_a_batch_lists_its_files() -> None:
    """In lists and by id; by id a run also has the content of its problems file."""
    world = World()
    run = world.land()
    member = {"blob": run.blob, "etag": run.etag, "rows": None, "sha256": None, "run_id": run.run_id}
    world.blobs.write_text("training/batches/x.json", json.dumps({"kind": "batch", "members": [member]}))
    world.blobs.write_text("quarantine/p.json", '{"problems": [], "more": 0}')
    stored = world.runs.find(run.run_id)
    assert stored is not None
    batch = BatchRef("training/batches/x.json", 1, "", 1)
    world.runs.save(stored, run.evolve(world.clock.now(), batch=batch, problems="quarantine/p.json"))

    for query in ({}, {"run_id": run.run_id}):
        status, body = http_queries.runs(lambda: world.services, URL, query)
        (shown,) = json.loads(body)["runs"]
        assert status == 200
        assert shown["members"] == [{"blob": "census/a.csv", "etag": run.etag, "rows": None, "sha256": None}]
    assert shown["problem_file"] == {"problems": [], "more": 0}
