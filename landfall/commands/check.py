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
from shared.routes.load import Routes, RoutesReading, examine_routes
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
    reading = _read_routes(checks, system)
    account = _read_account(checks, system)
    if reading.routes is not None and account is not None:
        for finding in _findings(reading, reading.routes, Storage.open(account)):
            checks.add(*finding)
    elif reading.routes is not None and system.unknown:
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


def _read_routes(checks: Checks, system: _System) -> RoutesReading:
    """Read the routes; each problem and each warning becomes a check."""
    file = str(system.routes)
    reading = examine_routes(system.routes, system.settings)
    for problem in reading.problems:
        checks.done.append(Check(file, ok=False, result=problem))
    if not reading.problems:
        checks.add(file, "it can be read")
    for warning in reading.routes.warnings if reading.routes is not None else ():
        checks.warn(file, warning)
    return reading


def _read_account(checks: Checks, system: _System) -> StorageAccount | None:
    """Read the settings of the storage account, if there are any; each problem becomes a check."""
    if not system.storage:
        return None
    try:  # the managed identity of the settings is the app's alone; a person signs in as themselves
        return replace(read_storage_account(system.storage), managed=False, client_id="")
    except ConfigError as error:
        for problem in error.problems:
            checks.add("the storage account", problem, "correct the setting")
        return None


def _findings(reading: RoutesReading, routes: Routes, storage: Storage) -> Iterator[Finding]:
    """Check what the routes name in storage; not what a key names that is wrong itself."""
    for route in routes.routes.values():
        checks_of_files = file_checks(storage.blobs, route)
        checks_of_intake = intake_checks(storage.blobs, storage.runs, route)
        for setup_check in (*checks_of_files, *checks_of_intake):
            if not any(problem.startswith(f"{setup_check.subject} ") for problem in reading.problems):
                yield from setup_check.findings()


def _print(checks: Checks) -> None:
    out = console()
    for line in checks.lines():
        out.print(line)
    wrong = sum(not result.ok for result in checks.done)
    out.print(f"{wrong} wrong" if wrong else "nothing is wrong; `landfall doctor` also asks the services")
