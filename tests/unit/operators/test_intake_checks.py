"""What the intake needs in storage is checked before a file waits for it: the schema, and the label."""

import json
from dataclasses import replace
from typing import Any

import pytest

from shared.gates.holdout import Holdout
from shared.gates.known_metrics import Task
from shared.intake.settings import IntakeSettings, SchemaSource
from shared.operators.check_finding import Finding
from shared.operators.intake_checks import intake_checks
from shared.records.route_state import RouteState
from shared.routes.route import Route
from tests.fakes.memory_blobs import MemoryBlobs
from tests.fakes.memory_runs import MemoryRunStore
from tests.pipeline.world import example_routes

BY_HAND = IntakeSettings(schema="models/own.json", label="income")


def a_route(intake: IntakeSettings | None, **changes: Any) -> Route:
    """Return the example route with an intake."""
    return replace(example_routes().routes["census"], intake=intake, **changes)


def schema(*names: str, **field: Any) -> str:
    """Return a schema of text columns; `field`: more members of the first."""
    fields = [{"name": name, "type": "string"} for name in names]
    fields[0].update(field)
    return json.dumps({"fields": fields})


class Checked:
    """A storage account, and the checks of a route's intake in it."""

    def __init__(self, golden: str = "age,workclass\n39,State-gov\n50,Private\n") -> None:
        self.blobs = MemoryBlobs()
        self.runs = MemoryRunStore()
        self.blobs.put("models", "golden/census.csv", golden)

    def findings(self, route: Route) -> list[Finding]:
        """Check the intake of a route."""
        return [finding for check in intake_checks(self.blobs, self.runs, route) for finding in check.findings()]

    def wrong(self, route: Route) -> list[Finding]:
        """Return what is not in order."""
        return [finding for finding in self.findings(route) if finding.do]


def test_a_route_that_reads_nothing_needs_nothing() -> None:
    """Without intake there is no check; with `schema = "none"` and no label neither."""
    assert Checked().findings(a_route(None)) == []
    assert Checked().findings(a_route(IntakeSettings(schema=SchemaSource.NONE))) == []


def test_a_schema_of_ones_own_is_read() -> None:
    """It is missing, or it has as many fields as its file says."""
    checked = Checked()
    (missing,) = checked.wrong(a_route(BY_HAND))
    assert missing.subject == "routes.census.intake.schema"
    assert missing.result == "there is no blob models/own.json: every file waits for it"

    checked.blobs.put("models", "own.json", schema("age", "workclass", "income"))
    assert checked.wrong(a_route(BY_HAND)) == []
    assert checked.findings(a_route(BY_HAND))[0].result == "models/own.json exists and has 3 fields"


def test_every_keyword_that_is_not_supported_is_named() -> None:
    """A type, a constraint and a key of a schema that nothing obeys: each a finding, none ignored."""
    checked = Checked()
    text = schema("age", "workclass", "income", type="geopoint", rdfFoo="x", constraints={"jsonSchema": {}})
    checked.blobs.put("models", "own.json", text)
    findings = checked.wrong(a_route(BY_HAND))

    assert {finding.subject for finding in findings} == {"routes.census.intake.schema"}
    texts = " ".join(finding.result for finding in findings)
    for name in ("geopoint", "rdfFoo", "jsonSchema"):
        assert name in texts
    assert len(findings) == 3


def test_a_schema_has_the_columns_that_the_model_is_asked_with() -> None:
    """A file with the golden rows' columns and the label must fit it; case and outer spaces do not count."""
    checked = Checked()
    checked.blobs.put("models", "own.json", schema(" AGE", "zip"))
    (finding,) = checked.wrong(a_route(BY_HAND))
    assert finding.result == (
        "models/own.json has no field 'income', 'workclass': the golden rows and the label need it"
    )


def test_the_learnt_schema_in_force_is_read() -> None:
    """Before the first there is nothing to check; then the version that the route's row names."""
    checked = Checked()
    route = a_route(IntakeSettings())
    assert [finding.result for finding in checked.findings(route)] == [
        "no schema was learnt yet: the first file that passes teaches it"
    ]
    checked.runs.save_route_state(checked.runs.route_state("census"), RouteState(route="census", schema=2))
    assert "there is no blob models/schemas/census/2.json" in checked.wrong(route)[0].result
    checked.blobs.put("models", "schemas/census/2.json", schema("age", "workclass"))
    assert checked.wrong(route) == []


@pytest.mark.parametrize(
    ("golden", "label_sent", "is_wrong"),
    [
        ("age,income\n39,a\n50,b\n", None, True),
        ("age,income\n39,a\n50,b\n", "a", False),
        ("age,income\n39,0\n50,0\n", None, False),
        ("age\n39\n50\n", None, False),
        ("age,income\n39\n", None, False),  # they cannot be read: their own check says so
    ],
)
def test_a_label_that_the_golden_rows_contradict_is_found(golden: str, label_sent: str | None, is_wrong: bool) -> None:
    """A column with which the model is asked is not predicted; a constant in its place is what some services want."""
    holdout = None
    if label_sent is not None:
        holdout = Holdout(data="models/h.csv", label="income", task=Task.MULTICLASS, label_sent=label_sent)
    intake = IntakeSettings(schema=SchemaSource.NONE, label="income")
    findings = Checked(golden).wrong(a_route(intake, holdout=holdout))

    assert [finding.subject for finding in findings] == (["routes.census.intake.label"] if is_wrong else [])
    if is_wrong:
        assert findings[0].result.startswith("the golden rows have 2 different values of 'income'")


def test_a_schema_as_large_as_the_app_reads_is_checked() -> None:
    """A wide table's schema has more than a megabyte: the check reads what the app reads."""
    checked = Checked()
    fields = [{"name": name, "type": "string"} for name in ("age", "workclass", "income")]
    fields += [{"name": f"measured-{number}", "type": "string", "title": "t" * 1000} for number in range(1500)]
    text = json.dumps({"fields": fields})
    assert len(text) > 1024 * 1024
    checked.blobs.put("models", "own.json", text)
    assert checked.wrong(a_route(BY_HAND)) == []
