"""Every condition of the templates matters to a snapshot, both ways: Azure is not the first to take a branch."""

import json
import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.infra import compiler
from tests.infra.compiler import CompilerError, accepted, bicep, place_of, refused
from tests.infra.sources import INFRA, STANDALONE

ENTRIES = ("main.bicep", *sorted(STANDALONE))
pytestmark = pytest.mark.skipif(
    compiler.compiler() is None, reason="no Bicep compiler of the version in .ci/bicep-version on the PATH"
)


class Condition(NamedTuple):
    """A condition in a compiled template. A module that is deployed twice is one template, with one hash."""

    template_hash: str
    path: tuple[str | int, ...]
    text: str


def condition_texts(expression: str) -> Iterator[str]:
    """Give the first argument of each `if(` in an expression of a compiled template."""
    for match in re.finditer(r"\bif\(", expression):
        depth, quoted, end = 0, False, match.end()
        while depth or quoted or expression[end] != ",":
            quoted ^= expression[end] == "'"
            depth += 0 if quoted else (expression[end] == "(") - (expression[end] == ")")
            end += 1
        yield expression[match.end() : end]


def templates_in(template: Any) -> Iterator[Any]:
    """Give a template and, inside out, the templates of its modules."""
    for resource in _resources(template):
        if resource["type"] == "Microsoft.Resources/deployments":
            yield from templates_in(resource["properties"]["template"])
    yield template


def _resources(template: Any) -> list[Any]:
    resources = template["resources"]
    return list(resources.values()) if isinstance(resources, dict) else resources


def conditions(template: Any) -> Iterator[Condition]:
    """Give every condition of a template and of its modules."""
    for part in templates_in(template):
        for path, text in _conditions(part, ()):
            yield Condition(part["metadata"]["_generator"]["templateHash"], path, text)


def _conditions(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Give the path and the text of each condition in a part of a template, but for the templates of its modules."""
    if isinstance(value, dict):
        for name, member in value.items():
            if name == "condition" and isinstance(member, str):
                yield (*path, name), member.strip("[]")
            elif name != "template":
                yield from _conditions(member, (*path, name))
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from _conditions(member, (*path, index))
    elif isinstance(value, str) and value.startswith("["):
        for text in condition_texts(value):
            yield path, text


def with_condition(template: Any, condition: Condition, value: str) -> Any:
    """Return a copy of a template in which one condition is always `true()` or always `false()`."""
    changed = json.loads(json.dumps(template))
    for part in templates_in(changed):
        if part["metadata"]["_generator"]["templateHash"] == condition.template_hash:
            holder = part
            for name in condition.path[:-1]:
                holder = holder[name]
            last = condition.path[-1]
            holder[last] = (
                f"[{value}]" if last == "condition" else holder[last].replace(f"if({condition.text},", f"if({value},")
            )
    return changed


class Evaluator:
    """Evaluates a changed template for the parameter files that use it."""

    def __init__(self, folder: Path, entry: str) -> None:
        self.entry = entry
        files = [path for path in [*accepted(), *refused()] if entry in path.read_text(encoding="utf-8")]
        self.files = sorted(files, key=lambda path: path.stat().st_size)
        self.folder = folder
        self.before: dict[Path, Any] = {}

    def evaluate(self, template: Any, parameters: Path, name: str) -> Any:
        """Return the snapshot of a template for a parameter file, or the message of its refusal."""
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "main.json").write_text(json.dumps(template), encoding="utf-8")
        copy = folder / parameters.name
        text = re.sub(r"^using '.*'", "using 'main.json'", parameters.read_text(encoding="utf-8"), flags=re.MULTILINE)
        copy.write_text(text, encoding="utf-8")
        try:
            bicep("snapshot", copy, "--mode", "Overwrite", *place_of(parameters))
            return json.loads(copy.with_suffix(".snapshot.json").read_text(encoding="utf-8"))
        except CompilerError as error:
            return str(error).replace(str(folder), "")
        finally:
            shutil.rmtree(folder)

    def matters(self, template: Any, condition: Condition, value: str, name: str) -> bool:
        """Return whether a condition that is always the same changes what some parameter file deploys."""
        changed = with_condition(template, condition, value)
        # What is off in the smallest deployment is on in the one with everything: the file that differs comes first.
        files = self.files if value == "true()" else self.files[::-1]
        if "problems" in condition.path and value == "false()":
            files = sorted(files, key=lambda path: path not in refused())
        return any(self.evaluate(changed, path, f"{name}-{path.stem}") != self.before[path] for path in files)


@pytest.mark.deep
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("entry", ENTRIES)
def test_every_condition_is_exercised_both_ways(entry: str, tmp_path: Path) -> None:
    """A condition that is always true, or always false, changes what at least one parameter file deploys."""
    template = json.loads(bicep("build", INFRA / entry, "--stdout"))
    evaluator = Evaluator(tmp_path, entry)
    evaluator.before = {path: evaluator.evaluate(template, path, f"before-{path.stem}") for path in evaluator.files}
    all_conditions = list(dict.fromkeys(conditions(template)))
    cases = [(condition, value) for condition in all_conditions for value in ("true()", "false()")]

    with ThreadPoolExecutor(2) as pool:
        effects = pool.map(
            lambda case: evaluator.matters(template, case[1][0], case[1][1], f"case-{case[0]}"), enumerate(cases)
        )
        idle = [
            f"{value}: {condition.text} at {'.'.join(map(str, condition.path))}"
            for (condition, value), matters in zip(cases, effects, strict=True)
            if not matters
        ]

    assert idle == []
    assert len(all_conditions) > 20 or entry != "main.bicep"


def test_conditions_are_found_in_expressions() -> None:
    """Nested ones and those beside texts with commas and parentheses."""
    expression = "[if(equals(a, 'x,)('), if(not(b), 1, 2), 'if c, d')]"
    assert list(condition_texts(expression)) == ["equals(a, 'x,)(')", "not(b)"]
    template = {
        "resources": [{"type": "a/b", "condition": "[empty(x)]", "name": expression}],
        "metadata": {"_generator": {"templateHash": "1"}},
    }
    assert [condition.path for condition in conditions(template)] == [
        ("resources", 0, "condition"),
        ("resources", 0, "name"),
        ("resources", 0, "name"),
    ]
