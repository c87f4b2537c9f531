"""What the end of a run means for whoever waited for it."""

import pytest

from landfall.exit_status import ExitStatus
from landfall.operations.outcome import comment, exit_status
from landfall.operations.show import colored
from shared.records.run import RunState


@pytest.mark.parametrize("state", list(RunState))
def test_only_promoted_and_unchanged_are_success(state: RunState) -> None:
    """Every other state, also one that is no end, is told by status 3."""
    fine = state in {RunState.PROMOTED, RunState.UNCHANGED}

    assert exit_status(state) == (ExitStatus.SUCCESS if fine else ExitStatus.OTHER_END)


def test_unchanged_says_that_it_is_fine() -> None:
    """Its name alone sounds as if something went wrong; a state that says it itself gets no comment."""
    assert "good end" in comment(RunState.UNCHANGED)
    assert colored(RunState.UNCHANGED).startswith("[green]")
    assert comment(RunState.PROMOTED) == comment(RunState.REJECTED) == ""
