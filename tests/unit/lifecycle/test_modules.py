"""How the modules of the lifecycle stand to each other."""

from pathlib import Path

import pytest

from shared.lifecycle import transition
from tests.unit.test_imports import ROOT, imports_of

STATE_MODULES = {step.__module__ for step in transition._BY_STATE.values()}


@pytest.mark.parametrize("module", sorted(STATE_MODULES))
def test_no_state_imports_another_state(module: str) -> None:
    """What states share stands in modules below them."""
    path = (ROOT / Path(*module.split("."))).with_suffix(".py")
    assert STATE_MODULES & (set(imports_of(path)) - {module}) == set()
