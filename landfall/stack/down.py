"""Ends a stack from outside: its own processes, whatever became of the command that started it."""

from pathlib import Path

from landfall.stack.processes import end
from landfall.stack.stack_state import StateFolder

_ORDER = ("up", "host", "studio", "azurite")  # who uses others goes first; `up` ends its parts by itself


def stop_stack(path: Path) -> list[str]:
    """End what runs of the stack in a state folder; returns the names of what was ended, none if nothing ran."""
    state = StateFolder(path)
    identity = sorted(
        state.read_processes(), key=lambda one: _ORDER.index(one.name) if one.name in _ORDER else len(_ORDER)
    )
    ended = [one.name for one in identity if end(one)]
    state.clear()
    return ended
