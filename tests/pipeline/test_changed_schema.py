"""A schema is learnt, decided and accepted by whole runs: the worked example of docs/intake.md, and its failures."""

import json
import re
from typing import Any

import pytest

from shared.effects.route_schema import schema_in_force
from shared.errors import UnavailableError
from shared.intake.settings import BatchSettings, TrainingSetKind
from shared.intake.table_schema import TableSchema
from shared.operators import schema_acceptance
from shared.pipeline import landing
from shared.records.run import Run
from shared.records.run_states import RunState
from tests.pipeline.operator_calls import ask
from tests.pipeline.reading_world import read, world_with
from tests.pipeline.world import FAULT, ROOT, World

# The worked example of the page is what the tests run.
EXAMPLE = (
    (ROOT / "docs/intake.md").read_text(encoding="utf-8").partition("### A changed schema\n")[2].partition("\n### ")[0]
)
FIRST, CHANGED = re.findall(r"```csv\n(.*?)```", EXAMPLE, re.DOTALL)
OTHERWISE = "age,workclass,income\n77,Private,no\n28,Private,yes\n33,Private,unknown\n"


def in_force(world: World) -> tuple[int, TableSchema]:
    """Return the number of the schema in force, and the schema."""
    number, schema, _ = schema_in_force(world.services, world.route)
    assert schema is not None
    return number, schema


def schema_operation(world: World, **members: str) -> tuple[int, Any]:
    """Send the operation `schema` as the command does."""
    return ask(world, "schema", route="census", **members)


def test_changed_schema() -> None:
    """A class that the schema lacks lies in quarantine until a person accepts it: then its run is trained."""
    world = world_with()
    assert read(world, "census/november.csv", FIRST).state is RunState.STARTED
    number, schema = in_force(world)
    assert (number, schema.fields[2].constraints.enum) == (1, ("no", "yes"))

    run = read(world, "census/december.csv", CHANGED)
    alike = read(world, "census/january.csv", OTHERWISE)
    assert (run.state, alike.state) == (RunState.QUARANTINED, RunState.QUARANTINED)
    problems = json.loads(world.blobs.text(run.problems) or "")["problems"]
    assert [(problem["code"], problem["line"], problem["column"]) for problem in problems] == [
        ("constraint-error", 4, "income")
    ]

    status, preview = schema_operation(world, accept=run.run_id)
    assert status == 200
    assert preview["changes"] == ["enum of column 'income' is 'no', 'yes', 'unknown' instead of 'no', 'yes'."]
    assert all(f"\n  {sentence}\n" in EXAMPLE for sentence in (*preview["changes"], *preview["leads_to"]))
    assert [listed["run_id"] for listed in preview["alike"]] == [alike.run_id]
    assert in_force(world)[0] == 1

    status, answer = schema_operation(world, accept=run.run_id, by="Ada", reason="a third answer")
    assert (status, answer["version"], answer["accepted"]) == (200, 2, True)
    assert in_force(world)[0] == 2
    world.tick()
    world.read()
    again = world.run(run.run_id)
    assert (again.state, again.attempt) == (RunState.STARTED, 2)
    assert again.intake is not None
    assert again.intake.schema == 2
    assert again.training_set is not None or again.input_blob.endswith("/2/input.csv")
    origin = in_force(world)[1].origin
    assert origin is not None
    assert (origin.by, origin.reason, origin.run) == ("Ada", "a third answer", run.run_id)


def test_open_column_is_decided_in_one_reading() -> None:
    """Whole numbers leave the decimal sign open: a file that says nothing of it is read once, one that does twice."""
    world = world_with()
    read(world, "census/a.csv", FIRST)
    before = world.blobs.faults.calls["read_chunks"]
    read(world, "census/b.csv", FIRST.replace("39", "40"))
    assert world.blobs.faults.calls["read_chunks"] == before + 1
    assert in_force(world)[0] == 1

    read(world, "census/c.csv", FIRST.replace("39", "39.5"))
    assert world.blobs.faults.calls["read_chunks"] == before + 3
    number, schema = in_force(world)
    assert (number, schema.fields[0].decimal_char) == (2, ".")
    assert read(world, "census/d.csv", FIRST.replace("39", "1,5").replace(",", ";", 2)).state is RunState.QUARANTINED


def test_bad_file_decides_nothing() -> None:
    """A file that is refused neither teaches nor decides, whatever its cells say."""
    world = world_with()
    refused = read(world, "census/bad.csv", FIRST + "x,Private,yes\n")
    assert refused.state is RunState.QUARANTINED
    assert world.runs.route_state("census").state.schema == 0
    read(world, "census/a.csv", FIRST)
    read(world, "census/b.csv", FIRST.replace("39", "39.5") + "50,Private,perhaps\n")
    assert in_force(world)[0] == 1


def test_two_first_files() -> None:
    """While one file teaches, another one's schema comes into force: the first is read again, against that."""
    world = world_with()
    late = world.land("census/late.csv", CHANGED)

    def other_first() -> None:
        landing.land(world.services, "incoming", world.drop("census/early.csv", FIRST).name)
        world.read()

    world.blobs.faults.run_at_next("create_text", other_first)
    world.read()
    number, schema = in_force(world)
    assert (number, schema.fields[2].constraints.enum) == (1, ("no", "yes"))
    assert world.run(late.run_id).state is RunState.QUARANTINED


