"""Every example of docs/gates.md: policy, metrics, verdict and sentence are what the page says."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.gates.decision import decide
from shared.gates.evaluation_report import EvaluationReport
from shared.gates.policy import Policy
from shared.records.decision import Interval
from shared.routes.policy_reader import read_policy
from shared.routes.toml_reader import TomlTable

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "gates.md").read_text(encoding="utf-8")


def examples() -> Iterator[Any]:
    """Give the page's examples: the policy as TOML, and the cells of a line."""
    for section in PAGE.split("```toml\n")[1:]:
        text, _, rest = section.partition("```")
        for line in rest.split("\n## ")[0].splitlines():
            cells = [cell.strip() for cell in line.strip("| ").split(" | ")]
            if line.startswith("| ") and cells[0] != "champion":
                yield pytest.param(text, *cells, id=f"{cells[0]} -> {cells[1]}")


def metrics(cell: str) -> dict[str, float | None]:
    """Read `AUC=0.9, Recall=NaN`."""
    named = (part.partition(" gains ")[0].split("=") for part in cell.split(", "))
    return {name: None if value == "NaN" else float(value) for name, value in named}


def intervals(cell: str, policy: Policy) -> dict[str, Interval]:
    """Read `AUC=0.9 gains 0.01 to 0.02`: the interval of the gain."""
    gains = {}
    for part in cell.split(", "):
        value, separator, span = part.partition(" gains ")
        if separator and policy.bootstrap is not None:
            low, _, high = span.partition(" to ")
            gains[value.partition("=")[0]] = Interval(float(low), float(high), policy.bootstrap.confidence)
    return gains


@pytest.mark.parametrize(("toml", "champion", "challenger", "verdict", "because"), list(examples()))
def test_the_page_is_true(toml: str, champion: str, challenger: str, verdict: str, because: str) -> None:
    """The policy decides as the page says, with the page's words."""
    problems: list[str] = []
    policy = read_policy(TomlTable(tomllib.loads(toml), "", problems, {}))
    champion_metrics = None if champion == "none" else metrics(champion)

    decision = decide(
        champion_metrics, EvaluationReport(metrics(challenger), 0, 1), policy, intervals(challenger, policy)
    )

    assert problems == []
    assert (decision.verdict.value, decision.summary) == (verdict, because)


def test_there_are_examples() -> None:
    """The page is read at all."""
    assert len(list(examples())) >= 19
