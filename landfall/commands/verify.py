"""`landfall verify`: the outcome of every file, the runs that wait, and violations of the contract."""

import argparse
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from landfall.commands.audit import Audit, Rows, audit, check_chains
from landfall.console import console, escape, print_json
from landfall.errors import CommandError, UsageError
from landfall.exit_status import ExitStatus
from landfall.settings_file import SettingsFileError, read_settings_file
from landfall.stack.run_store import ALL_RUNS
from landfall.stack.stack_routes import routes_of
from landfall.stack.stack_state import StateFolder
from landfall.times import moment
from shared.adapters.storage.storage_factory import Storage
from shared.errors import ConfigError, LandfallError
from shared.intake.manifest import MAX_TEXT_BYTES, member_list_from
from shared.plurals import counted
from shared.ports.blob_files import BlobFiles
from shared.records.run import Run
from shared.routes.load import Routes, load_routes
from shared.services import MAX_CONCURRENCY
from shared.storage_settings import StorageAccount, read_storage_account

ATTEMPTS, PAUSE_S = 3, 1.0  # a violation that only stood between two reads is gone at the next attempt


def verify(options: argparse.Namespace) -> int:
    """Audit a running stack, or the system of a settings file; returns 0 only if nothing violates the contract.

    Raises:
        UsageError: two systems are named.
        CommandError: the system's settings or routes are wrong, or its storage does not answer.
    """
    if options.settings is not None and options.state_given:
        raise UsageError("--settings FILE and --state DIR name two systems: keep one")
    routes, account = _stack(options.state) if options.settings is None else read_live_system(options.settings)
    for attempt in range(ATTEMPTS):
        try:
            result = _audit_once(routes, Storage.open(account), chain=options.chain)
        except LandfallError as error:
            advice = f"\n  {StateFolder(options.state).advice()}" if options.settings is None else ""
            raise CommandError(f"the storage does not answer: {error}{advice}") from error
        if result.ok or attempt == ATTEMPTS - 1:
            break
        time.sleep(PAUSE_S)
    if options.json:
        print_json(result.to_json())
    else:
        _print(result)
    return ExitStatus.SUCCESS if result.ok else ExitStatus.BROKEN


def _stack(folder: Path) -> tuple[Routes, StorageAccount]:
    state = StateFolder(folder)
    document = state.read_document()
    return routes_of(state, document["routes"]), StorageAccount(document["storage"])


def read_live_system(path: Path) -> tuple[Routes, StorageAccount]:
    """Return the routes and the storage of the system whose app settings stand in a file, as `func` writes it.

    Where the settings name a managed identity, which only the app in Azure has, the user's own sign-in is used
    (`az login`).

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


def _audit_once(routes: Routes, storage: Storage, *, chain: bool) -> Audit:
    """Read the listing and all rows, and compare them."""
    store = storage.runs
    # The listing comes first: a file that lands meanwhile has a run, which no listed version needs.
    versions = list(storage.blobs.versions(routes.input))
    active = {name: frozenset(stored.run.run_id for stored in store.active(name)) for name in routes.routes}
    runs = [stored.run for stored in store.list_runs(limit=ALL_RUNS)]
    records = {name: storage.endpoints.get(name, route.serving.name).record for name, route in routes.routes.items()}
    parts = {
        name: frozenset(part.run_id for part in store.parts(name))
        for name, route in routes.routes.items()
        if route.reading is not None or route.batch is not None
    }
    members = members_of_batches(storage.blobs, runs)
    result = audit(routes, versions, Rows(runs, active, records, parts, members), datetime.now(UTC))
    if chain:
        check_chains(result, ((run, store.history(run.route, run.run_id)) for run in runs))
    return result


def members_of_batches(blobs: BlobFiles, runs: Sequence[Run]) -> dict[str, frozenset[str]]:
    """Return the runs of each batch by the run that carries it, without lists that retention has deleted.

    Raises:
        LandfallError: storage does not answer, or a list cannot be read.
    """

    def read(run: Run) -> tuple[str, frozenset[str]] | None:
        if run.batch is None:
            return None
        try:
            text, _ = blobs.read_text(run.batch.members, MAX_TEXT_BYTES)
        except ConfigError:
            return None
        return run.run_id, frozenset(member.run_id for member in member_list_from(text).members)

    with ThreadPoolExecutor(max_workers=MAX_CONCURRENCY) as pool:
        return dict(named for named in pool.map(read, (run for run in runs if run.batch is not None)) if named)


def _print(result: Audit) -> None:
    out = console()
    outcomes = Counter(file["state"] or "not seen yet" for file in result.files)
    counts = ", ".join(f"{count} {state}" for state, count in sorted(outcomes.items()))
    out.print(f"{counted(len(result.files), 'file')}: {counts}" if result.files else "no files")
    for entry in result.waiting:
        reason = f"  {escape(entry['reason'])}" if entry["reason"] else ""
        since = moment(entry["since"])
        out.print(f"[cyan]waits[/]   {escape(entry['blob'])}  {entry['state'] or ''} since {since}{reason}")
    for entry in result.broken:
        run = f" (run {entry['run_id']})" if entry["run_id"] else ""
        out.print(f"[red]broken[/]  {entry['invariant']}: {escape(entry['what'])}{run}")
    violations = counted(len(result.broken), "thing breaks", "things break")
    out.print("nothing breaks the contract" if result.ok else f"{violations} the contract")
