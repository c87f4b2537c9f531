"""How many saves of runs fit into one transaction: 100 operations and 4 MiB are the service's limits."""

import json
from collections.abc import Iterator, Sequence

from shared.adapters.storage.run_rows import add_save, history_key
from shared.adapters.storage.table_client import Transaction
from shared.ports.intake_rows import MAX_RUNS_AT_ONCE, RunChange

LIMIT_BYTES = 4 * 1024 * 1024  # of a request
# A margin for what stands around the operations, and for the writer and the hash that a run gets when it is written.
MAX_BYTES_AT_ONCE = LIMIT_BYTES - 128 * 1024
_OPERATION_BYTES = 1_000  # of its headers, its address and its keys
_COLUMN_BYTES = 40  # of the type that may stand beside a column


def in_transactions(changes: Sequence[RunChange]) -> Iterator[Sequence[RunChange]]:
    """Divide changes into the least number of transactions, in order."""
    chunk: list[RunChange] = []
    size = 0
    for change in changes:
        more = bytes_of(change)
        if chunk and (len(chunk) == MAX_RUNS_AT_ONCE or size + more > MAX_BYTES_AT_ONCE):
            yield chunk
            chunk, size = [], 0
        chunk.append(change)
        size += more
    if chunk:
        yield chunk


def check_fits(changes: Sequence[RunChange]) -> None:
    """Refuse changes that are no single transaction.

    Raises:
        ValueError: there are none, they are of several routes, or they do not fit into one transaction.
    """
    routes = {run.route for _, run in changes}
    if len(routes) != 1:
        raise ValueError(f"runs of {len(routes)} routes cannot be saved in one transaction")
    is_large = len(changes) > 1 and sum(map(bytes_of, changes)) > LIMIT_BYTES
    if len(changes) > MAX_RUNS_AT_ONCE or is_large:
        raise ValueError(f"{len(changes)} runs do not fit into one transaction: divide them by in_transactions")


def bytes_of(change: RunChange) -> int:
    """Return about how many bytes of a transaction the save of a run takes, rather too many than too few."""
    before, run = change
    transaction = Transaction(run.route, fence=history_key(run))
    add_save(transaction, before, run)
    return sum(
        _OPERATION_BYTES + sum(len(name) + len(json.dumps(str(value))) + _COLUMN_BYTES for name, value in row.items())
        for _, row, _ in transaction.operations
    )
