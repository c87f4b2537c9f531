"""A long history: finished runs, written straight into the `runs` table as copies of a real one."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import batched
from typing import Any
from uuid import uuid4

from azure.data.tables import TableClient

from bench.errors import BenchError
from bench.world import ROUTE, World
from shared.pipeline import landing

TABLE = "runs"
EMPTY_FILE = "census/empty.csv"  # ends at once, and its rows are small: what grows is their number
TRANSACTION_ROWS = 100  # the most that the service takes
WRITERS = 4  # what the SDK does for one transaction overlaps what the emulator does for another


class History:
    """The finished runs of the route: copies of one that landed and ended, each its row and its newest history row.

    All of its history would take half as long again to write, and lies no closer to what a tick reads.
    """

    def __init__(self, world: World) -> None:
        world.upload(EMPTY_FILE, "")
        landing.land(world.services, world.services.routes.input, EMPTY_FILE)
        runs = [stored.run for stored in world.services.runs.list_runs(ROUTE)]
        self._finished = sum(run.terminal for run in runs)
        self._model = next((run.run_id for run in runs if run.blob == EMPTY_FILE and run.terminal), "")
        if not self._model:
            raise BenchError(f"{EMPTY_FILE} landed and did not end")
        self._storage = world.storage

    def grow_to(self, finished: int, progress: Callable[[int], None]) -> None:
        """Write copies until there are that many finished runs; `progress` is told after every transaction.

        Raises:
            BenchError: there are more already.
        """
        wanted = finished - self._finished
        if wanted < 0:
            raise BenchError(f"there are {self._finished} finished runs already, so {finished} cannot be measured")
        with TableClient.from_connection_string(self._storage, TABLE) as table:
            *_, newest, run = sorted(table.query_entities(_rows_of(self._model)), key=lambda row: row["RowKey"])
            rows = [dict(newest), dict(run)]

            def write(ids: tuple[str, ...]) -> int:
                table.submit_transaction([("create", row) for row in self._copies(rows, ids)])
                return len(ids)

            with ThreadPoolExecutor(WRITERS, thread_name_prefix="history") as pool:
                copies = batched((uuid4().hex for _ in range(wanted)), TRANSACTION_ROWS // len(rows), strict=False)
                for written in pool.map(write, copies):
                    self._finished += written
                    progress(self._finished)

    def _copies(self, rows: list[dict[str, Any]], ids: tuple[str, ...]) -> Iterator[dict[str, Any]]:
        """Give the model's rows under other ids."""
        for run_id in ids:
            for row in rows:
                yield {
                    name: value.replace(self._model, run_id) if isinstance(value, str) else value
                    for name, value in row.items()
                }


def _rows_of(run_id: str) -> str:
    """Return the filter of all rows of a run."""
    history = f"RowKey ge 'hist;{run_id};' and RowKey lt 'hist;{run_id}<'"
    return f"PartitionKey eq '{ROUTE}' and (RowKey eq 'run;{run_id}' or ({history}))"
