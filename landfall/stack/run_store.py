"""Opens the runs and the blobs of a running stack."""

from pathlib import Path

from landfall.errors import CommandError
from landfall.stack.stack_state import StateFolder
from shared.adapters.storage.blob_files import BlobStorageFiles
from shared.adapters.storage.table_runs import TableRunStore
from shared.errors import LandfallError

ALL_RUNS = 10_000_000  # a limit of a listing that leaves no run out


def open_stack_runs(folder: Path) -> TableRunStore:
    """Return the runs of the stack in a state folder.

    Raises:
        CommandError: no stack runs there, or its storage does not answer.
    """
    state = StateFolder(folder)
    storage = state.read_document()["storage"]
    try:
        return open_runs(storage)
    except CommandError as error:
        raise CommandError(f"{error}\n  {state.advice()}") from error


def open_stack_blobs(folder: Path) -> BlobStorageFiles:
    """Return the blobs of the stack in a state folder; nothing is sent yet.

    Raises:
        CommandError: no stack runs there.
    """
    return BlobStorageFiles.from_connection_string(StateFolder(folder).read_document()["storage"])


def open_runs(storage: str) -> TableRunStore:
    """Return the runs in a storage account, by its connection string.

    Raises:
        CommandError: the storage does not answer.
    """
    try:
        store = TableRunStore.from_connection_string(storage)
        store.heartbeats()
    except LandfallError as error:
        raise CommandError(f"the storage does not answer: {error}") from error
    return store
