"""What a state folder remembers of its last start: the configuration and the ports."""

import json
from dataclasses import dataclass

from landfall.errors import CommandError
from landfall.stack.stack_config import StackConfig
from landfall.stack.stack_ports import StackPorts
from landfall.stack.stack_state import StateFolder, write_private

LAST_START_FILE = "remembered.json"


@dataclass(frozen=True)
class LastStart:
    """The configuration and the ports of a start."""

    config: StackConfig
    ports: StackPorts


def read_last_start(state: StateFolder) -> LastStart | None:
    """Return the last start of a state folder; None before its first start.

    Raises:
        CommandError: the file cannot be read, or something else wrote it.
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
            f"{path} was not written by a start ({type(error).__name__}). Remove it, and give the routes, experiments"
            " and settings again."
        ) from error


def write_last_start(state: StateFolder, start: LastStart) -> None:
    """Record the start of a stack, readable for its owner only: settings may be secrets."""
    write_private(state.path / LAST_START_FILE, {"choice": start.config.to_json(), "ports": start.ports.to_json()})
