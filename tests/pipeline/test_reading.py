"""A file is read before a job is paid for: it is accepted and leaves a part, or refused and lies in quarantine."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from shared.errors import UnavailableError
from shared.intake.settings import BatchSettings, ExtraColumns, SchemaSource, TrainingSetKind
from shared.lifecycle.intake_states import READING_LEASE_S
from shared.pipeline import landing
from shared.records.part import Part
from shared.records.run import Run
from shared.records.run_states import RunState
from shared.records.run_steps import WaitingStep
from tests.pipeline import reading_world
from tests.pipeline.operator_calls import ask
from tests.pipeline.reading_world import world_with
from tests.pipeline.world import FAULT, World

GOOD = "age,workclass,income\n39,State-gov,no\n50,Private,yes\n38,Private,no\n"
BAD = "age,workclass,income\n39,State-gov,no\nfifty,Private\n"


def read(world: World, text: str = GOOD, name: str = "census/a.csv") -> Run:
    """Land a file, a good one by default, and deliver its messages; returns its run."""
    return reading_world.read(world, name, text)


def part_of(world: World, run: Run) -> Part:
    """Return the part of a run."""
    part = world.runs.part(run)
    assert part is not None
    return part


def problems_of(world: World, run: Run) -> list[Any]:
    """Return what problems.json of a run lists."""
    text = world.blobs.text(run.problems)
    assert text is not None
    problems: list[Any] = json.loads(text)["problems"]
    return problems


def test_a_good_file_is_trained_on_its_clean_rows() -> None:
    """The job reads header and part; the run says what was read, and the schema that it taught is in force."""
    world = world_with()
    run = read(world, "\ufeff" + GOOD.replace("\n", "\r\n"))

    assert run.state is RunState.STARTED
    assert run.input_blob == f"training/{run.run_id}/1/input.csv"
    assert world.blobs.text(run.input_blob) == GOOD
    assert run.intake is not None
    assert (run.intake.rows, run.intake.schema, run.intake.encoding) == (3, 1, "utf-8")
    part = part_of(world, run)
    assert part.path == f"training/parts/census/{run.run_id}/1-1-none.csv"
    assert world.blobs.text(part.path) == GOOD.partition("\n")[2]
    assert (part.labels, part.original, part.schema) == ({"no": 2, "yes": 1}, run.original_blob, 1)
    assert world.runs.route_state("census").state.schema == 1
    world.finish(run)
    assert world.settle(run).state is RunState.PROMOTED


def test_a_bad_file_lies_in_quarantine_with_its_problems() -> None:
    """Before any job: the run names the places, its copy lies beside problems.json, and it taught nothing."""
    world = world_with()
    run = read(world, BAD)

    assert run.state is RunState.QUARANTINED
    assert "Line 3" in run.reason
    folder = f"quarantine/census/{run.run_id}"
    assert world.blobs.text(f"{folder}/census/a.csv") == BAD
    assert world.blobs.text("incoming/census/a.csv") == BAD
    assert run.problems == f"{folder}/problems.json"
    codes = {problem["code"] for problem in problems_of(world, run)}
    assert "missing-cell" in codes
    assert world.runs.part(run) is None
    assert world.runs.route_state("census").state.schema == 0
    assert world.training.jobs == {}
    assert world.runs.active("census") == []


def test_a_file_that_is_called_as_the_list_of_its_problems_keeps_its_bytes() -> None:
    """Both lie in one folder of quarantine; a retry reads the copy."""
    world = world_with()
    route = replace(world.route, files="*")
    world.services = replace(world.services, routes=replace(world.routes, routes={"census": route}))
    run = read(world, BAD, "problems.json")

    assert run.state is RunState.QUARANTINED
    assert world.blobs.text(f"quarantine/census/{run.run_id}/original-problems.json") == BAD
    assert "missing-cell" in {problem["code"] for problem in problems_of(world, run)}


def test_a_hundred_problems_are_listed_wherever_they_come_from() -> None:
    """Each undecided column of a first file is a warning; the others are counted."""
    columns = ("age", "workclass", "income", *(f"day{number}" for number in range(120)))
    days = ",01/02/2024" * 120
    world = world_with(extra_columns=ExtraColumns.KEEP)
    run = read(world, f"{','.join(columns)}\n39,State-gov,no{days}\n50,Private,yes{days}\n")

    text = world.blobs.text(run.problems)
    assert text is not None
    assert (len(json.loads(text)["problems"]), json.loads(text)["more"]) == (100, 20)


def test_a_refused_file_says_which_schema_it_does_not_fit() -> None:
    """The one in force; a file that would have taught the first one was checked against none."""
    world = world_with()
    schemas = []
    for name, text in (("census/a.csv", BAD), ("census/b.csv", GOOD), ("census/c.csv", BAD)):
        intake = read(world, text, name).intake
        assert intake is not None
        schemas.append(intake.schema)

    assert schemas == [None, 1, 1]


def test_an_empty_file_is_refused_as_any_other() -> None:
    """Its zero bytes are a problem in problems.json."""
    world = world_with()
    run = read(world, "")

    assert run.state is RunState.QUARANTINED
    assert [problem["code"] for problem in problems_of(world, run)] == ["few-rows"]


@pytest.mark.parametrize(
    ("text", "intake", "code"),
    [
        ("age,workclass,income\n39,x,no\n40,y,no\n", {}, "one-class"),
        (GOOD, {"min_rows": 4}, "few-rows"),
        ("age,workclass,income\n39,,no\n40,,yes\n41,c,no\n", {"max_missing": 0.5}, "mostly-missing"),
    ],
)
def test_a_file_that_is_a_set_by_itself_is_checked_as_a_set(text: str, intake: dict[str, Any], code: str) -> None:
    """Without a batch the checks of the set are the file's: it is refused, and teaches nothing."""
    world = world_with(**intake)
    run = read(world, text)

    assert run.state is RunState.QUARANTINED
    assert [problem["code"] for problem in problems_of(world, run)] == [code]
    assert world.runs.route_state("census").state.schema == 0


