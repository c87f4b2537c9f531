"""Runs whose job has an address at which the storage does not listen any more."""

from collections.abc import Iterable, Iterator

from shared.adapters.storage.table_runs import TableRunStore
from shared.records.run import Run
from shared.records.run_states import RunState
from shared.routes.load import Routes

_WITH_A_JOB = frozenset({RunState.SUBMITTED, RunState.STARTED})


def orphaned_job_warnings(storage: str, routes: Routes) -> Iterator[str]:
    """Yield a warning for each run with such a job, in a storage account by its connection string.

    Raises:
        LandfallError: the storage does not answer.
    """
    store = TableRunStore.from_connection_string(storage)
    yield from warnings_for(stored.run for name in routes.routes for stored in store.active(name))


def warnings_for(runs: Iterable[Run]) -> Iterator[str]:
    """Yield a warning for each run whose job may still write."""
    for run in runs:
        if run.state in _WITH_A_JOB and run.job_id:
            until = f", at the latest {run.deadline_at:%Y-%m-%d %H:%M:%S} UTC" if run.deadline_at else ""
            yield (
                f"run {run.run_id[:8]} of {run.blob} loses its job {run.job_id}, which has the old address."
                f" The run ends when that job fails{until}. Drop the file again then."
            )
