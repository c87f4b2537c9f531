"""Reads the runs of a running stack."""

import argparse
from pathlib import Path

from landfall.stack.state import StackError, StateFolder
from shared.adapters.table_runs import TableRunStore
from shared.errors import LandfallError
from shared.ports import StoredRun


def store_of(state: Path) -> TableRunStore:
    """Return the runs of the stack in a state folder.

    Raises:
        StackError: no stack runs there.
    """
    return TableRunStore.from_connection_string(StateFolder(state).read_document()["storage"])


def find_run(store: TableRunStore, beginning: str) -> StoredRun:
    """Return the run whose id is, or begins with, a text.

    Raises:
        StackError: there is none, or more than one.
    """
    exact = store.find(beginning) if len(beginning) == 32 else None
    if exact is not None:
        return exact
    found = [one for one in store.list_runs(limit=10_000) if one.run.run_id.startswith(beginning)]
    if len({one.run.run_id for one in found}) > 1:
        ids = ", ".join(one.run.run_id[:12] for one in found[:5])
        raise StackError(f"{len(found)} runs begin with {beginning!r}: {ids} …")
    if not found:
        raise StackError(f"there is no run {beginning!r}: `landfall runs` lists them")
    return found[0]


def reading(options: argparse.Namespace) -> TableRunStore:
    """Return the runs that a command's options name.

    Raises:
        StackError: no stack runs there, or its storage does not answer.
    """
    store = store_of(options.state)
    try:
        store.list_runs(limit=1)
    except LandfallError as error:
        raise StackError(f"the stack's storage does not answer: {error}") from error
    return store
