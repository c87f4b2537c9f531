"""The guards, each taken out of the production code by a patch: what the simulator must then see broken."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast
from unittest.mock import ANY

import pytest
from azure.data.tables import TransactionOperation

from shared.adapters.storage import table_runs
from shared.adapters.storage.record_codec import to_columns
from shared.adapters.storage.table_client import Transaction
from shared.adapters.storage.table_endpoints import TableEndpointStore
from shared.adapters.storage.table_runs import TableRunStore
from shared.effects import endpoint_record_effects, job_effects
from shared.effects.run_session import RunSession
from shared.effects.send_permit import SendPermit
from shared.errors import BadAnswerError, PermanentError
from shared.gates import decision
from shared.lifecycle import (
    challenger_answers,
    decision_record,
    endpoint_preconditions,
    endpoint_release,
    job_states,
    promoting,
    rolling_back,
    trained_state,
    transition,
    verifying,
)
from shared.lifecycle.effects import SubmitJob, WriteIntent
from shared.lifecycle.observations import IntentWritten, JobCancelled, JobSubmitted, RollbackMarked
from shared.operators import retry
from shared.pipeline import reconciling, sweeping
from shared.records.run_states import RunState
from shared.records.run_steps import PromotingStep
from tests.simulation.choices import Schedule
from tests.simulation.plan import Directed, Plan
from tests.simulation.workers import Fault

type Mutation = Callable[[pytest.MonkeyPatch], None]


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
        change = _Blind(run.route, fence=table_runs._history_key(run))
        change.replace(table_runs._run_key(run), to_columns(run), None)
        if not run.terminal:
            change.replace(table_runs._active_key(run), to_columns(run), None)
        elif self._table.read(run.route, table_runs._active_key(run)) is not None:
            change.delete(table_runs._active_key(run), None)
        change.insert(table_runs._history_key(run), table_runs._history_columns(run))
        return table_runs._stored(run, self._table.write(change))

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
        session.services.training.start(session.route.training, submitted.job_id)
        return submitted

    patch.setattr(job_effects, "submit", submit_and_start)


def generation_fence(patch: pytest.MonkeyPatch) -> None:
    """A model from older data may replace one from newer data."""
    patch.setattr(endpoint_preconditions, "newer_in_service", lambda *_: None)


def lease(patch: pytest.MonkeyPatch) -> None:
    """Nobody waits for the run that holds the endpoint."""
    for module in (endpoint_preconditions, promoting):
        patch.setattr(module, "other_holder", lambda *_, **__: None)


def lease_token(patch: pytest.MonkeyPatch) -> None:
    """A run goes on with an endpoint that somebody else had in between."""
    patch.setattr(promoting, "still_holds", lambda *_: True)
    patch.setattr(promoting, "other_holder", lambda *_, **__: None)


def intent_before_patch(patch: pytest.MonkeyPatch) -> None:
    """The endpoint's row is not told what is about to happen."""

    def nothing(session: RunSession, _: WriteIntent) -> IntentWritten:
        return IntentWritten(session.endpoint().token)

    patch.setattr(endpoint_record_effects, "write_intent", nothing)


def endpoint_row_by_etag(patch: pytest.MonkeyPatch) -> None:
    """The endpoint's row is written whatever stands in it by now."""
    save = TableEndpointStore.save

    def unconditional(self: TableEndpointStore, before: Any, record: Any) -> Any:
        return save(self, self.get(before.record.route, before.record.name), record)

    patch.setattr(TableEndpointStore, "save", unconditional)


def same_champion(patch: pytest.MonkeyPatch) -> None:
    """A decision counts although another champion is in service than it was made against."""
    looked = promoting._check_endpoint

    def whatever(route: Any, run: Any, record: Any, now: Any, *, intent_ended: bool) -> Any:
        summary = record.champion.summary() if record.champion else None
        following, effect = looked(route, replace(run, champion=summary), record, now, intent_ended=intent_ended)
        return (run if following.revision == run.revision else following), effect

    patch.setattr(promoting, "_check_endpoint", whatever)
    lease(patch)


def rollback_is_marked(patch: pytest.MonkeyPatch) -> None:
    """A promotion is rolled back without a mark in the endpoint's row."""

    def unmarked(session: RunSession) -> RollbackMarked:
        intent = session.endpoint(fresh=True).intent
        return RollbackMarked(intent.from_model if intent else session.route.initial_model)

    patch.setattr(endpoint_record_effects, "mark_rollback", unmarked)


