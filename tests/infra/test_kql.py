"""The queries of alerts, workbook and pages are KQL: Microsoft's own analyser finds no mistake in them."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from landfall.stack.find_node import find_node
from tests.infra.deployments import deployment
from tests.infra.sources import ROOT

# The columns that the queries may use, as Azure Monitor's reference of tables has them.
TABLES = {
    "AppTraces": "(TimeGenerated: datetime, Message: string, SeverityLevel: int, Properties: dynamic)",
    "AppRequests": "(TimeGenerated: datetime, Name: string, Success: bool, ResultCode: string, DurationMs: real)",
}
# A workbook replaces these before it asks.
TIMES = {"{TimeRange:start}": "datetime(2026-11-01)", "{TimeRange:end}": "datetime(2026-11-08)"}
MADE = deployment("first-up")
ALERTS = {
    alert.name: str(alert.properties["criteria"]["allOf"][0]["query"])
    for alert in MADE.of("Microsoft.Insights/scheduledQueryRules")
}
_CHARTS = json.loads(MADE.get("Microsoft.Insights/workbooks").properties["serializedData"])["items"]
WORKBOOK = {chart["name"]: str(chart["content"]["query"]) for chart in _CHARTS if chart["type"] == 3}
PAGES = {
    f"{path.name}: {query}": query
    for path in sorted((ROOT / "docs").glob("*.md"))
    for query in re.findall(r"`(App(?:Traces|Requests) \|[^`]+)`", path.read_text(encoding="utf-8"))
}


def problems_in(queries: dict[str, str]) -> dict[str, list[str]]:
    """Return what the analyser says about each query that has a mistake."""
    for placeholder, value in TIMES.items():
        queries = {name: query.replace(placeholder, value) for name, query in queries.items()}
    command = [find_node(), str(Path(__file__).parent / "kql.cjs")]
    environ = {**os.environ, "NODE_PATH": str(ROOT / "node_modules")}
    question = json.dumps({"tables": TABLES, "queries": queries})
    done = subprocess.run(command, env=environ, input=question, capture_output=True, text=True, check=True)
    return {name: problems for name, problems in json.loads(done.stdout).items() if problems}


def test_every_query_is_kql() -> None:
    """Its operators, functions and columns exist, and their types fit."""
    assert ALERTS
    assert WORKBOOK
    assert PAGES
    assert problems_in({**ALERTS, **WORKBOOK, **PAGES}) == {}


@pytest.mark.parametrize(
    ("sound", "broken", "problem"),
    [
        ("Name ==", "name ==", "'name'"),
        ("maxif(", "maximumif(", "maximumif"),
        ("| summarize", "| summarise", "operator"),
        ("ago(30m)", '"30m"', "not defined for the operand types"),
    ],
)
def test_a_mistake_would_be_found(sound: str, broken: str, problem: str) -> None:
    """A column, a function, an operator and a type that are wrong are each reported."""
    query = ALERTS["landfall-silent"]
    assert sound in query
    (problems,) = problems_in({"broken": query.replace(sound, broken)}).values()
    assert problem in " ".join(problems)
