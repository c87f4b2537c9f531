"""What the end of a run means for whoever waited for it."""

from landfall.exit_status import ExitStatus
from shared.records.run import RunState

_FINE = frozenset({RunState.PROMOTED, RunState.UNCHANGED})
UNCHANGED_IS_FINE = (
    "unchanged is a good end: the new model answers as the one in service, which stays; there is nothing to do"
)


def exit_status(state: RunState) -> ExitStatus:
    """Return the exit status of a command that followed a run to its end."""
    return ExitStatus.SUCCESS if state in _FINE else ExitStatus.OTHER_END


def comment(state: RunState) -> str:
    """Return a line that says how an end is meant where its name alone may worry; "" where it says it itself."""
    return UNCHANGED_IS_FINE if state is RunState.UNCHANGED else ""