def test_a_day_with_one_class_is_no_bad_file() -> None:
    """Where files are joined, the set waits for the other class."""
    world = world_with(BatchSettings(training_set=TrainingSetKind.ACCUMULATE))
    run = read(world, "age,workclass,income\n39,x,no\n")

    assert (run.state, run.step, run.deadline_at) == (RunState.WAITING, WaitingStep.BATCH, None)
    assert part_of(world, run).rows == 1


def test_a_class_of_the_champion_that_is_absent_is_refused_by_name() -> None:
    """Unless the route says that classes may change."""
    for may_change in (False, True):
        world = world_with()
        route = replace(world.route, classes_may_change=may_change)
        world.services = replace(world.services, routes=replace(world.routes, routes={"census": route}))
        world.routes = world.services.routes
        first = read(world, GOOD + "41,Private,maybe\n")
        world.finish(first)
        assert world.settle(first).state is RunState.PROMOTED
        run = read(world, GOOD, "census/b.csv")
        if may_change:
            assert run.state is RunState.STARTED
        else:
            assert [problem["code"] for problem in problems_of(world, run)] == ["lost-class"]
            assert "'maybe'" in run.reason


@pytest.mark.parametrize("metric", ["Root Mean Squared Error", "our own"])
def test_a_number_to_be_predicted_is_no_class(metric: str) -> None:
    """By the task, or by the schema: nothing is kept that a later file could lack, and one number alone is no class."""
    world = world_with()
    gate = world.route.policy.gates[0]._replace(metric=metric)
    route = replace(world.route, policy=world.route.policy._replace(gates=(gate,)))
    world.services = replace(world.services, routes=replace(world.routes, routes={"census": route}))
    world.routes = world.services.routes
    first = read(world, "age,workclass,income\n39,State-gov,10.5\n50,Private,20\n51,Private,30\n")
    run = read(world, "age,workclass,income\n39,State-gov,11\n50,Private,11\n", "census/b.csv")
    assert (first.state, run.state) == (RunState.STARTED, RunState.STARTED), run.reason
    assert part_of(world, first).labels == {}


