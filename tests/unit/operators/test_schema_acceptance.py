"""An operator's acceptance says what it leads to, puts one file's form in force, and retries its run."""

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest

from shared.effects.route_schema import put_in_force, schema_in_force
from shared.errors import NotNowError, UnavailableError, UnknownError
from shared.intake.table_schema import Constraints, FieldType, Origin, SchemaField, TableSchema
from shared.operators.schema_acceptance import accept, preview
from shared.records.part import Part
from shared.records.run import Run
from shared.records.run_states import RunState
from tests.pipeline.world import FAULT, World, example_routes

INTAKE = "[routes.census.intake]\nlabel = 'income'\nextra_columns = '{extra}'\n{batch}[routes.census.training]"
ACCUMULATE = "[routes.census.batch]\ntraining_set = 'accumulate'\n"
SCHEMA = TableSchema(
    fields=(
        SchemaField(name="age", type=FieldType.NUMBER, decimal_char="."),
        SchemaField(name="workclass"),
        SchemaField(name="income", constraints=Constraints(enum=("low", "high"))),
    ),
)
GOLDEN = "age,workclass\n39,State-gov\n"
HEADER = "age,workclass,income\n"


def world(
    *,
    extra: str = "refuse",
    batch: str = "",
    golden: str = GOLDEN,
    schema: TableSchema | None = SCHEMA,
    changes: Sequence[tuple[str, str]] = (),
) -> World:
    """Return a world whose route has a schema in force."""
    intake = INTAKE.format(extra=extra, batch=batch)
    here = World(example_routes(("[routes.census.training]", intake), *changes))
    here.blobs.put("models", "golden/census.csv", golden)
    if schema is not None:
        learnt = replace(schema, origin=Origin("run0", here.clock.now()))
        put_in_force(here.services, schema_in_force(here.services, here.route), learnt)
    return here


def quarantined(here: World, text: str, kinds: Sequence[tuple[str, str]] = (), name: str = "census/a.csv") -> Run:
    """Land a file and quarantine its run for problems of some codes and columns."""
    run = here.land(name, text)
    problems = [{"code": code, "column": column, "level": "error"} for code, column in kinds]
    path = f"quarantine/census/{run.run_id}/problems.json"
    here.blobs.write_text(path, json.dumps({"problems": problems}))
    stored = here.runs.get("census", run.run_id)
    assert stored is not None
    return here.services.save_run(
        stored, run.transitioned(here.clock.now(), RunState.QUARANTINED, "bad", problems=path)
    ).run


def accepted(here: World, name: str, rows: int) -> None:
    """Land a file and have its run leave a part."""
    run = here.land(name, f"{HEADER}39,Private,{name}\n")
    stored = here.runs.get("census", run.run_id)
    assert stored is not None
    here.runs.accept(
        stored,
        run.evolve(here.clock.now()),
        Part(
            run_id=run.run_id,
            attempt=1,
            route="census",
            blob=name,
            blob_etag=run.etag,
            generation=run.generation,
            original=run.original_blob,
            original_etag="e",
            rows=rows,
            sha256=run.run_id,
            schema=1,
            labels={},
            missing={},
        ),
    )


def test_new_class() -> None:
    """A class that the schema did not have is accepted: version 2, with who and why; the run is tried again."""
    here = world()
    run = quarantined(here, f"{HEADER}39,Private,maybe\n40,Private,low\n")
    before = preview(here.services, "census", run.run_id)
    assert (before.version, before.accepted) == (2, False)
    assert before.changes == ("enum of column 'income' is 'low', 'high', 'maybe' instead of 'low', 'high'.",)
    assert here.runs.route_state("census").state.schema == 1
    assert here.run(run.run_id) == run

    after = accept(here.services, "census", run.run_id, "Ada", "a third class")
    assert (after.version, after.accepted, after.changes) == (2, True, before.changes)
    in_force = schema_in_force(here.services, here.route)
    assert in_force.number == 2
    assert in_force.schema is not None
    assert in_force.schema.origin == Origin(run.run_id, here.clock.now(), "Ada", "a third class")
    again = here.run(run.run_id)
    assert (again.state, again.attempt) == (RunState.LANDED, 2)
    assert "Ada" in again.reason
    assert "a third class" in again.reason


