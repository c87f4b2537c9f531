"""The operation `schema` over HTTP: shows a version, puts a given one in force, and accepts a file's form."""

import json
from typing import Any

import pytest

from tests.pipeline.operator_calls import ask
from tests.pipeline.world import World, example_routes
from tests.unit.operators.test_schema_acceptance import HEADER, quarantined, world

GIVEN = {
    "fields": [
        {"name": "age", "type": "integer", "constraints": {"minimum": 0}},
        {"name": "workclass", "type": "string"},
        {"name": "income", "type": "string"},
    ]
}
WHO = {"by": "Ada", "reason": "we know it"}


def with_schema(source: str) -> World:
    """Return a world whose route says where its schema comes from."""
    intake = f'[routes.census.intake]\nschema = "{source}"\n'
    return World(example_routes(("[routes.census.training]", f"{intake}[routes.census.training]")))


def names(schema: dict[str, Any]) -> list[str]:
    """Return the names of a schema's columns."""
    return [field["name"] for field in schema["fields"]]


def test_the_schema_in_force_and_older_ones_are_shown() -> None:
    """Before the first there is none; each version stays readable; a version that there is not is refused."""
    status, body = ask(with_schema("learn"), "schema", route="census")
    assert (status, body) == (200, {"route": "census", "version": 0, "in_force": 0, "schema": None})

    here = world()
    ask(here, "schema", route="census", **{"from": json.dumps(GIVEN)}, **WHO)
    status, body = ask(here, "schema", route="census")
    assert (status, body["version"], body["in_force"]) == (200, 2, 2)
    assert names(body["schema"]) == ["age", "workclass", "income"]
    assert ask(here, "schema", route="census", version="1")[1]["schema"]["fields"][0]["type"] == "number"
    assert ask(here, "schema", route="census", version="3")[0] == 404
    assert ask(here, "schema", route="census", version="0")[0] == 400
    assert ask(here, "schema", route="other")[0] == 404


def test_a_given_schema_is_in_force_with_who_and_why() -> None:
    """What is not supported is refused whole, by name; nothing is written then."""
    here = world()
    status, body = ask(here, "schema", route="census", **{"from": json.dumps(GIVEN)}, **WHO)
    assert (status, body["version"]) == (200, 2)
    origin = body["schema"]["landfall"]
    assert (origin["by"], origin["reason"]) == ("Ada", "we know it")
    assert body["schema"]["fields"][0]["constraints"] == {"minimum": "0"}

    bad = {"fields": [{"name": "age", "type": "geopoint", "constraints": {"exclusiveMinimum": 3}}]}
    status, body = ask(here, "schema", route="census", **{"from": json.dumps(bad)}, **WHO)
    assert status == 400
    assert "geopoint" in body["error"]
    assert "exclusiveMinimum" in body["error"]
    assert here.runs.route_state("census").state.schema == 2
    status, body = ask(here, "schema", route="census", by="Ada", **{"from": json.dumps(GIVEN)})
    assert (status, body["error"]) == (400, "reason is missing")


def test_a_schema_that_no_file_could_fit_is_refused() -> None:
    """It lacks columns of the golden rows or the label: all are named, and nothing is written; case does not count."""
    here = world()
    for names_given, missing in (([" AGE"], "'workclass', 'income'"), (["age", "workclass"], "'income'")):
        text = json.dumps({"fields": [{"name": name} for name in names_given]})
        status, body = ask(here, "schema", route="census", **{"from": text}, **WHO)
        assert status == 400
        assert f"the schema has no field {missing}, which" in body["error"]
    assert here.runs.route_state("census").state.schema == 1
    text = json.dumps({"fields": [{"name": name} for name in ("Age", "workclass", "income", "more")]})
    assert ask(here, "schema", route="census", **{"from": text}, **WHO)[0] == 200


def test_an_empty_file_is_no_request_to_show_the_schema() -> None:
    """An empty text is refused like any other that is no JSON."""
    here = world()
    status, body = ask(here, "schema", route="census", **{"from": ""}, **WHO)
    assert status == 400
    assert "is no JSON" in body["error"]
    assert here.runs.route_state("census").state.schema == 1


def test_a_given_schema_decides_what_a_learnt_one_leaves_open() -> None:
    """A schema that a person wrote has the standard's defaults; an edited copy of a learnt one stays learnt."""
    here = world()
    learnt = ask(here, "schema", route="census")[1]["schema"]
    edited = ask(here, "schema", route="census", **{"from": json.dumps(learnt)}, **WHO)[1]["schema"]
    assert edited["landfall"]["run"] == learnt["landfall"]["run"]
    given = ask(here, "schema", route="census", **{"from": json.dumps(GIVEN)}, **WHO)[1]["schema"]
    assert given["landfall"]["run"] == ""
    assert ask(here, "schema", route="census")[1]["schema"] == given


def test_what_was_shown_can_be_edited_and_given_back() -> None:
    """The whole answer, as `landfall schema --json` prints it, is the schema in it."""
    here = world()
    shown = ask(here, "schema", route="census")[1]
    shown["schema"]["fields"][1]["constraints"] = {"required": True}
    status, body = ask(here, "schema", route="census", **{"from": json.dumps(shown)}, **WHO)
    assert (status, body["version"]) == (200, 2)
    assert body["schema"]["fields"][1]["constraints"] == {"required": True}
    assert ask(here, "schema", route="census", **{"from": "["}, **WHO)[0] == 400


@pytest.mark.parametrize(
    ("source", "says"), [("none", "is 'none'"), ("models/own.json", "upload the new schema there")]
)
def test_what_routes_toml_decides_is_not_given(source: str, says: str) -> None:
    """A route without a schema gets none, and one whose schema is a file gets it by an upload."""
    status, body = ask(with_schema(source), "schema", route="census", **{"from": json.dumps(GIVEN)}, **WHO)
    assert status == 409
    assert says in body["error"]


def test_a_route_that_reads_nothing_has_no_schema() -> None:
    """The refusal says which table to add."""
    status, body = ask(World(), "schema", route="census")
    assert status == 409
    assert "[routes.census.intake]" in body["error"]


def test_an_acceptance_is_first_said_and_then_done() -> None:
    """Without a reason it says what it leads to; with one it is in force and the run begins its next attempt."""
    here = world()
    run = quarantined(here, f"{HEADER}39,Private,maybe\n40,Private,low\n")
    status, body = ask(here, "schema", route="census", accept=run.run_id)
    assert (status, body["version"], body["accepted"]) == (200, 2, False)
    assert here.run(run.run_id) == run

    assert ask(here, "schema", route="census", accept=run.run_id, reason="a third class")[0] == 400
    status, body = ask(here, "schema", route="census", accept=run.run_id, **WHO)
    assert (status, body["version"], body["accepted"]) == (200, 2, True)
    assert here.run(run.run_id).attempt == 2
    status, body = ask(here, "schema", route="census", accept=run.run_id, version="1")
    assert (status, body["error"]) == (400, "version and accept exclude each other")
