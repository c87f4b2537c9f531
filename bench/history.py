"""A long history: finished runs, written straight into table `runs` as copies of a real run."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import batched
from typing import Any
from uuid import uuid4

from azure.data.tables import TableClient

from bench.environment import ROUTE, Environment
from bench.errors import BenchError
from shared.pipeline import landing

TABLE = "runs"
EMPTY_FILE = "census/empty.csv"  # its run ends at once, and its rows are small
MAX_TRANSACTION_ROWS = 100  # the Table service takes no more
WRITERS = 4  # threads: the SDK prepares one transaction while the emulator writes another


class History:
    """The finished runs of the route: copies of a run that landed and ended, each with its newest history row.

    Copying the whole history would take half as long again, and a tick reads none of it.
    """

    def __init__(self, environment: Environment) -> None:
        environment.upload(EMPTY_FILE, "")
        landing.land(environment.services, environment.services.routes.input, EMPTY_FILE)
        runs = [stored.run for stored in environment.services.runs.list_runs(ROUTE)]
        self._finished = sum(run.terminal for run in runs)
        self._template = next((run.run_id for run in runs if run.blob == EMPTY_FILE and run.terminal), "")
        if not self._template:
            raise BenchError(f"{EMPTY_FILE} landed, and its run did not end")
        self._storage = environment.storage

    def grow_to(self, finished: int, progress: Callable[[int], None]) -> None:
        """Write copies until there are `finished` finished runs; `progress` is called after every transaction.

        Raises:
            BenchError: there are more than that already.
        """
        missing = finished - self._finished
        if missing < 0:
            raise BenchError(f"there are {self._finished} finished runs already: {finished} cannot be measured")
        with TableClient.from_connection_string(self._storage, TABLE) as table:
            *_, newest, run = sorted(table.query_entities(_rows_of(self._template)), key=lambda row: row["RowKey"])
            rows = [dict(newest), dict(run)]

            def write(ids: tuple[str, ...]) -> int:
                table.submit_transaction([("create", row) for row in self._copies(rows, ids)])
                return len(ids)

            with ThreadPoolExecutor(WRITERS, thread_name_prefix="history") as pool:
                copies = batched((uuid4().hex for _ in range(missing)), MAX_TRANSACTION_ROWS // len(rows), strict=False)
                for written in pool.map(write, copies):
                    self._finished += written
                    progress(self._finished)

    def _copies(self, rows: list[dict[str, Any]], ids: tuple[str, ...]) -> Iterator[dict[str, Any]]:
        """Yield the template's rows under other ids."""
        for run_id in ids:
            for row in rows:
                yield {
                    name: value.replace(self._template, run_id) if isinstance(value, str) else value
                    for name, value in row.items()
                }


def _rows_of(run_id: str) -> str:
    """Return the filter of all rows of a run."""
    history = f"RowKey ge 'hist;{run_id};' and RowKey lt 'hist;{run_id}<'"
    return f"PartitionKey eq '{ROUTE}' and (RowKey eq 'run;{run_id}' or ({history}))"
