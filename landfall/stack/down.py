"""Ends a stack from outside, also if the command that started it is gone."""

from pathlib import Path

from landfall.stack.processes import end_process
from landfall.stack.stack_state import ProcessIdentity, StateFolder

_ORDER = ("up", "host", "studio", "azurite")  # users of others first; `up` ends its parts itself


def stop_stack(path: Path) -> list[str]:
    """End the processes of the stack in a state folder; returns the names of those that ran."""
    state = StateFolder(path)
    processes = sorted(state.read_processes(), key=_position)
    ended = [process.name for process in processes if end_process(process)]
    state.clear()
    return ended


def _position(process: ProcessIdentity) -> int:
    return _ORDER.index(process.name) if process.name in _ORDER else len(_ORDER)
