"""`landfall check`: routes.toml and what it names in storage, before anything runs. It sends nothing to a service."""

import argparse
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from landfall.console import console, print_json
from landfall.doctor.checks import Check, Checks
from landfall.errors import CommandError, UsageError
from landfall.exit_status import ExitStatus
from landfall.settings_file import SettingsFileError, read_settings_file
from landfall.stack.settings import ROUTES_SETTING
from landfall.stack.stack_state import StateFolder
from shared.adapters.storage.storage_factory import Storage
from shared.errors import ConfigError
from shared.operators.check_finding import Finding
from shared.operators.file_checks import file_checks
from shared.operators.intake_checks import intake_checks
from shared.routes.load import Routes, load_routes
from shared.storage_settings import StorageAccount, read_storage_account

FILES = "the files that it names in storage"


@dataclass(frozen=True)
class _System:
    """What is checked.

    Attributes:
        routes: the path of routes.toml.
        settings: the app settings that it names.
        storage: settings that name the storage account; empty if none is known.
        unknown: why none is known.
    """

    routes: Path
    settings: Mapping[str, str]
    storage: Mapping[str, str]
    unknown: str = ""


def check(options: argparse.Namespace) -> int:
    """Print every problem of a routes file at once; returns 0 only if there is none, with `--strict` no warning either.

    Raises:
        UsageError: two systems are named.
        CommandError: the settings file cannot be read, or the state folder has had no stack.
    """
    if options.settings is not None and options.state_given:
        raise UsageError("--settings FILE and --state DIR name two systems: keep one")
    checks = Checks()
    system = _system(options)
    routes, account = _read(checks, system)
    if routes is not None and account is not None:
        for finding in _findings(routes, Storage.open(account)):
            checks.add(*finding)
    elif routes is not None and system.unknown:
        checks.add(FILES, f"not checked: {system.unknown}")
    broken = not checks.ok or (options.strict and any(result.warning for result in checks.done))
    if options.json:
        print_json({"ok": not broken, "checks": [result.to_json() for result in checks.done]})
    else:
        _print(checks)
    return ExitStatus.BROKEN if broken else ExitStatus.SUCCESS


def _system(options: argparse.Namespace) -> _System:
    """Return the system that the options name: a settings file's, a state folder's, or this environment's."""
    state = StateFolder(options.state)
    try:
        if options.settings is not None:
            settings = read_settings_file(options.settings)
            path = options.routes or options.settings.parent / settings.get(ROUTES_SETTING, "routes.toml")
            return _System(path, settings, settings)
        if state.settings.is_file():
            settings = read_settings_file(state.settings)
            path = options.routes or Path(settings[ROUTES_SETTING])
            try:
                state.read_document()
            except CommandError as error:
                return _System(path, settings, {}, str(error))
            return _System(path, settings, settings)
    except SettingsFileError as error:
        raise CommandError(str(error)) from error
    if options.state_given:
        state.read_document()
    path = options.routes or Path(os.environ.get(ROUTES_SETTING, "routes.toml"))
    return _System(path, os.environ, {}, "no stack was started here, and --settings FILE names no app")


def _read(checks: Checks, system: _System) -> tuple[Routes | None, StorageAccount | None]:
    """Read the routes and the storage account; what is wrong becomes a check each."""
    routes = account = None
    try:
        routes = load_routes(system.routes, system.settings)
    except ConfigError as error:
        for problem in error.problems:
            checks.done.append(Check(str(system.routes), ok=False, result=problem.removeprefix(f"{system.routes}: ")))
    if routes is not None:
        checks.add(str(system.routes), "it can be read")
        for warning in routes.warnings:
            checks.warn(str(system.routes), warning.removeprefix(f"{system.routes}: "))
    if system.storage:
        try:  # the managed identity of the settings is the app's alone; a person signs in as themselves
            account = replace(read_storage_account(system.storage), managed=False, client_id="")
        except ConfigError as error:
            for problem in error.problems:
                checks.add("the storage account", problem, "correct the setting")
    return routes, account


def _findings(routes: Routes, storage: Storage) -> Iterator[Finding]:
    for route in routes.routes.values():
        checks_of_files = file_checks(storage.blobs, route)
        checks_of_intake = intake_checks(storage.blobs, storage.runs, route)
        for setup_check in (*checks_of_files, *checks_of_intake):
            yield from setup_check.findings()


def _print(checks: Checks) -> None:
    out = console()
    for line in checks.lines():
        out.print(line)
    wrong = sum(not result.ok for result in checks.done)
    out.print(f"{wrong} wrong" if wrong else "nothing is wrong; `landfall doctor` also asks the services")
