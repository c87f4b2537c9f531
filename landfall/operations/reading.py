"""Reads the runs of a running stack."""

import argparse
from pathlib import Path

from landfall.stack.hints import command
from landfall.stack.state import StackError, StateFolder
from shared.adapters.storage.table_runs import TableRunStore
from shared.errors import LandfallError
from shared.ports import StoredRun


def find_run(store: TableRunStore, beginning: str, state: Path) -> StoredRun:
    """Return the run whose id is, or begins with, a text; `state` is the state folder, for what to do if there is none.

    Raises:
        StackError: there is none, or more than one.
    """
    exact = store.find(beginning) if len(beginning) == 32 else None
    if exact is not None:
        return exact
    found = [one for one in store.list_runs(limit=10_000) if one.run.run_id.startswith(beginning)]
    if len({one.run.run_id for one in found}) > 1:
        ids = ", ".join(one.run.run_id[:12] for one in found[:5])
        raise StackError(f"{len(found)} runs begin with {beginning!r}: {ids}{' …' if len(found) > 5 else ''}")
    if not found:
        raise StackError(f"there is no run {beginning!r}: {command('runs', state=state)} lists them")
    return found[0]


def reading(options: argparse.Namespace) -> TableRunStore:
    """Return the runs that a command's options name.

    Raises:
        StackError: no stack runs there, or its storage does not answer.
    """
    state = StateFolder(options.state)
    storage = state.read_document()["storage"]
    try:
        return reading_from(storage)
    except StackError as error:
        raise StackError(f"{error}\n  {state.advice()}") from error


def reading_from(storage: str) -> TableRunStore:
    """Return the runs in a storage account, by its connection string.

    Raises:
        StackError: it does not answer.
    """
    try:
        store = TableRunStore.from_connection_string(storage)
        store.last_beat()
    except LandfallError as error:
        raise StackError(f"the storage does not answer: {error}") from error
    return store
