"""Answers of deployments, as Microsoft's inference server (azureml-inference-server-http 1.5.1) sends them."""

import pytest

from shared.adapters.azureml.score_wire import NoAnswersError, read_answers
from shared.gates.finite_numbers import finite_number
from shared.routes.azureml_services import AnswerKeys

KEYS = AnswerKeys("label", "probability")


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("[1, 0.30000000000000004]", ["1", "0.30000000000000004"]),  # run returned a list
        ('"[1, 2]"', ["1", "2"]),  # run returned json.dumps of a list: a string in a string
    ],
)
def test_answers_of_the_server_are_read(text: str, cells: list[str]) -> None:
    """A list is read as it was recorded, whether the script encoded it itself or not."""
    scored = read_answers(text, 2, KEYS)
    assert scored.columns == ("Scored Labels",)
    assert [row[0] for row in scored.rows] == cells


def test_a_nan_is_a_cell_without_a_number() -> None:
    """The server writes a NaN as it stands, which is no JSON: it is read, and counts as no number."""
    scored = read_answers("[NaN]", 1, KEYS)
    assert finite_number(scored.rows[0][0]) is None


@pytest.mark.parametrize("text", ['{"error": "x"}', "", "[" * 200_000, '"[1,"'])
def test_what_holds_no_answers_is_the_models_verdict(text: str) -> None:
    """An object, an empty body, half a list and endless nesting: the model cannot answer, and nothing else breaks."""
    with pytest.raises(NoAnswersError):
        read_answers(text, 1, KEYS)
