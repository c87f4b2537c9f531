"""The routes of a running stack, with its own settings."""

import json
from collections.abc import Iterable
from pathlib import Path

from landfall.errors import CommandError
from landfall.stack.stack_state import StateFolder
from shared.errors import ConfigError
from shared.records.run import UNROUTED
from shared.routes.load import Routes, load_routes


def routes_of(state: StateFolder, path: str) -> Routes:
    """Load the routes of a running stack, with its own settings.

    Raises:
        CommandError: they have become wrong meanwhile.
    """
    settings = json.loads(state.settings.read_text(encoding="utf-8"))["Values"]
    try:
        return load_routes(Path(path), settings)
    except ConfigError as error:
        raise CommandError("\n".join(error.problems)) from error


def check_route(folder: Path, name: str) -> None:
    """Check that a running stack has a route, or that it is the name under which files without one are recorded.

    Raises:
        CommandError: it has none of that name.
    """
    state = StateFolder(folder)
    known = routes_of(state, state.read_document()["routes"]).routes
    if name != UNROUTED and name not in known:
        raise no_such_route(name, known)


def no_such_route(name: str, known: Iterable[str]) -> CommandError:
    """Return the error about a route that is not there."""
    return CommandError(f"there is no route {name!r}; there are: {', '.join(known)}")
