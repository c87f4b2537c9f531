"""Each condition of the templates is true in a snapshot and false in another: Azure is not the first to take a branch.

The compiler evaluates a template into which every condition was put once more, as a property of a made-up resource.
"""

import json
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.infra import compiler
from tests.infra.compiler import accepted, bicep, snapshot
from tests.infra.sources import INFRA

PROBE = "Landfall.Test/conditions"


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


def conditions_in(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Give the path and the text of each condition of a template, but for those of its modules' templates."""
    if isinstance(value, dict):
        for name, member in value.items():
            if name == "condition" and isinstance(member, str):
                yield (*path, name), member.removeprefix("[").removesuffix("]")
            elif name != "template":
                yield from conditions_in(member, (*path, name))
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from conditions_in(member, (*path, index))
    elif isinstance(value, str) and value.startswith("["):
        for text in condition_texts(value):
            yield path, text


def resources_of(template: Any) -> Mapping[str | int, Any]:
    """Return the resources of a compiled template by symbol, or by index."""
    resources = template["resources"]
    return resources if isinstance(resources, dict) else dict(enumerate(resources))


def with_probes(template: Any, probes: dict[str, Condition]) -> None:
    """Put the conditions of a template and of its modules into it once more; collect them by the probes' names."""
    resources = resources_of(template)
    for resource in list(resources.values()):
        if resource["type"] == "Microsoft.Resources/deployments":
            with_probes(resource["properties"]["template"], probes)
    for path, text in list(conditions_in(template)):
        name = f"probe{len(probes)}"
        probes[name] = Condition(template["metadata"]["_generator"]["templateHash"], path, text)
        probe = {"type": PROBE, "apiVersion": "2026-01-01", "name": name, "properties": {"value": f"[{text}]"}}
        owner = resources.get(path[1]) if path[0] == "resources" else None
        if owner and "copy" in owner:  # the condition may use the index of the loop
            probe["copy"] = {"name": name, "count": owner["copy"]["count"]}
            probe["name"] = f"[format('{name}-{{0}}', copyIndex())]"
        if isinstance(template["resources"], dict):
            template["resources"][name] = probe
        else:
            template["resources"].append(probe)


def values(template: Any, parameters: Path, folder: Path) -> Iterator[tuple[str, Any]]:
    """Evaluate a template with probes for a parameter file; give the name and the value of each probe."""
    folder = folder / parameters.stem
    folder.mkdir()
    (folder / "main.json").write_text(json.dumps(template), encoding="utf-8")
    text = re.sub(r"^using '.*'", "using 'main.json'", parameters.read_text(encoding="utf-8"), flags=re.MULTILINE)
    (folder / parameters.name).write_text(text, encoding="utf-8")
    snapshot(folder / parameters.name, "Overwrite")
    made = json.loads((folder / f"{parameters.stem}.snapshot.json").read_text(encoding="utf-8"))
    for resource in made["predictedResources"]:
        if resource["type"] == PROBE:
            yield resource["name"], resource["properties"]["value"]


@pytest.mark.skipif(
    compiler.compiler() is None, reason="no Bicep compiler of the version in .ci/bicep-version on the PATH"
)
@pytest.mark.timeout(600)
def test_every_condition_is_true_and_false_in_snapshots(tmp_path: Path) -> None:
    """Only the conditions for problems are left out: they refuse the deployment (test_snapshots.py has them)."""
    template = json.loads(bicep("build", INFRA / "main.bicep", "--stdout"))
    probes: dict[str, Condition] = {}
    with_probes(template, probes)
    files = [path for path in accepted() if "main.bicep" in path.read_text(encoding="utf-8")]

    taken: dict[Condition, set[str]] = {condition: set() for condition in probes.values()}
    with ThreadPoolExecutor(2) as pool:
        for evaluated in pool.map(lambda path: list(values(template, path, tmp_path)), files):
            for name, value in evaluated:
                taken[probes[name.split("-")[0]]].add(str(value))

    one_sided = [
        f"{'.'.join(map(str, condition.path))}: {condition.text}: {sorted(results)}"
        for condition, results in taken.items()
        if results != {"True", "False"} and "problems" not in (*condition.path, *condition.text.split("'"))
    ]
    assert one_sided == []
    assert len(taken) > 50


def test_conditions_are_found_in_expressions() -> None:
    """Nested ones and those beside texts with commas and parentheses."""
    expression = "[if(equals(a, 'x,)('), if(not(b), 1, 2), 'if c, d')]"
    assert list(condition_texts(expression)) == ["equals(a, 'x,)(')", "not(b)"]
    assert list(conditions_in({"condition": "[empty(x)]", "name": ["text", expression]})) == [
        (("condition",), "empty(x)"),
        (("name", 1), "equals(a, 'x,)(')"),
        (("name", 1), "not(b)"),
    ]
