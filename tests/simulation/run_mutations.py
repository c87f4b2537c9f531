"""The guards of a file, its run and its job, each taken out of the production code by a patch."""

from collections.abc import Mapping
from typing import Any, cast

import pytest
from azure.data.tables import TransactionOperation

from shared.adapters.storage import run_rows
from shared.adapters.storage.record_codec import to_columns
from shared.adapters.storage.table_client import Transaction
from shared.adapters.storage.table_runs import TableRunStore
from shared.effects import job_effects
from shared.effects.run_session import RunSession
from shared.errors import BadAnswerError, PermanentError
from shared.lifecycle import (
    endpoint_release,
    job_states,
    promoting,
    transition,
)
from shared.lifecycle.effects import SubmitJob
from shared.lifecycle.observations import JobCancelled, JobSubmitted
from shared.operators import retry
from shared.pipeline import sweeping
from shared.records.history import entry_of
from shared.records.run_states import RunState
from tests.simulation.mutation import Mutation


class _Blind(Transaction):
    """A transaction whose writes take the place of whatever is there."""

    def insert(self, row_key: str, columns: Mapping[str, Any]) -> None:
        """Write a row."""
        self.operations.append((TransactionOperation.UPSERT, self._row(row_key, columns), {}))

    def replace(self, row_key: str, columns: Mapping[str, Any], etag: str | None) -> None:
        """Write a row."""
        del etag
        self.insert(row_key, columns)


def insert_only_claim(patch: pytest.MonkeyPatch) -> None:
    """A claim takes the place of whatever run is there."""
    patch.setattr(Transaction, "insert", _Blind.insert)


def pin_by_etag(patch: pytest.MonkeyPatch) -> None:
    """Whatever the blob holds now is pinned, not the version that was claimed."""
    version = job_effects._version
    patch.setattr(job_effects, "_version", lambda run: version(run)._replace(etag=cast("str", None)))


def _without_conditions(patch: pytest.MonkeyPatch, states: frozenset[RunState]) -> None:
    save = TableRunStore.save

    def unconditional(self: TableRunStore, before: Any, run: Any) -> Any:
        if before.run.state not in states:
            return save(self, before, run)
        change = _Blind(run.route, fence=run_rows.history_key(run))
        change.replace(run_rows.run_key(run), to_columns(run), None)
        if not run.terminal:
            change.replace(run_rows.active_key(run), to_columns(run), None)
        elif self._table.read(run.route, run_rows.active_key(run)) is not None:
            change.delete(run_rows.active_key(run), None)
        change.insert(run_rows.history_key(run), to_columns(entry_of(run)))
        return run_rows.stored_run(run, self._table.write(change))

    patch.setattr(TableRunStore, "save", unconditional)


def etag_on_the_job_id(patch: pytest.MonkeyPatch) -> None:
    """The job's id is saved whatever stands in the row by now."""
    _without_conditions(patch, frozenset({RunState.LANDED}))


def one_decision(patch: pytest.MonkeyPatch) -> None:
    """A decision is written whatever stands in the row by now."""
    _without_conditions(patch, frozenset({RunState.TRAINED, RunState.STAGED, RunState.DECIDED, RunState.VERIFYING}))


def start_after_save(patch: pytest.MonkeyPatch) -> None:
    """The job is started before its id is saved."""
    submit = job_effects.submit

    def submit_and_start(session: RunSession, effect: SubmitJob) -> JobSubmitted:
        submitted = submit(session, effect)
        session.services.training.start(session.route.training, submitted.job_id, effect.request)
        return submitted

    patch.setattr(job_effects, "submit", submit_and_start)


def words_of_the_service_alone(patch: pytest.MonkeyPatch) -> None:
    """A gateway's answer is taken for the service's verdict."""
    for module in (job_states, endpoint_release, promoting):
        patch.setattr(module, "PermanentError", (PermanentError, BadAnswerError))


def rehydration(patch: pytest.MonkeyPatch) -> None:
    """Nobody looks whether an archived file can be read again."""
    known_steps = {state: step for state, step in transition._BY_STATE.items() if state is not RunState.WAITING}
    patch.setattr(transition, "_BY_STATE", known_steps)


def sweep(patch: pytest.MonkeyPatch) -> None:
    """Nobody looks for files that no event reported."""
    patch.setattr(sweeping, "sweep", lambda _: 0)


def dead_before_the_next_attempt(patch: pytest.MonkeyPatch) -> None:
    """A job that is overdue is not cancelled before the next attempt."""
    patch.setattr(job_effects, "cancel", lambda *_: JobCancelled())


def asked_before_a_second_try(patch: pytest.MonkeyPatch) -> None:
    """A run is tried again although the job of the attempt before may still run."""
    patch.setattr(retry, "_end_job", lambda *_, **__: None)


RUN_MUTATIONS: dict[str, Mutation] = {
    "insert-only claim": insert_only_claim,
    "pin by ETag": pin_by_etag,
    "ETag on the job id": etag_on_the_job_id,
    "one decision": one_decision,
    "start after save": start_after_save,
    "words of the service alone": words_of_the_service_alone,
    "rehydration": rehydration,
    "sweep": sweep,
    "dead before the next attempt": dead_before_the_next_attempt,
    "asked before a second try": asked_before_a_second_try,
}