def test_a_corrected_file_is_simply_dropped_again() -> None:
    """It is a version of its own, with a run of its own."""
    world = world_with()
    bad = read(world, BAD)
    world.clock.advance(5)
    good = read(world, GOOD)

    assert (world.run(bad.run_id).state, good.state) == (RunState.QUARANTINED, RunState.STARTED)


def test_a_file_that_is_overwritten_while_it_is_read_is_read_to_its_end() -> None:
    """What was pinned is read; the successor has its own run."""
    world = world_with()
    run = world.land(text=GOOD)
    world.clock.advance(1)
    version = world.drop(text=BAD)
    world.read()
    landing.land_version(world.services, version)
    world.read()

    assert world.run(run.run_id).state is RunState.STARTED
    assert {stored.run.state for stored in world.runs.list_runs()} == {RunState.STARTED, RunState.QUARANTINED}


def test_a_file_deleted_before_it_is_pinned_is_superseded_and_after_it_is_read() -> None:
    """The pinned original is enough; without it and without the file there is nothing to read."""
    world = world_with()
    run = world.land(text=GOOD)
    world.blobs.remove("incoming", "census/a.csv")
    world.read()
    assert world.run(run.run_id).state is RunState.STARTED

    world = world_with()
    run = world.land(text=GOOD)
    world.blobs.remove(*run.original_blob.split("/", 1))
    world.blobs.remove("incoming", "census/a.csv")
    world.read()
    assert world.run(run.run_id).state is RunState.SUPERSEDED


def test_a_lost_original_is_pinned_again() -> None:
    """As long as the claimed version is there."""
    world = world_with()
    run = world.land(text=GOOD)
    world.blobs.remove(*run.original_blob.split("/", 1))
    world.read()

    assert world.run(run.run_id).state is RunState.STARTED


def test_an_archived_file_waits_with_advice_and_goes_on_when_it_is_rehydrated() -> None:
    """It is pinned, announced and read then."""
    world = world_with()
    world.drop(text=GOOD)
    world.blobs.archive("incoming", "census/a.csv")
    landing.land(world.services, "incoming", "census/a.csv")
    run = world.run()
    assert (run.state, run.step) == (RunState.WAITING, WaitingStep.ARCHIVED)
    assert "set its tier to Hot" in run.reason

    world.blobs.archive("incoming", "census/a.csv", archived=False)
    world.tick()
    world.read()
    assert world.run(run.run_id).state is RunState.STARTED


@pytest.mark.parametrize("call", ["version", "read_text", "read_chunks", "writer", "join", "create_text"])
def test_storage_that_fails_is_no_verdict(call: str) -> None:
    """Whatever call fails while a file is read or its set assembled: the run goes on, with the same result."""
    world = world_with()
    run = world.land(text=GOOD)
    world.blobs.faults.fail_next(call, UnavailableError(FAULT))
    world.read()
    assert world.run(run.run_id).state is RunState.LANDED
    for _ in range(20):
        world.tick(10)
        world.read()

    assert world.run(run.run_id).state is RunState.STARTED
    assert len(world.training.jobs) == 1
    assert world.blobs.text(f"training/{run.run_id}/1/input.csv") == GOOD


@pytest.mark.parametrize("call", ["write_text", "copy"])
def test_storage_that_fails_while_a_file_is_quarantined_is_no_verdict(call: str) -> None:
    """The file lies in quarantine with its problems before its run says so."""
    world = world_with()
    run = world.land(text=BAD)
    world.blobs.faults.fail_next(call, UnavailableError(FAULT))
    world.read()
    assert world.run(run.run_id).state is RunState.LANDED
    for _ in range(20):
        world.tick(10)
        world.read()

    assert world.run(run.run_id).state is RunState.QUARANTINED
    assert world.blobs.text(f"quarantine/census/{run.run_id}/census/a.csv") == BAD


