"""The glossary has every word that the code stores or prints about a run and its decision."""

import re
from enum import StrEnum
from pathlib import Path

import pytest

from shared.gates.policy import NoChampion, Require
from shared.records import run_steps
from shared.records.decision import Verdict, Verification
from shared.records.run_states import RunState

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "glossary.md").read_text(encoding="utf-8")
WORDS = re.findall(r"^\| (.+?) \| .+ \|$", PAGE, re.MULTILINE)
STEPS = [
    (RunState(name.removesuffix("Step").lower()), step)
    for name, steps in vars(run_steps).items()
    if name.endswith("Step") and isinstance(steps, type) and issubclass(steps, StrEnum)
    for step in steps
]


@pytest.mark.parametrize("state", RunState)
def test_every_state_is_explained(state: RunState) -> None:
    """Each state of a run has a line of its own."""
    assert f"`{state}`" in WORDS


@pytest.mark.parametrize(("state", "step"), STEPS)
def test_every_step_is_explained(state: RunState, step: StrEnum) -> None:
    """Each step of a state has a line of its own, written as commands print it."""
    assert f"`{state} ({step})`" in WORDS


def test_the_page_names_no_other_step() -> None:
    """A step that the code no longer has is not explained."""
    assert {word for word in WORDS if re.fullmatch(r"`\w+ \(.+\)`", word)} == {
        f"`{state} ({step})`" for state, step in STEPS
    }


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_is_explained(verdict: Verdict) -> None:
    """Each verdict of a decision has a line of its own."""
    assert f"verdict `{verdict}`" in WORDS


@pytest.mark.parametrize("choice", [*NoChampion, *Require])
def test_every_choice_of_a_policy_is_explained(choice: NoChampion | Require) -> None:
    """Each value of `no_champion` and `require` has a line of its own."""
    assert f"`{choice}`" in WORDS


@pytest.mark.parametrize("verification", Verification)
def test_every_way_of_verification_is_explained(verification: Verification) -> None:
    """Each way to verify a promotion, as a decision records it, has a line of its own."""
    assert f"`{verification}`" in WORDS
