"""Queue messages survive the queue, and anything else is refused with its reason."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import BadMessageError
from shared.records.messages import EvaluationMessage


@given(st.text(min_size=1), st.text(min_size=1))
def test_round_trip(route: str, run_id: str) -> None:
    """What is written is read again."""
    message = EvaluationMessage(route, run_id)

    assert EvaluationMessage.from_text(message.to_text()) == message


@pytest.mark.parametrize(
    "text",
    ["", "x", "[]", "{}", '{"version": 2, "route": "a", "run_id": "b"}', '{"version": 1, "route": "a"}', "null", "1"],
)
def test_other_texts_are_refused(text: str) -> None:
    """Not JSON, another version, or a member missing: an error that says so."""
    with pytest.raises(BadMessageError, match="evaluation message"):
        EvaluationMessage.from_text(text)


def test_a_message_holds_ids_only() -> None:
    """Nothing but version, route and run: no address, no token."""
    assert set(json.loads(EvaluationMessage("census", "ab").to_text())) == {"version", "route", "run_id"}