def test_repeated_after_a_crash() -> None:
    """If the app dies between the schema and the retry, the same request again retries, and writes no third version."""
    here = world()
    run = quarantined(here, f"{HEADER}39,Private,maybe\n40,Private,low\n")
    here.runs.faults.fail_next("save", UnavailableError(FAULT))
    with pytest.raises(UnavailableError):
        accept(here.services, "census", run.run_id, "Ada", "why")
    assert here.runs.route_state("census").state.schema == 2
    assert here.run(run.run_id) == run
    again = accept(here.services, "census", run.run_id, "Ada", "why")
    assert again.version == 2
    assert here.runs.route_state("census").state.schema == 2
    assert here.run(run.run_id).state is RunState.LANDED


def test_other_type() -> None:
    """A column whose cells became texts is text from then on."""
    here = world()
    run = quarantined(here, f"{HEADER}39,Private,low\nyoung,Private,high\n")
    assert preview(here.services, "census", run.run_id).changes == ("The column 'age' is string instead of number.",)


@pytest.mark.parametrize(
    ("header", "row", "remedy"),
    [
        ("age,workclass,city,income", "39,Private,Bern,low", 'extra_columns = "drop"'),
        ("age,income", "39,low", "publish the predictive service"),
    ],
)
def test_serving_side(header: str, row: str, remedy: str) -> None:
    """A model with other columns cannot be served: refused, with the way forward, and nothing is written."""
    here = world()
    run = quarantined(here, f"{header}\n{row}\n{row}\n")
    with pytest.raises(NotNowError) as refusal:
        preview(here.services, "census", run.run_id)
    assert remedy in str(refusal.value)
    assert "production" in str(refusal.value)
    with pytest.raises(NotNowError):
        accept(here.services, "census", run.run_id, "Ada", "why")
    assert here.runs.route_state("census").state.schema == 1
    assert here.run(run.run_id) == run


def test_service_published_anew() -> None:
    """Once the golden rows have the new column, it is accepted, and comes after the others."""
    here = world(golden="age,workclass,city\n39,State-gov,Bern\n")
    run = quarantined(here, "age,workclass,city,income\n39,Private,Bern,low\n40,Private,Bern,high\n")
    accept(here.services, "census", run.run_id, "Ada", "the city matters")
    schema = schema_in_force(here.services, here.route).schema
    assert schema is not None
    assert schema.names == ("age", "workclass", "income", "city")


def test_dropped_column_is_no_change() -> None:
    """A route that drops further columns has nothing to accept in one: the file fits, and the run is tried again."""
    here = world(extra="drop")
    run = quarantined(here, "age,workclass,city,income\n39,Private,Bern,low\n40,Private,Bern,high\n")
    after = accept(here.services, "census", run.run_id, "Ada", "why")
    assert after.version == 1
    assert here.run(run.run_id).state is RunState.LANDED


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f'{HEADER}39,"Private,low\n', "open"),
        (f"{HEADER}39,Private,\n40,Private,low\n", "has no label"),
        (f"{HEADER}39,Private,low,x\n", "line 2"),
        ("age,workclass\n39,Private\n", "no column 'income'"),
        (HEADER, "no rows"),
    ],
)
def test_no_schema_can_accept(text: str, words: str) -> None:
    """What is wrong with a file itself is refused with its problems: no schema mends it."""
    here = world()
    run = quarantined(here, text)
    with pytest.raises(NotNowError) as caught:
        preview(here.services, "census", run.run_id)
    assert words in str(caught.value)


