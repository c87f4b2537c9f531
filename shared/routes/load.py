"""Reads `routes.toml` into routes, and finds a file's route; all problems are reported at once."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from shared.blob_path import CONTAINER_NAME_RULE, is_container_name
from shared.errors import ConfigError, HostNotAllowedError
from shared.routes.host_allowlist import AllowedHosts
from shared.routes.route import Route
from shared.routes.route_reader import RouteReader
from shared.routes.toml_reader import Table

FORMAT_VERSION = 1


@dataclass(frozen=True)
class Routes:
    """The whole of `routes.toml`."""

    input: str  # the container the blob trigger watches
    allow_hosts: tuple[str, ...]  # host:port patterns the app may send requests to
    routes: Mapping[str, Route]
    warnings: tuple[str, ...] = ()  # what is allowed and probably not meant, each with its key; nothing is refused

    def match(self, blob_name: str) -> Route | None:
        """Return the route of a blob in the input container; patterns do not overlap, so there is at most one."""
        return next((route for route in self.routes.values() if route.pattern.matches(blob_name)), None)

    def check_output(self, route: Route, url: str) -> None:
        """Pass the URL of a job's output as an answer names it: where the app may read, and let an endpoint read.

        Raises:
            HostNotAllowedError: its host is not on the list for everything, or not on the route's own for outputs.
        """
        AllowedHosts(self.allow_hosts).check(url)
        if route.hosts.outputs:
            AllowedHosts(route.hosts.outputs, _own_list(route, "outputs")).check(url)


def load_routes(path: Path, environ: Mapping[str, str]) -> Routes:
    """Read the file, with every `${NAME}` replaced from `environ`.

    Raises:
        ConfigError: the file is missing or malformed; `problems` has every one, each with its key.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")  # some editors begin a file with a byte order mark
    except FileNotFoundError as error:
        raise ConfigError([f"{path}: there is no such file; the setting LANDFALL_ROUTES names it"]) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"{path}: cannot be read: {error}"]) from error
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([f"{path}: not valid TOML: {error}"]) from error  # tomllib names line and column
    problems: list[str] = []
    warnings: list[str] = []
    routes = _read(Table(document, "", problems, environ, warnings))
    if problems:
        raise ConfigError([f"{path}: {problem}" for problem in problems])
    return replace(routes, warnings=tuple(f"{path}: {warning}" for warning in warnings))


def _read(top: Table) -> Routes:
    """Read the top of the document; problems are collected in the table, the result counts only if there are none."""
    version = top.integer("version", FORMAT_VERSION, required=True)
    if version != FORMAT_VERSION:
        top.problem("version", f"is {version}, this release reads version {FORMAT_VERSION}")
    container = top.text("input")
    if container and not is_container_name(container):
        top.problem(
            "input",
            f"is {container!r}, which is no container name: use {CONTAINER_NAME_RULE}",
        )
    allow_hosts = tuple(top.texts("allow_hosts"))
    tables = top.tables_by_name("routes")
    if not tables:
        top.problem("routes", "is missing: at least one [routes.NAME] is needed")
    routes: dict[str, Route] = {}
    for name, table in tables.items():
        route = RouteReader(name, table).read()
        if route is not None:
            routes[name] = route
    top.finish()
    _check_between(top, routes)
    if not top.found_problems:
        _check_hosts(top, allow_hosts, routes)
    return Routes(container, allow_hosts, MappingProxyType(routes))


def _own_list(route: Route, purpose: str) -> str:
    return f"routes.{route.name}.allow_hosts.{purpose}"


def _check_hosts(top: Table, allow_hosts: tuple[str, ...], routes: Mapping[str, Route]) -> None:
    """Check that every URL leads to a host that may be called: else no run could ever get there."""
    allowed = AllowedHosts(allow_hosts)
    for route in routes.values():
        urls = [("training.jobs_url", route.training.jobs_url, "training", route.hosts.training)]
        for number, endpoint in enumerate(route.endpoints, start=1):
            for name, url in (("patch_url", endpoint.patch_url), ("execute_url", endpoint.execute_url)):
                urls.append((f"endpoints[{number}].{name}", url, "endpoints", route.hosts.endpoints))
        for key, url, purpose, patterns in urls:
            try:
                allowed.check(url)
                if patterns:
                    AllowedHosts(patterns, _own_list(route, purpose)).check(url)
            except HostNotAllowedError as error:
                top.problem(f"routes.{route.name}.{key}", f"cannot be called: {error}")


def _check_between(top: Table, routes: Mapping[str, Route]) -> None:
    """Check what no route can tell alone: patterns that overlap, endpoints that two routes share."""
    seen = list(routes.values())
    for index, route in enumerate(seen):
        for other in seen[:index]:
            if route.pattern.overlaps(other.pattern):
                top.problem(
                    f"routes.{route.name}.files",
                    f"{route.files!r} overlaps {other.files!r} of routes.{other.name}: a file could belong to both",
                )
    owners: dict[str, str] = {}
    for route in seen:
        for endpoint in route.endpoints:
            where = f"routes.{route.name}.endpoints ({endpoint.name})"
            owner = owners.setdefault(endpoint.patch_url, where)
            if owner != where:
                top.problem(
                    where,
                    f"has the patch_url of {owner}: an endpoint belongs to one route and serves or stages, not both",
                )
