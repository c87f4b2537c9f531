"""The result: the JSON of a fixed shape, and a table and sentences for people."""

import io
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from landfall.chaos.report import Report

GOOD = Report(
    landed=3,
    outcomes={"promoted": 1, "rejected": 2},
    kills={"started": 4},
    lost=[],
    trained_twice=[],
    backward=[],
    unverified=[],
    secrets=[],
    longest_recovery_s=12.34,
    notes=["backwards for a while, and repaired: x"],
)


def test_a_good_run() -> None:
    """Exactly these names, counts as integers; what was repaired is no violation."""
    assert GOOD.to_json() == {
        "ok": True,
        "landed": 3,
        "outcomes": {"promoted": 1, "rejected": 2},
        "kills": {"started": 4},
        "lost": 0,
        "trained_twice": 0,
        "backward": 0,
        "unverified": 0,
        "secrets": 0,
        "longest_recovery_s": 12.3,
    }


@pytest.mark.parametrize("name", ["lost", "trained_twice", "backward", "unverified", "secrets", "broken", "missed"])
def test_each_violation_fails_the_run_and_is_printed(name: str) -> None:
    """So does a violation that `landfall verify` reports, and a chaos run that missed its goals."""
    violations: Any = {name: ["because of run [1]", "and of run [2]"]}
    bad = replace(GOOD, **violations)

    assert bad.to_json()["ok"] is False
    assert bad.to_json().get(name, 2) == 2
    out = io.StringIO()
    bad.explain(Console(file=out, width=200))
    assert "because of run [1]" in out.getvalue()
    assert "repaired: x" in out.getvalue()


def test_the_table_has_every_number() -> None:
    """It shows the counts of the JSON document."""
    out = io.StringIO()
    Console(file=out, width=200).print(replace(GOOD, lost=["a", "b"]).table())
    lines = [" ".join(line.split()) for line in out.getvalue().splitlines()]

    assert "files lost 2" in lines
    assert "versions trained twice 0" in lines
    assert "outcomes 1 promoted, 2 rejected" in lines
    assert "longest recovery 12.3 s" in lines