def test_two_readings() -> None:
    """A column whose numbers have two readings is not accepted either: nothing is guessed."""
    here = world()
    run = quarantined(here, 'age,workclass,income\n"1,234",Private,low\n40,Private,high\n')
    with pytest.raises(NotNowError, match=r"line 2, column age: The number has two readings"):
        preview(here.services, "census", run.run_id)


def test_many_problems() -> None:
    """A refusal names a few problems and counts the rest."""
    here = world()
    run = quarantined(here, f"{HEADER}39,Private,low\n" + "39,Private,\n" * 7)
    with pytest.raises(NotNowError, match=r"line 3, column income: .* and 2 more"):
        preview(here.services, "census", run.run_id)


def test_members() -> None:
    """It says what becomes of the files of an accumulated set."""
    day = SchemaField(name="day", type=FieldType.DATE)
    here = world(
        batch=ACCUMULATE,
        golden="age,day,city\n39,01.02.2024,Bern\n",
        schema=replace(SCHEMA, fields=(*SCHEMA.fields, day)),
    )
    accepted(here, "census/1.csv", 3)
    accepted(here, "census/2.csv", 4)
    run = quarantined(here, "age,day,city,income\nold,31.12.2024,Bern,low\nyoung,01.02.2024,Bern,high\n")
    leads_to = preview(here.services, "census", run.run_id).leads_to
    assert len(leads_to) == 4
    assert "2 files accepted before (7 rows)" in leads_to[0]
    assert "'city' is missing" in leads_to[1]
    assert "'workclass' are left out" in leads_to[2]
    assert "'day' do not fit" in leads_to[3]


def test_no_members() -> None:
    """Without such a set, or without a file in it, it says that too."""
    texts = f"{HEADER}39,Private,maybe\n40,Private,low\n"
    here = world(batch=ACCUMULATE)
    assert preview(here.services, "census", quarantined(here, texts).run_id).leads_to[-1] == (
        "No file was accepted before."
    )
    here = world()
    assert "not trained on again" in preview(here.services, "census", quarantined(here, texts).run_id).leads_to[-1]


@pytest.mark.parametrize(
    ("changes", "sentences"),
    [
        ([], ["two classes, as its gate on AUC says", "answers 1 new class is not promoted"]),
        ([("gates = [", 'classes = "may-change"\ngates = [')], ["two classes, as its gate on AUC says"]),
        ([('metric = "AUC"', 'metric = "Overall accuracy"')], ["answers 1 new class is not promoted"]),
    ],
)
def test_new_class_leads_to(changes: list[tuple[str, str]], sentences: list[str]) -> None:
    """It says what a new class means for the training and for the promotion."""
    here = world(changes=changes)
    run = quarantined(here, f"{HEADER}39,Private,maybe\n40,Private,low\n")
    leads_to = preview(here.services, "census", run.run_id).leads_to
    assert len(leads_to) == len(sentences) + 1
    for sentence, words in zip(leads_to, sentences, strict=False):
        assert words in sentence


def test_alike() -> None:
    """Runs that are quarantined for the same difference are listed, others are not."""
    here = world()
    same, further = ("constraint-error", "income"), ("type-error", "age")
    text = f"{HEADER}39,Private,maybe\n40,Private,low\n"
    run = quarantined(here, text, [same])
    alike = quarantined(here, text + "41,Private,low\n", [same, same], "census/b.csv")
    quarantined(here, text + "42,Private,low\n", [same, further], "census/c.csv")
    assert [listed.run_id for listed in preview(here.services, "census", run.run_id).alike] == [alike.run_id]


def test_other_runs() -> None:
    """Only a quarantined run of the route can be accepted."""
    here = world()
    run = here.land("census/a.csv", f"{HEADER}39,Private,low\n")
    with pytest.raises(NotNowError, match="landed"):
        preview(here.services, "census", run.run_id)
    with pytest.raises(UnknownError):
        preview(here.services, "census", "nothing")
    with pytest.raises(UnknownError, match="of route census"):
        preview(here.services, "other", run.run_id)