def end_before_release(patch: pytest.MonkeyPatch) -> None:
    """A refused run gives its intent back before its record says so, whoever else of it sends the model meanwhile."""
    given_up = promoting._given_up

    def unwritten(run: Any, step: PromotingStep, why: str, now: Any) -> Any:
        return run, given_up(run, step, why, now)[1]

    patch.setattr(promoting, "_given_up", unwritten)


def intent_of_another_worker(patch: pytest.MonkeyPatch) -> None:
    """A worker that ends a run takes away the intent that another worker of it has just written."""
    patch.setattr(endpoint_record_effects, "_AFTER_THE_INTENT", frozenset(RunState))


def permission_to_send(patch: pytest.MonkeyPatch) -> None:
    """A worker that stood still for long sends its update all the same."""
    patch.setattr(SendPermit, "check", lambda *_: None)


def waiting_for_the_unknown(patch: pytest.MonkeyPatch) -> None:
    """Another model is sent while an update whose fate is unknown may still arrive."""
    begin_restore = rolling_back.begin_restore

    def at_once(run: Any, why: str, now: Any) -> Any:
        return begin_restore(replace(run, in_flight_until=None), why, now)

    for module in (promoting, verifying):
        patch.setattr(module, "begin_restore", at_once)


def unknown_is_not_refused(patch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong with an update counts as its refusal: nobody waits for one that may still arrive."""
    for module in (trained_state, promoting, rolling_back):
        patch.setattr(module, "had_no_effect", lambda _: True)


def earlier_updates_count(patch: pytest.MonkeyPatch) -> None:
    """An update that is refused makes an earlier one, whose fate is unknown, forgotten."""
    for module in (trained_state, endpoint_preconditions):
        patch.setattr(module, "may_be_under_way", lambda *_: False)


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


def reconciliation(patch: pytest.MonkeyPatch) -> None:
    """Nobody looks whether an endpoint still serves what was verified."""
    patch.setattr(reconciling, "reconcile", lambda _: 0)


def known_before_it_is_repaired(patch: pytest.MonkeyPatch) -> None:
    """Whatever serves instead of what was verified is taken for an update that came late."""
    patch.setattr(reconciling, "answers_are_replaced", lambda *_: True)
    patch.setattr(reconciling, "location_is_replaced", lambda *_: True)


def known_by_its_answers(patch: pytest.MonkeyPatch) -> None:
    """A model is known by the location that the endpoint lists, and by that alone."""
    patch.setattr(reconciling, "answers_are_replaced", lambda *_: False)


def shape_before_it_is_decided(patch: pytest.MonkeyPatch) -> None:
    """A staged model that lost a class is promoted as any other."""
    patch.setattr(challenger_answers, "apply_answer_shape", lambda *args: (None, args[3]))


def shape_once_it_serves(patch: pytest.MonkeyPatch) -> None:
    """Without a staging endpoint a model that lost a class counts as verified by the change of its answers."""
    patch.setattr(verifying, "_shown", verifying._verified)


def no_champion_by_a_rollback(patch: pytest.MonkeyPatch) -> None:
    """What an operator went back to counts as unknown: a new model need not be better."""

    def unknown(*args: Any, after_rollback: bool) -> Any:
        del after_rollback
        return decision.decide(*args)

    patch.setattr(trained_state, "decide", unknown)


def decided_after_the_rollback(patch: pytest.MonkeyPatch) -> None:
    """A decision from before there was any champion counts after an operator went back to the initial model."""
    patch.setattr(promoting, "_went_back", lambda *_: False)


def dead_before_the_next_attempt(patch: pytest.MonkeyPatch) -> None:
    """A job that is overdue is not cancelled before the next attempt."""
    patch.setattr(job_effects, "cancel", lambda *_: JobCancelled())


def asked_before_a_second_try(patch: pytest.MonkeyPatch) -> None:
    """A run is tried again although the job of the attempt before may still run."""
    patch.setattr(retry, "_end_job", lambda *_, **__: None)


def approval_of_one_decision(patch: pytest.MonkeyPatch) -> None:
    """An approval counts for whatever is decided later."""
    patch.setattr(decision_record, "decision_hash", lambda _: ANY)


def rollback_of_one_champion(patch: pytest.MonkeyPatch) -> None:
    """An operator's rollback goes on whichever model is in service by now."""
    for module in (endpoint_preconditions, promoting):
        patch.setattr(module, "other_champion", lambda *_: None)


MUTATIONS: dict[str, Mutation] = {
    "insert-only claim": insert_only_claim,
    "pin by ETag": pin_by_etag,
    "ETag on the job id": etag_on_the_job_id,
    "start after save": start_after_save,
    "generation fence": generation_fence,
    "lease": lease,
    "lease token": lease_token,
    "intent before PATCH": intent_before_patch,
    "one decision": one_decision,
    "ETag on the endpoint's row": endpoint_row_by_etag,
    "same champion": same_champion,
    "mark of the rollback": rollback_is_marked,
    "end before release": end_before_release,
    "intent of another worker": intent_of_another_worker,
    "permission to send": permission_to_send,
    "waiting for the unknown": waiting_for_the_unknown,
    "unknown is not refused": unknown_is_not_refused,
    "earlier updates count": earlier_updates_count,
    "words of the service alone": words_of_the_service_alone,
    "rehydration": rehydration,
    "sweep": sweep,
    "reconciliation": reconciliation,
    "known before it is repaired": known_before_it_is_repaired,
    "known by its answers": known_by_its_answers,
    "shape before it is decided": shape_before_it_is_decided,
    "shape once it serves": shape_once_it_serves,
    "no champion by a rollback": no_champion_by_a_rollback,
    "decided after the rollback": decided_after_the_rollback,
    "dead before the next attempt": dead_before_the_next_attempt,
    "asked before a second try": asked_before_a_second_try,
    "approval of one decision": approval_of_one_decision,
    "rollback of one champion": rollback_of_one_champion,
}

# Where chance would take long to get to what a guard is for: the day that does, faults by operation and occurrence.
DIRECTED: dict[str, tuple[Plan, Schedule, Sequence[Directed]]] = {
    "permission to send": (Plan(), {"reply:9": 4}, []),
    "lease token": (Plan(files=2), {"down:2": 2}, []),
    "end before release": (Plan(), {"reply:9": 2}, [("scoring.patch", 3, Fault.REJECTED)]),
    "intent of another worker": (
        Plan(approval=True),
        {"wish:1": 3, "reply:11": 2},
        [("endpoints.read", 1, Fault.PAUSE_70)],
    ),
    "waiting for the unknown": (
        Plan(),
        {},
        [("scoring.patch", 2, Fault.LATE_55), ("scoring.patch", 3, Fault.REJECTED)],
    ),
    "unknown is not refused": (Plan(files=2), {}, [("scoring.patch", 1, Fault.LATE_55)]),
    "earlier updates count": (
        Plan(files=2),
        {},
        [("scoring.patch", 1, Fault.LATE_55), ("scoring.patch", 2, Fault.REJECTED)],
    ),
    "words of the service alone": (Plan(), {"page:1": 1}, []),
    "rehydration": (Plan(), {"archived:1": 1}, []),
    "reconciliation": (Plan(files=2), {"file:3": 4, "file:4": 2}, [("scoring.patch", 2, Fault.PAUSE_1100)]),
    # The older file is decided, and its copy fails until the newer one was promoted and gone back from.
    "decided after the rollback": (
        Plan(files=2, staging=False, overrides=True),
        {"file:3": 4, "wish:6": 2},
        [("blobs.copy", number, Fault.REFUSED) for number in range(1, 6)],
    ),
    "known before it is repaired": (Plan(stranger=True), {}, []),
    "asked before a second try": (
        Plan(retries=True),
        {"wish:1": 1, "job:1": 3},
        [("training.start", 1, Fault.PAUSE_70), ("training.start", 2, Fault.REJECTED)],
    ),
    "known by its answers": (
        Plan(files=2, copies=True),
        {"file:3": 4, "file:4": 2},
        [("scoring.patch", 2, Fault.PAUSE_1100)],
    ),
}


@contextmanager
def mutated(name: str | None) -> Iterator[None]:
    """Take a guard out for as long as the `with` lasts; None takes none out."""
    with pytest.MonkeyPatch.context() as patch:
        if name is not None:
            MUTATIONS[name](patch)
        yield
