"""The guards of an endpoint: its row, the updates sent to it, and what serves; each taken out by a patch."""

from dataclasses import replace
from typing import Any

import pytest

from shared.adapters.storage.table_endpoints import TableEndpointStore
from shared.effects import endpoint_record_effects
from shared.effects.run_session import RunSession
from shared.effects.send_permit import SendPermit
from shared.lifecycle import (
    endpoint_preconditions,
    promoting,
    rolling_back,
    trained_state,
    verifying,
)
from shared.lifecycle.effects import WriteIntent
from shared.lifecycle.observations import IntentWritten, RollbackMarked
from shared.pipeline import reconciling
from shared.records.run_states import RunState
from shared.records.run_steps import PromotingStep
from tests.simulation.mutation import Mutation


def lease(patch: pytest.MonkeyPatch) -> None:
    """Nobody waits for the run that holds the endpoint."""
    for module in (endpoint_preconditions, promoting):
        patch.setattr(module, "other_holder", lambda *_, **__: None)


def lease_token(patch: pytest.MonkeyPatch) -> None:
    """A run goes on with an endpoint that somebody else had in between."""
    patch.setattr(promoting, "still_holds", lambda *_: True)
    patch.setattr(promoting, "other_holder", lambda *_, **__: None)


def generation_fence(patch: pytest.MonkeyPatch) -> None:
    """A model from older data may replace one from newer data."""
    patch.setattr(endpoint_preconditions, "newer_in_service", lambda *_: None)


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


ENDPOINT_MUTATIONS: dict[str, Mutation] = {
    "lease": lease,
    "lease token": lease_token,
    "generation fence": generation_fence,
    "intent before PATCH": intent_before_patch,
    "ETag on the endpoint's row": endpoint_row_by_etag,
    "mark of the rollback": rollback_is_marked,
    "end before release": end_before_release,
    "intent of another worker": intent_of_another_worker,
    "permission to send": permission_to_send,
    "waiting for the unknown": waiting_for_the_unknown,
    "unknown is not refused": unknown_is_not_refused,
    "earlier updates count": earlier_updates_count,
    "reconciliation": reconciliation,
    "known before it is repaired": known_before_it_is_repaired,
    "known by its answers": known_by_its_answers,
}
