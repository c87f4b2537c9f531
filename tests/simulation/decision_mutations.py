"""The guards of a decision, its approval and an operator's rollback, each taken out by a patch."""

from dataclasses import replace
from typing import Any
from unittest.mock import ANY

import pytest

from shared.gates import decision
from shared.lifecycle import (
    challenger_answers,
    decision_record,
    endpoint_preconditions,
    promoting,
    trained_state,
    verifying,
)
from tests.simulation.endpoint_mutations import lease
from tests.simulation.mutation import Mutation


def same_champion(patch: pytest.MonkeyPatch) -> None:
    """A decision counts although another champion is in service than it was made against."""
    looked = promoting._check_endpoint

    def whatever(route: Any, run: Any, record: Any, now: Any, *, intent_ended: bool) -> Any:
        summary = record.champion.summary() if record.champion else None
        following, effect = looked(route, replace(run, champion=summary), record, now, intent_ended=intent_ended)
        return (run if following.revision == run.revision else following), effect

    patch.setattr(promoting, "_check_endpoint", whatever)
    lease(patch)


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


def approval_of_one_decision(patch: pytest.MonkeyPatch) -> None:
    """An approval counts for whatever is decided later."""
    patch.setattr(decision_record, "decision_hash", lambda _: ANY)


def rollback_of_one_champion(patch: pytest.MonkeyPatch) -> None:
    """An operator's rollback goes on whichever model is in service by now."""
    for module in (endpoint_preconditions, promoting):
        patch.setattr(module, "other_champion", lambda *_: None)


DECISION_MUTATIONS: dict[str, Mutation] = {
    "same champion": same_champion,
    "shape before it is decided": shape_before_it_is_decided,
    "shape once it serves": shape_once_it_serves,
    "no champion by a rollback": no_champion_by_a_rollback,
    "decided after the rollback": decided_after_the_rollback,
    "approval of one decision": approval_of_one_decision,
    "rollback of one champion": rollback_of_one_champion,
}
