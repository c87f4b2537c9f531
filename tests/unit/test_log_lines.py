"""Every log line of the deployed app has an action, and docs/operating.md has a row for every action."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from shared.log_actions import LogAction
from tests.infra.deployments import deployment

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
FILES = [ROOT / "function_app.py", *sorted((ROOT / "shared").rglob("*.py"))]
LEVELS = {"debug", "info", "warning", "error", "exception", "critical", "log"}


class LogCall(NamedTuple):
    """One log call: where it is, its method, and the call that makes its `extra` (None: it has no such call)."""

    place: str
    method: str
    fields: ast.Call | None

    @property
    def actions(self) -> set[LogAction]:
        """The actions that the call names itself."""
        return set(actions_in(self.fields)) if self.fields is not None else set()


class Row(NamedTuple):
    """A row of the page's table."""

    action: str
    levels: set[str]
    fields: str
    alert: str


def log_calls(tree: ast.AST, name: str) -> Iterator[LogCall]:
    """Give every call of a logger's method: of `log`, `_log` or `logging`."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr not in LEVELS:
            continue
        owner = ast.unparse(node.func.value)
        if owner.split(".")[-1].split("(")[0] not in {"log", "_log", "logger", "logging", "getLogger", "get_log"}:
            continue
        extra = next((keyword.value for keyword in node.keywords if keyword.arg == "extra"), None)
        if not isinstance(extra, ast.Call) or ast.unparse(extra.func) != "log_fields":
            extra = None
        yield LogCall(f"{name}:{node.lineno}", node.func.attr, extra)


def actions_in(tree: ast.AST) -> Iterator[LogAction]:
    """Give every `LogAction.NAME` in a piece of code."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "LogAction":
            yield LogAction[node.attr]


TREES = {str(path.relative_to(ROOT)): ast.parse(path.read_text(encoding="utf-8")) for path in FILES}
CALLS = [call for name, tree in TREES.items() for call in log_calls(tree, name)]


def rows() -> list[Row]:
    """Read the page's table."""
    section = PAGE.split("\n## The log\n")[1].split("\n## ")[0]
    read = []
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| `"):
            action, levels, _, fields, alert = cells
            read.append(Row(action.strip("`"), set(levels.lower().split(" or ")), fields, alert.strip("`")))
    return read


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.place)
def test_every_line_has_an_action(call: LogCall) -> None:
    """Its `extra` comes from `log_fields`, with an action of the enumeration or a value looked up there."""
    assert call.fields is not None, f"{call.place} has no extra=log_fields(LogAction.…)"
    assert call.actions or isinstance(call.fields.args[0], ast.Name)


@pytest.mark.parametrize("name", [name for name in TREES if name != "shared/log_actions.py"])
def test_every_logger_of_the_app_adds_the_fields(name: str) -> None:
    """The app's own loggers come from `get_log`; the standard function serves to quieten those of libraries."""
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            assert ast.unparse(node.value.func) != "logging.getLogger", f"{name}:{node.lineno}"


def test_every_action_is_logged() -> None:
    """None is left of a line that is gone."""
    used = {action for name, tree in TREES.items() if name != "shared/log_actions.py" for action in actions_in(tree)}

    assert used == set(LogAction)


def test_the_page_lists_every_action_once() -> None:
    """In the order of the enumeration."""
    assert [row.action for row in rows()] == [action.value for action in LogAction]


def test_the_page_has_the_level_of_every_action() -> None:
    """As the calls have it; a line whose level depends on the case is logged with the levels that the page has."""
    levels: dict[str, set[str]] = defaultdict(set)
    for call in CALLS:
        for action in call.actions:
            levels[action.value].add({"exception": "error"}.get(call.method, call.method))
    for row in rows():
        assert row.levels == levels[row.action] or levels[row.action] <= {"log"}, row.action


def test_the_page_has_the_fields_of_every_action() -> None:
    """Those that a call names; a call that names none has the run and the route that are worked on, or none at all."""
    for call in CALLS:
        if call.fields is not None and call.fields.keywords:
            named = ", ".join(f"`{keyword.arg}`" for keyword in call.fields.keywords)
            for row in rows():
                if row.action in call.actions:
                    assert row.fields.startswith(named), f"{call.place}: {row.action}"


def test_the_page_names_the_alert_of_every_action() -> None:
    """Each query matches the ends of lines; the page says which alert an action raises."""
    raised = {
        action: alert.name
        for alert in deployment("first-up").of("Microsoft.Insights/scheduledQueryRules")
        for action in re.findall(r'endswith "action=([^]]+)\]"', alert.properties["criteria"]["allOf"][0]["query"])
    }

    assert {row.action: row.alert for row in rows() if row.alert} == raised
    assert set(raised) <= set(LogAction)
