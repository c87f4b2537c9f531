"""What the end of a run means for whoever waited for it."""

from pathlib import Path

from landfall.command_line import command
from landfall.exit_status import ExitStatus
from shared.records.run import Run, RunState

_FINE = frozenset({RunState.PROMOTED, RunState.UNCHANGED})
UNCHANGED_IS_FINE = (
    "unchanged is a good end: the new model answers as the one in service, which stays; there is nothing to do"
)


def exit_status(state: RunState) -> ExitStatus:
    """Return the exit status of a command that followed a run to its end."""
    return ExitStatus.SUCCESS if state in _FINE else ExitStatus.OTHER_END


def outcome_hint(run: Run, state: Path) -> str:
    """Return a line that says how an end is meant, or who must go on; "" where the state's name says it itself."""
    if run.state is RunState.HELD:
        verdict = (run.run_id[:8], "--reason", "WHY")
        either = " or ".join(command(verb, *verdict, state=state) for verb in ("approve", "reject"))
        return f"held until a person decides: {either}"
    return UNCHANGED_IS_FINE if run.state is RunState.UNCHANGED else ""