def test_crash_while_a_schema_comes_into_force() -> None:
    """A worker that dies between the version and the row loses nothing: the next one goes on with that version."""
    world = world_with()
    run = world.land("census/a.csv", FIRST)
    world.runs.faults.fail_next("save_route_state", UnavailableError(FAULT))
    world.read()
    assert world.run(run.run_id).state is RunState.LANDED
    for _ in range(40):
        world.tick(30)
        world.read()
    assert world.run(run.run_id).state is RunState.STARTED
    assert in_force(world)[0] == 1


def test_accumulated_set_says_its_members() -> None:
    """Of an accumulated set it says how many files were accepted before."""
    batch = BatchSettings(training_set=TrainingSetKind.ACCUMULATE, debounce_s=0)
    world = world_with(batch)
    read(world, "census/a.csv", FIRST)
    run = read(world, "census/b.csv", CHANGED)
    assert run.state is RunState.QUARANTINED
    status, answer = schema_operation(world, accept=run.run_id)
    assert status == 200
    assert "1 file accepted before (2 rows)" in answer["leads_to"][-1]


def carried_on(world: World, run: Run) -> Run:
    """Let time pass until a file's batch is sealed and its job runs, or it has its outcome."""
    for _ in range(8):
        world.tick(5)
        world.read()
    return world.run(run.run_id)


def older_in_quarantine(kind: TrainingSetKind) -> tuple[World, Run]:
    """Give a world with a quarantined file whose form could be accepted, and a promoted model of newer data."""
    files = 3 if kind is TrainingSetKind.WINDOW else None
    world = world_with(BatchSettings(training_set=kind, debounce_s=0, window_files=files))
    carried_on(world, read(world, "census/first.csv", FIRST))
    world.finish(world.run(), "first", 0.85)
    world.settle(world.run())
    refused = read(world, "census/refused.csv", FIRST.replace("39", "old"))
    world.clock.advance(60)
    newer = carried_on(world, read(world, "census/newer.csv", FIRST.replace("50", "52")))
    world.finish(newer, "newer", 0.9)
    assert world.settle(newer).state is RunState.PROMOTED
    assert world.run(refused.run_id).state is RunState.QUARANTINED
    return world, refused


@pytest.mark.parametrize("kind", [TrainingSetKind.FILE, TrainingSetKind.BATCH])
def test_an_acceptance_whose_run_cannot_be_tried_again_changes_nothing(kind: TrainingSetKind) -> None:
    """Newer data is in service: it is said beforehand, and no schema comes into force with the refusal."""
    world, refused = older_in_quarantine(kind)
    for members in ({}, {"by": "Ada", "reason": "ages in words"}):
        status, answer = schema_operation(world, accept=refused.run_id, **members)
        assert (status, "comes from newer data" in answer["error"]) == (409, True), answer
    assert in_force(world)[0] == 1
    assert world.run(refused.run_id) == refused


@pytest.mark.parametrize("kind", [TrainingSetKind.ACCUMULATE, TrainingSetKind.WINDOW])
def test_an_older_file_joins_a_growing_set_when_it_is_accepted(kind: TrainingSetKind) -> None:
    """The next set has it beside the newer files, so its model counts as newer than the one in service."""
    world, refused = older_in_quarantine(kind)
    answer = schema_operation(world, accept=refused.run_id, by="Ada", reason="ages in words")
    assert (answer[0], in_force(world)[0]) == (200, 2), answer
    run = carried_on(world, refused)
    assert run.state is RunState.STARTED, run.reason
    files = [FIRST, FIRST.replace("39", "old"), FIRST.replace("50", "52")]
    rows = [row for text in files for row in text.splitlines()[1:]]
    assert (world.blobs.text(run.input_blob) or "").splitlines()[1:] == rows
    world.finish(run, "all", 0.95)
    assert world.settle(run).state is RunState.PROMOTED


def test_a_file_too_large_for_a_request_is_refused_with_the_way_forward(monkeypatch: pytest.MonkeyPatch) -> None:
    """The platform would end the request after 230 s without an answer; a schema by hand does the same."""
    world = world_with()
    read(world, "census/a.csv", FIRST)
    run = read(world, "census/b.csv", CHANGED)
    monkeypatch.setattr(schema_acceptance, "MAX_BYTES", len(CHANGED))
    assert schema_operation(world, accept=run.run_id)[0] == 200
    monkeypatch.setattr(schema_acceptance, "MAX_BYTES", len(CHANGED) - 1)
    status, answer = schema_operation(world, accept=run.run_id)
    assert (status, "landfall schema census --from FILE" in answer["error"]) == (409, True), answer

    schema = schema_operation(world)[1]["schema"]
    schema["fields"][2]["constraints"]["enum"].append("unknown")
    given = schema_operation(world, **{"from": json.dumps(schema), "by": "Ada", "reason": "a third answer"})
    assert (given[0], in_force(world)[0]) == (200, 2), given
    assert ask(world, "retry", run=run.run_id, by="Ada")[0] == 200
    world.tick()
    world.read()
    assert world.run(run.run_id).state is RunState.STARTED


def test_what_no_schema_changes_is_refused_as_such() -> None:
    """A file of one class fits the schema as it is: its next attempt would end in quarantine again."""
    world = world_with()
    read(world, "census/a.csv", FIRST)
    run = read(world, "census/b.csv", FIRST.replace("yes", "no"))
    assert run.state is RunState.QUARANTINED
    status, answer = schema_operation(world, accept=run.run_id, by="Ada", reason="it is meant so")
    assert (status, "no schema changes what refuses the file" in answer["error"]) == (409, True), answer
    assert "'no'" in answer["error"]
    assert world.run(run.run_id) == run
