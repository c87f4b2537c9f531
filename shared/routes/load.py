"""Reads `routes.toml` into routes, and finds a file's route; every problem is reported at once."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from shared.blob_path import CONTAINER_NAME_RULE, is_container_name
from shared.errors import ConfigError, HostNotAllowedError
from shared.routes.file_patterns import FilePattern
from shared.routes.host_allowlist import AllowedHosts
from shared.routes.route import Route
from shared.routes.route_reader import RouteReader
from shared.routes.toml_reader import TomlTable

FORMAT_VERSION = 1


@dataclass(frozen=True)
class Routes:
    """The whole of `routes.toml`."""

    input: str  # the container the blob trigger watches
    allow_hosts: tuple[str, ...]  # host:port patterns the app may send requests to
    routes: Mapping[str, Route]
    warnings: tuple[str, ...] = ()  # values that are allowed but probably not meant, each with its key

    def match(self, blob_name: str) -> Route | None:
        """Return the route of a blob in the input container; since patterns never overlap, there is at most one."""
        return next((route for route in self.routes.values() if route.pattern.matches(blob_name)), None)

    def is_marker(self, blob_name: str) -> bool:
        """Tell whether a blob of the input container only says that a file is complete: it is no file itself."""
        return self.released_by(blob_name) is not None

    def released_by(self, blob_name: str) -> str | None:
        """Return the name of the file that a blob is the marker of; None if it is no marker.

        A marker is a hint, and no version of a file.
        """
        for route in self.routes.values():
            marker = route.reading.marker if route.reading is not None else None
            if marker and blob_name.endswith(marker) and route.pattern.matches(blob_name.removesuffix(marker)):
                return blob_name.removesuffix(marker)
        return None

    def check_output(self, route: Route, url: str) -> None:
        """Check the URL of a job's output, which a service named: the app reads it, and lets an endpoint read it.

        Raises:
            HostNotAllowedError: `allow_hosts` or the route's own `allow_hosts.outputs` does not name its host.
        """
        AllowedHosts(self.allow_hosts).check(url)
        if route.hosts.outputs:
            AllowedHosts(route.hosts.outputs, _own_list(route, "outputs")).check(url)


class RoutesReading(NamedTuple):
    """What was read of a routes file.

    Attributes:
        routes: what could be read; a value that is wrong reads as an empty one, or as its default. Nothing may be run
            with it if there are problems. None if the text is no TOML.
        problems: everything that is wrong, each with its key.
    """

    routes: Routes | None
    problems: list[str]


def load_routes(path: Path, environ: Mapping[str, str]) -> Routes:
    """Read the file at `path`, with every `${NAME}` replaced from `environ`.

    Raises:
        ConfigError: the file is missing or malformed; `problems` has every one, with path and key.
    """
    return parse_routes(_text(path), environ, str(path))


def parse_routes(text: str, environ: Mapping[str, str], source: str = "routes.toml") -> Routes:
    """Read the text of a routes file, with every `${NAME}` replaced from `environ`; problems begin with `source`.

    Raises:
        ConfigError: the text is malformed; `problems` has every one, with its key.
    """
    routes, problems = _read_text(text, environ)
    if problems or routes is None:
        raise ConfigError([f"{source}: {problem}" for problem in problems])
    return replace(routes, warnings=tuple(f"{source}: {warning}" for warning in routes.warnings))


def examine_routes(path: Path, environ: Mapping[str, str]) -> RoutesReading:
    """Read the file at `path` as far as it can be read: what it names can be checked although something is wrong."""
    try:
        text = _text(path)
    except ConfigError as error:
        return RoutesReading(None, error.problems)
    return _read_text(text, environ)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ConfigError([f"{path} does not exist. Correct the setting LANDFALL_ROUTES, which names it."]) from error
    except UnicodeDecodeError as error:
        raise ConfigError([f"{path} is not UTF-8 text ({error}). Save it as UTF-8."]) from error
    except OSError as error:
        raise ConfigError([f"{path} cannot be read: {error}."]) from error


def _read_text(text: str, environ: Mapping[str, str]) -> RoutesReading:
    try:
        document = tomllib.loads(text.removeprefix("\ufeff"))  # some editors begin a file with a byte order mark
    except tomllib.TOMLDecodeError as error:  # it names line and column
        return RoutesReading(None, [f"this is no TOML: {error}."])
    problems: list[str] = []
    warnings: list[str] = []
    routes = _read(TomlTable(document, "", problems, environ, warnings))
    return RoutesReading(replace(routes, warnings=tuple(warnings)), problems)


def _read(top: TomlTable) -> Routes:
    """Read the document; the routes may be used only if the table has no problems afterwards."""
    version = top.integer("version", FORMAT_VERSION, required=True)
    if version != FORMAT_VERSION:
        top.problem("version", f"is {version}, and this release reads version {FORMAT_VERSION}")
    container = top.text("input", add='the container that the app watches, for example input = "incoming"')
    if container and not is_container_name(container):
        top.problem(
            "input",
            f"is {container!r}, which is no container name",
            f"Use {CONTAINER_NAME_RULE}",
        )
    tables = top.tables_by_name("routes")
    if not tables:
        top.problem("routes", "is missing", "Add a table [routes.NAME] for each model")
    routes: dict[str, Route] = {}
    for name, table in tables.items():
        route = RouteReader(name, table).read()
        if route is not None:
            routes[name] = route
    allow_hosts = _allow_hosts(top, routes)
    top.finish()
    _check_between(top, routes)
    if not top.has_problems:
        _check_hosts(top, allow_hosts, routes)
    return Routes(container, allow_hosts, MappingProxyType(routes))


def _allow_hosts(top: TomlTable, routes: Mapping[str, Route]) -> tuple[str, ...]:
    """Read the hosts that the app may call; a file whose routes name no URL needs none."""
    if routes and not top.has("allow_hosts") and all(route.training.service != "classic" for route in routes.values()):
        return ()
    return tuple(
        top.texts("allow_hosts", add='the hosts to call, for example allow_hosts = ["*.services.azureml.net"]')
    )


def _own_list(route: Route, purpose: str) -> str:
    return f"routes.{route.name}.allow_hosts.{purpose}"


def _check_hosts(top: TomlTable, allow_hosts: tuple[str, ...], routes: Mapping[str, Route]) -> None:
    """Check that every URL leads to an allowed host: no run could call another."""
    allowed = AllowedHosts(allow_hosts)
    for route in routes.values():
        training = route.training.urls.items()
        urls = [(f"training.{name}", url, "training", route.hosts.training) for name, url in training]
        for number, endpoint in enumerate(route.endpoints):
            for name, url in endpoint.urls.items():
                urls.append((f"endpoints[{number}].{name}", url, "endpoints", route.hosts.endpoints))
        for key, url, purpose, patterns in urls:
            try:
                allowed.check(url)
                if patterns:
                    AllowedHosts(patterns, _own_list(route, purpose)).check(url)
            except HostNotAllowedError as error:
                top.problem(f"routes.{route.name}.{key}", f"cannot be called: {error}")


def _check_between(top: TomlTable, routes: Mapping[str, Route]) -> None:
    """Check the routes against each other: no patterns that overlap, no endpoint that two of them share."""
    for earlier, later in combinations(routes.values(), 2):
        if later.pattern.overlaps(earlier.pattern):
            top.problem(
                f"routes.{later.name}.files",
                f"is {later.files!r}, which overlaps {earlier.files!r} of routes.{earlier.name}",
                "Change one, so that a file belongs to one route",
            )
    _check_markers(top, routes)
    owners: dict[str, str] = {}
    for route in routes.values():
        for endpoint in route.endpoints:
            where = f"routes.{route.name}.endpoints ({endpoint.name})"
            owner = owners.setdefault(endpoint.address, where)
            if owner != where and endpoint.address:  # "": it is missing, which is reported already
                top.problem(
                    where,
                    f"has the {'patch_url' if endpoint.urls else 'endpoint'} of {owner}",
                    "Give each its own: an endpoint belongs to one route, and either serves or stages",
                )


def _check_markers(top: TomlTable, routes: Mapping[str, Route]) -> None:
    """Check that no marker is a file of a route: it would be trained on."""
    for route in routes.values():
        if route.intake is None or route.intake.marker is None:
            continue
        markers = FilePattern(route.files + route.intake.marker)
        for owner in routes.values():
            if owner.pattern.overlaps(markers):
                top.problem(
                    f"routes.{route.name}.intake.marker",
                    f"is {route.intake.marker!r}, and files = {owner.files!r} of routes.{owner.name} can match a"
                    " marker's name, so that the marker would land as a file",
                    "Let the pattern end otherwise, for example in *.csv, or change the marker",
                )
