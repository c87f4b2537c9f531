"""What a state folder remembers of its last start: what was chosen, and the ports that others were told."""

import json
from dataclasses import dataclass

from landfall.errors import CommandError
from landfall.stack.stack_config import StackConfig
from landfall.stack.stack_ports import StackPorts
from landfall.stack.stack_state import StateFolder, write_private

LAST_START_FILE = "remembered.json"


@dataclass(frozen=True)
class LastStart:
    """What the folder was started with."""

    choice: StackConfig
    ports: StackPorts


def read_last_start(state: StateFolder) -> LastStart | None:
    """Return what a state folder remembers; None before its first start.

    Raises:
        CommandError: the file cannot be read.
    """
    state.check()
    path = state.path / LAST_START_FILE
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return LastStart(StackConfig.from_json(document["choice"]), StackPorts.from_json(document["ports"]))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise CommandError(
            f"{path} does not hold what a start leaves there ({type(error).__name__}). Remove it, and name the routes,"
            " experiments and settings again"
        ) from error


def write_last_start(state: StateFolder, memory: LastStart) -> None:
    """Write down what a stack was started with, readable for its owner only: settings may be secrets."""
    write_private(state.path / LAST_START_FILE, {"choice": memory.choice.to_json(), "ports": memory.ports.to_json()})