def test_a_worker_that_lost_its_run_accepts_nothing() -> None:
    """Run and part are written together, on condition of what was read: the second worker's verdict stands alone."""
    world = world_with()
    run = world.land(text=GOOD)
    (message,) = world.services.announced

    def another_worker(then: Callable[[], None] = lambda: None) -> None:
        world.clock.advance(READING_LEASE_S)
        world.services.announced.append(message)
        world.read()
        then()

    world.runs.faults.run_at_next("accept", another_worker)
    world.read()

    assert world.run(run.run_id).state is RunState.STARTED
    assert len(world.training.jobs) == 1
    assert [entry.revision for entry in world.runs.history("census", run.run_id)] == list(
        range(world.run(run.run_id).revision + 1)
    )


def test_a_quarantined_file_is_tried_again_from_its_copy() -> None:
    """`landfall retry` reads what lies in quarantine, also when the original and its pinned copy are gone."""
    world = world_with(min_rows=4)
    run = read(world)
    assert run.state is RunState.QUARANTINED
    patient = world_with()
    services = replace(world.services, routes=patient.routes)
    world.services, world.routes = services, patient.routes
    world.blobs.remove("incoming", "census/a.csv")
    world.blobs.remove(*run.original_blob.split("/", 1))
    status, body = ask(world, "retry", run=run.run_id, by="alice")
    assert (status, body["run"]["state"], body["run"]["attempt"]) == (200, "landed", 2)
    world.tick()
    world.read()

    again = world.run(run.run_id)
    assert (again.state, again.original_blob) == (RunState.STARTED, f"training/{run.run_id}/2/original.csv")
    assert again.problems == ""
    assert world.blobs.text(again.input_blob) == GOOD


def test_an_old_file_of_a_growing_set_is_tried_again_from_beside_its_part() -> None:
    """Its folder is gone by age and its original deleted: the copy that the sets need serves a retry as well."""
    world = world_with(BatchSettings(training_set=TrainingSetKind.ACCUMULATE, debounce_s=0))
    run = read(world)
    world.tick(60)
    world.read()
    world.training.fail(world.run(run.run_id).job_id, "no capacity")
    world.tick()
    assert world.run(run.run_id).state is RunState.FAILED
    world.blobs.remove("incoming", "census/a.csv")
    world.blobs.remove(*run.original_blob.split("/", 1))
    status, body = ask(world, "retry", run=run.run_id, by="alice")
    assert (status, body.get("problems")) == (200, None)
    world.tick()
    world.read()
    world.tick(60)
    world.read()

    again = world.run(run.run_id)
    assert (again.state, again.attempt) == (RunState.STARTED, 2)
    assert world.blobs.text(again.input_blob) == GOOD


def test_an_accepted_file_that_is_refused_later_is_in_no_set() -> None:
    """Its part goes with the transaction that quarantines it: no version is in a set and in quarantine at once."""
    world = world_with(BatchSettings(training_set=TrainingSetKind.ACCUMULATE))
    run = read(world)
    assert world.runs.part(run) is not None
    stored = world.runs.get("census", run.run_id)
    assert stored is not None
    world.services.save_run(stored, run.transitioned(world.clock.now(), RunState.CANCELLED))
    strict = world_with(BatchSettings(training_set=TrainingSetKind.ACCUMULATE), max_bytes=5)
    world.services, world.routes = replace(world.services, routes=strict.routes), strict.routes
    ask(world, "retry", run=run.run_id, by="alice")
    world.tick()
    world.read()

    assert world.run(run.run_id).state is RunState.QUARANTINED
    assert world.runs.part(run) is None


def test_a_failed_run_is_read_again_with_the_schema_in_force() -> None:
    """Its next attempt has an original, a part and an input of its own."""
    world = world_with()
    run = read(world)
    world.training.fail(run.job_id, "no")
    world.tick()
    ask(world, "retry", run=run.run_id, by="alice")
    world.tick()
    world.read()

    again = world.run(run.run_id)
    assert (again.state, again.attempt) == (RunState.STARTED, 2)
    assert again.input_blob == f"training/{run.run_id}/2/input.csv"
    assert part_of(world, again).attempt == 2


