"""The audit: it passes while every file has its outcome or waits, and names each violation's invariant and run."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from landfall.commands.audit import GRACE_S, Audit, Rows, audit, check_chains
from shared.ports.training_service import JobState
from shared.records.batch import BatchRef
from shared.records.decision import Verdict
from shared.records.endpoint_record import SWEEP, Champion, EndpointRecord, Frozen, Intent
from shared.records.run import Run
from shared.records.run_identity import settling_run_id
from shared.records.run_states import RunState
from shared.records.run_steps import WaitingStep
from shared.records.times import iso
from tests.contract.records import a_decision
from tests.pipeline.world import World, example_routes

LATER = timedelta(seconds=GRACE_S + 1)


def look(world: World, now: datetime | None = None, **rows: Any) -> Audit:
    """Audit a world, with some of its rows replaced."""
    runs = [stored.run for stored in world.runs.list_runs(limit=1000)]
    stored_rows = Rows(
        runs=rows.get("runs", runs),
        active=rows.get("active", {"census": frozenset(stored.run.run_id for stored in world.runs.active("census"))}),
        endpoints=rows.get("endpoints", {"census": world.endpoints.get("census", "production").record}),
        parts=rows.get("parts", {}),
        members=rows.get("members", {}),
    )
    return audit(world.routes, list(world.blobs.versions("incoming")), stored_rows, now or world.clock.now())


@pytest.fixture
def world() -> World:
    """Give a world with a promoted, a rejected, an unrouted and a running file."""
    world = World()
    world.settle(world.train("better", 0.9, "census/a.csv"))
    world.train("worse", 0.85, "census/b.csv")
    world.land("elsewhere/c.csv")
    world.land("census/d.csv")
    return world


def run_of(world: World, blob: str) -> Run:
    """Return the run of a file."""
    return next(stored.run for stored in world.runs.list_runs() if stored.run.blob == blob)


def test_a_correct_system_is_reported_file_by_file(world: World) -> None:
    """Each version has its state; an unfinished run waits; no invariant is violated."""
    result = look(world)

    assert {file["blob"]: file["state"] for file in result.files} == {
        "census/a.csv": "promoted",
        "census/b.csv": "rejected",
        "census/d.csv": "started",
        "elsewhere/c.csv": "unrouted",
    }
    assert [entry["blob"] for entry in result.waiting] == ["census/d.csv"]
    assert result.to_json()["ok"] is True
    assert result.broken == []


def test_a_version_has_its_run_whatever_its_route_is_called_now(world: World) -> None:
    """After a change of the routes its outcome still counts; an unrouted version with a route now is yet to land."""
    world.routes = example_routes(("census/*.csv", "people/*.csv"))
    assert {file["blob"]: file["state"] for file in look(world, world.clock.now() + LATER).files} == {
        "census/a.csv": "promoted",
        "census/b.csv": "rejected",
        "census/d.csv": "started",
        "elsewhere/c.csv": "unrouted",
    }

    world.routes = example_routes(("census/*.csv", "elsewhere/*.csv"))
    (broken,) = [entry for entry in look(world, world.clock.now() + LATER).broken if entry["run_id"] is None]
    assert broken["invariant"] == "I1"
    assert "elsewhere/c.csv" in broken["what"]


def test_a_file_waits_since_its_landing(world: World) -> None:
    """Later writes of its run do not change that time."""
    landed = run_of(world, "census/d.csv")
    world.tick(60)
    world.training.say(landed.job_id, JobState.UNKNOWN, "Napping")
    world.tick(60)

    assert run_of(world, "census/d.csv").updated_at > landed.landed_at
    assert [entry["since"] for entry in look(world).waiting] == [iso(landed.landed_at)]


def test_a_file_without_a_run_waits_and_is_then_forgotten(world: World) -> None:
    """A new file waits; a file without a run after minutes is a violation."""
    version = world.drop("census/new.csv")

    assert look(world).ok
    assert [entry["state"] for entry in look(world).waiting if entry["blob"] == "census/new.csv"] == [None]
    result = look(world, world.clock.now() + LATER)
    assert [entry["invariant"] for entry in result.broken] == ["I1"]
    assert version.etag in result.broken[0]["what"]


def test_a_file_that_settles_waits_and_its_marker_is_no_file(world: World) -> None:
    """While it grows one run stands for every version; a marker needs no run, however old it is."""
    version = world.drop("census/growing.csv")
    settling = replace(
        run_of(world, "census/d.csv"),
        run_id=settling_run_id(version.container, version.name),
        blob=version.name,
        state=RunState.WAITING,
        step=WaitingStep.SETTLE,
        job_id="",
        deadline_at=None,
    )
    runs = [*(stored.run for stored in world.runs.list_runs()), settling]
    active = {"census": frozenset(run.run_id for run in runs if not run.terminal)}

    def later() -> Audit:
        return look(world, world.clock.now() + LATER, runs=runs, active=active)

    (file,) = [file for file in later().files if file["blob"] == version.name]
    assert (file["run_id"], file["state"]) == (settling.run_id, "waiting")
    assert later().broken == []

    world.drop("census/growing.csv.done")
    assert [entry["invariant"] for entry in later().broken] == ["I1"]
    intake = '[routes.census.intake]\nmarker = ".done"\n'
    world.routes = example_routes(("[routes.census.training]", f"{intake}[routes.census.training]"))
    assert later().broken == []


def test_a_member_of_a_batch_has_the_run_that_trains_it(world: World) -> None:
    """A run that is batched names a run that exists and carries a batch; else its file was trained nowhere."""
    carrier = run_of(world, "census/a.csv")
    member = replace(run_of(world, "census/b.csv"), state=RunState.BATCHED, batch_run_id=carrier.run_id)
    batch = BatchRef("training/batches/x.json", 2, "", 1)

    def broken(*runs: Run) -> list[str]:
        by_id = {stored.run.run_id: stored.run for stored in world.runs.list_runs()}
        by_id.update({run.run_id: run for run in runs})
        return [entry["what"] for entry in look(world, runs=list(by_id.values())).broken]

    assert broken(member, replace(carrier, batch=batch)) == []
    assert broken(member) == [f"the run is batched with run {carrier.run_id}, which carries no batch"]
    assert broken(replace(member, batch_run_id="")) == ["the run is batched with run -, which is none"]


def test_a_member_is_in_the_batch_that_it_names(world: World) -> None:
    """The member list decides; a list that retention deleted decides nothing."""
    batch = BatchRef("training/batches/x.json", 2, "", 1)
    carrier = replace(run_of(world, "census/a.csv"), batch=batch)
    member = replace(run_of(world, "census/b.csv"), state=RunState.BATCHED, batch_run_id=carrier.run_id)

    def broken(members: dict[str, frozenset[str]], *runs: Run) -> list[tuple[str, str]]:
        result = look(world, runs=runs or [carrier, member], members=members)
        return [(entry["run_id"], entry["what"]) for entry in result.broken if "batch" in entry["what"]]

    assert broken({}) == []
    assert broken({carrier.run_id: frozenset({carrier.run_id, member.run_id})}) == []
    ((run_id, what),) = broken({carrier.run_id: frozenset({carrier.run_id})})
    assert (run_id, what) == (
        member.run_id,
        f"the run is batched with run {carrier.run_id}, whose member list does not name it",
    )
    ((run_id, what),) = broken({carrier.run_id: frozenset({member.run_id})})
    assert (run_id, what) == (carrier.run_id, "the run carries a batch whose member list does not name it")
    twice = replace(member, batch=batch)
    ((run_id, what),) = broken({}, carrier, twice)
    assert (run_id, what) == (member.run_id, f"the run carries a batch, and is in that of run {carrier.run_id} too")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"state": RunState.QUARANTINED}, "in quarantine, and in training sets too"),
        ({"forgotten": "dan: a request"}, "forgotten, and is in training sets still"),
    ],
)
def test_a_bad_or_forgotten_file_is_in_no_set(world: World, changes: dict[str, Any], says: str) -> None:
    """The part of a file that is quarantined or forgotten would be trained on with the next set."""
    run = replace(run_of(world, "census/b.csv"), **changes)
    runs = [*(stored.run for stored in world.runs.list_runs() if stored.run.run_id != run.run_id), run]

    assert look(world, runs=runs, parts={"census": frozenset()}).ok
    (broken,) = look(world, runs=runs, parts={"census": frozenset({run.run_id})}).broken
    assert (broken["invariant"], broken["run_id"]) == ("intake", run.run_id)
    assert says in broken["what"]


@pytest.mark.parametrize(
    ("blob", "changes", "invariant", "says"),
    [
        ("census/a.csv", {"decision": None}, "I3", "without a decision record"),
        ("census/a.csv", {"decision": a_decision(verdict=Verdict.REJECT)}, "I3", "without a decision record"),
        ("census/b.csv", {"state": RunState.TRAINED}, "I1", "no tick sees it"),
        ("census/d.csv", {"state": RunState.FAILED}, "I1", "still among the active ones"),
        ("census/d.csv", {"route": "gone"}, "I1", "no route gone any more"),
        ("census/b.csv", {"job_id": "job-1"}, "I2", "job job-1 is also that of run"),
        ("census/b.csv", {"state": RunState.PROMOTED, "generation": "9999"}, "I4", "older than this promotion"),
    ],
)
def test_breaches_in_the_runs(world: World, blob: str, changes: dict[str, Any], invariant: str, says: str) -> None:
    """Each violation names its invariant and its run."""
    runs = [
        replace(stored.run, **changes) if stored.run.blob == blob else stored.run for stored in world.runs.list_runs()
    ]
    broken = look(world, runs=runs).broken

    assert any(entry["invariant"] == invariant and says in entry["what"] and entry["run_id"] for entry in broken), (
        broken
    )


def test_a_run_long_past_its_deadline_is_a_breach(world: World) -> None:
    """A tick would have ended the run."""
    deadline = run_of(world, "census/d.csv").deadline_at
    assert deadline is not None

    assert look(world, deadline).ok
    assert "past its deadline" in look(world, deadline + LATER).broken[0]["what"]


def test_an_open_promotion_without_a_run_is_a_violation(world: World) -> None:
    """An intent whose run has ended or is unknown is a violation; an intent whose run goes on is none."""
    record = world.endpoints.get("census", "production").record

    def with_intent(run_id: str) -> Audit:
        intent = Intent(run_id=run_id, generation="1", token=1, from_model="a", to_model="b")
        return look(world, endpoints={"census": replace(record, intent=intent)})

    assert [entry["invariant"] for entry in with_intent(run_of(world, "census/b.csv").run_id).broken] == ["I5"]
    assert "unknown" in with_intent("0" * 32).broken[0]["what"]
    assert with_intent(run_of(world, "census/d.csv").run_id).ok


def test_an_endpoint_with_an_unknown_model_is_a_violation(world: World) -> None:
    """An endpoint that the sweep froze is a violation; one that a person froze is none."""
    record = world.endpoints.get("census", "production").record
    by_hand = Frozen(by="bob", reason="release day", at=world.clock.now())
    assert look(world, endpoints={"census": replace(record, frozen=by_hand)}).ok

    frozen = by_hand._replace(by=SWEEP, reason="it was given elsewhere/x, and no earlier run explains that")
    (broken,) = look(world, endpoints={"census": replace(record, frozen=frozen)}).broken
    assert (broken["invariant"], "elsewhere/x" in broken["what"]) == ("I5", True)


def test_an_endpoint_that_lost_its_champion_is_a_breach(world: World) -> None:
    """A run was promoted, but the endpoint's row has no champion or an older one."""
    record = world.endpoints.get("census", "production").record
    champion = record.champion
    assert isinstance(champion, Champion)
    empty = EndpointRecord(route="census", name="production")
    older = replace(record, champion=champion._replace(generation="0000"))

    for wrong in (empty, older):
        assert [entry["invariant"] for entry in look(world, endpoints={"census": wrong}).broken] == ["I4"]


def test_a_history_that_was_tampered_with_is_a_breach(world: World) -> None:
    """A missing entry and an edited one are reported with their run."""
    runs = [stored.run for stored in world.runs.list_runs()]
    histories = [(run, world.runs.history(run.route, run.run_id)) for run in runs]
    result = Audit()
    check_chains(result, histories)
    assert result.ok

    run, entries = next(history for history in histories if len(history[1]) > 1)
    check_chains(result, [(run, entries[1:]), (run, [*entries[:-1], entries[-1]._replace(reason="never")])])
    assert {(entry["invariant"], entry["run_id"]) for entry in result.broken} == {("chain", run.run_id)}
    assert "removed" in result.broken[0]["what"]
    assert "edited" in result.broken[1]["what"]
