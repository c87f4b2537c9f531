"""The routes of a running stack, with its own settings."""

import json
from collections.abc import Iterable
from pathlib import Path

from landfall.errors import CommandError
from landfall.stack.stack_state import StateFolder
from shared.errors import ConfigError
from shared.records.run_identity import UNROUTED
from shared.routes.load import Routes, load_routes


def routes_of(state: StateFolder, path: str) -> Routes:
    """Load the routes of a running stack, with its own settings.

    Raises:
        CommandError: routes.toml has become wrong since the start.
    """
    settings = json.loads(state.settings.read_text(encoding="utf-8"))["Values"]
    try:
        return load_routes(Path(path), settings)
    except ConfigError as error:
        raise CommandError("\n".join(error.problems)) from error


def check_route(folder: Path, name: str) -> None:
    """Check that a running stack has a route; files that no route matches have the route `UNROUTED`.

    Raises:
        CommandError: there is no such route.
    """
    state = StateFolder(folder)
    routes = routes_of(state, state.read_document()["routes"]).routes
    if name != UNROUTED and name not in routes:
        raise no_such_route(name, routes)


def no_such_route(name: str, routes: Iterable[str]) -> CommandError:
    """Return the error about a missing route."""
    return CommandError(f"there is no route {name!r}; there are: {', '.join(routes)}")