def test_the_attempt_after_a_lost_job_trains_on_the_same_set() -> None:
    """Nothing is read again: the set that was assembled is copied."""
    world = world_with()
    run = read(world)
    reads = world.blobs.faults.calls["read_chunks"]
    world.training.forget(run.job_id)
    for _ in range(40):
        world.tick(30)
    again = world.run(run.run_id)

    assert (again.attempt, again.state) == (2, RunState.STARTED)
    assert world.blobs.text(again.input_blob) == GOOD
    assert again.input_blob == f"training/{run.run_id}/2/input.csv"
    assert world.blobs.faults.calls["read_chunks"] == reads


def test_a_set_that_is_gone_is_assembled_again_and_never_replaced_by_the_raw_file() -> None:
    """A file that was read is never trained on as it landed."""
    world = world_with()
    run = read(world, GOOD.replace(",", ";"))
    world.blobs.remove(*run.input_blob.split("/", 1))
    world.training.forget(run.job_id)
    for _ in range(40):
        world.tick(30)
        world.read()
    again = world.run(run.run_id)

    assert (again.attempt, again.state) == (2, RunState.STARTED)
    assert world.blobs.text(again.input_blob) == GOOD


def test_two_first_files_teach_one_schema() -> None:
    """The one whose schema came second is read again, against the first."""
    world = world_with()
    first = world.land(text=GOOD)
    world.clock.advance(1)
    second = world.land("census/b.csv", GOOD.replace("39", "40"))

    def the_other_teaches() -> None:
        message = next(item for item in world.services.announced if item.run_id == second.run_id)
        world.services.announced.remove(message)
        saved, world.services.announced[:] = list(world.services.announced), [message]
        world.read()
        world.services.announced[:] = saved

    world.blobs.faults.run_at_next("create_text", the_other_teaches)
    world.read()

    runs = [world.run(run.run_id) for run in (first, second)]
    assert [run.state for run in runs] == [RunState.STARTED, RunState.STARTED]
    assert {run.intake.schema for run in runs if run.intake is not None} == {1}
    assert world.runs.route_state("census").state.schema == 1
    schema = world.blobs.text("models/schemas/census/1.json")
    assert schema is not None
    assert second.run_id in schema


def test_without_normalising_the_job_gets_the_bytes_that_landed() -> None:
    """The checks run; the input is a copy that keeps the extension which says how it is read."""
    world = world_with(normalise=False, schema=SchemaSource.NONE)
    route = replace(world.route, files="census/*.tsv")
    world.services = replace(world.services, routes=replace(world.routes, routes={"census": route}))
    text = GOOD.replace(",", "\t")
    run = read(world, text, "census/a.tsv")

    assert (run.state, run.reason) == (RunState.STARTED, "")
    assert run.input_blob == f"training/{run.run_id}/1/input.tsv"
    assert world.blobs.text(run.input_blob) == text


def test_values_of_cells_are_left_out_where_the_route_says_so() -> None:
    """They may be personal data: neither problems.json nor the run's reason has them."""
    for shows in (True, False):
        world = world_with(schema="models/schema.json", problem_values=shows)
        fields = [{"name": "age", "type": "number"}, {"name": "workclass"}, {"name": "income"}]
        world.blobs.put("models", "schema.json", json.dumps({"fields": fields}))
        run = read(world, GOOD + "secret-age,Private,no\n")
        assert run.state is RunState.QUARANTINED
        assert "secret" not in run.reason
        text = world.blobs.text(run.problems)
        assert text is not None
        assert ("secret-age" in text) is shows


def test_a_route_without_intake_makes_the_same_requests_as_before() -> None:
    """Nothing of the intake is called."""
    world = World()
    world.land()
    calls = {name: count for name, count in world.blobs.faults.calls.items() if count}
    rows = {name: count for name, count in world.runs.faults.calls.items() if count}

    assert calls == {"version": 1, "copy_version": 1}
    assert rows == {"claim": 1, "save": 2, "find": 1}  # `find` is the test's own
