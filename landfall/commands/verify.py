"""`landfall verify`: what became of every file, what waits, and whether anything breaks the contract."""

import argparse
import json
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from landfall.commands.audit import Audit, Rows, audit, check_chains
from landfall.console import console, escape
from landfall.errors import CommandError, UsageError
from landfall.exit_status import ExitStatus
from landfall.settings_file import SettingsFileError, read_settings_file
from landfall.stack.stack_routes import routes_of
from landfall.stack.stack_state import StateFolder
from landfall.times import moment
from shared.adapters.storage.storage_factory import Storage
from shared.errors import ConfigError, LandfallError
from shared.plurals import counted
from shared.routes.load import Routes, load_routes
from shared.storage_settings import StorageAccount, read_storage_account

EVERY_RUN = 10_000_000
LOOKS, PAUSE_S = 3, 1.0  # what was only a moment between two reads is gone at the next look


def verify(options: argparse.Namespace) -> int:
    """Audit a running stack, or the system that a settings file names; 0 only if nothing breaks the contract."""
    if options.settings is not None and options.state_given:
        raise UsageError("--settings FILE and --state DIR name two systems: keep one")
    routes, account = _stack(options.state) if options.settings is None else open_live_system(options.settings)
    for look in range(LOOKS):
        try:
            found = _look(routes, Storage.open(account), chain=options.chain)
        except LandfallError as error:
            advice = f"\n  {StateFolder(options.state).advice()}" if options.settings is None else ""
            raise CommandError(f"the storage does not answer: {error}{advice}") from error
        if found.ok or look == LOOKS - 1:
            break
        time.sleep(PAUSE_S)
    if options.json:
        print(json.dumps(found.to_json(), indent=2))  # noqa: T201 - this is a command
    else:
        _tell(found)
    return ExitStatus.SUCCESS if found.ok else ExitStatus.BROKEN


def _stack(folder: Path) -> tuple[Routes, StorageAccount]:
    state = StateFolder(folder)
    document = state.read_document()
    return routes_of(state, document["routes"]), StorageAccount(document["storage"])


def open_live_system(path: Path) -> tuple[Routes, StorageAccount]:
    """Return the routes and the storage of the system whose app settings a file holds, as `func` writes them.

    Where they name an identity, which only the app in Azure has, whoever asks signs in instead (say, by `az login`).

    Raises:
        CommandError: the file cannot be read, or does not name a storage account and usable routes.
    """
    try:
        settings = read_settings_file(path)
        account = replace(read_storage_account(settings), managed=False, client_id="")
        routes = load_routes(path.parent / settings.get("LANDFALL_ROUTES", "routes.toml"), settings)
    except SettingsFileError as error:
        raise CommandError(str(error)) from error
    except ConfigError as error:
        raise CommandError("\n".join(error.problems)) from error
    return routes, account


def _look(routes: Routes, storage: Storage, *, chain: bool) -> Audit:
    """Read everything and compare it."""
    store = storage.runs
    # The listing comes first: what lands meanwhile has a run that no listed version needs.
    versions = list(storage.blobs.versions(routes.input))
    active = {name: frozenset(one.run.run_id for one in store.active(name)) for name in routes.routes}
    runs = [stored.run for stored in store.list_runs(limit=EVERY_RUN)]
    records = {name: storage.endpoints.get(name, route.serving.name).record for name, route in routes.routes.items()}
    found = audit(routes, versions, Rows(runs, active, records), datetime.now(UTC))
    if chain:
        check_chains(found, ((run, store.history(run.route, run.run_id)) for run in runs))
    return found


def _tell(found: Audit) -> None:
    out = console()
    outcomes = Counter(file["state"] or "not seen yet" for file in found.files)
    counts = ", ".join(f"{count} {state}" for state, count in sorted(outcomes.items()))
    out.print(f"{counted(len(found.files), 'file')}: {counts}" if found.files else "no files")
    for one in found.waiting:
        reason = f"  {escape(one['reason'])}" if one["reason"] else ""
        out.print(f"[cyan]waits[/]   {escape(one['blob'])}  {one['state'] or ''} since {moment(one['since'])}{reason}")
    for one in found.broken:
        run = f" (run {one['run_id']})" if one["run_id"] else ""
        out.print(f"[red]broken[/]  {one['invariant']}: {escape(one['what'])}{run}")
    breaks = counted(len(found.broken), "thing breaks", "things break")
    out.print("nothing breaks the contract" if found.ok else f"{breaks} the contract")
