"""The bodies of endpoints and their answers: every documented shape is read, anything else is refused."""

import json
from typing import Any

import pytest

from shared.adapters.classic import bes_wire
from shared.errors import BadAnswerError, UnusableAnswerError
from shared.ports.blob_location import BlobLocation
from shared.ports.scoring_service import Resource
from tests.unit.adapters.classic.wire_examples import FAULT, LOCATION


def test_a_patch_names_the_resource_and_the_location() -> None:
    """The body of UpdateResource."""
    body = bes_wire.patch_body("Modèle [trained model]", BlobLocation("https://s.example/", "c/m.ilearner", "?sig=x"))

    assert body == {"Resources": [{"Name": "Modèle [trained model]", "Location": LOCATION}]}


@pytest.mark.parametrize("listed", [{}, None, [], "x"])
def test_an_endpoint_without_resources(listed: object) -> None:
    """`{}`, null and an empty list all mean: there is none."""
    assert bes_wire.read_resources(json.dumps({"Name": "e", "Resources": listed}), FAULT) == []


def test_resources_of_an_endpoint() -> None:
    """Names and where each was last loaded from, without its token."""
    body = {"Resources": [{"Name": "M [trained model]", "Kind": "x", "Location": LOCATION}, {"Name": "N"}]}

    assert bes_wire.read_resources(json.dumps(body), FAULT) == [
        Resource("M [trained model]", "c/m.ilearner"),
        Resource("N", ""),
    ]


def answer(columns: list[str], rows: list[list[Any]], kind: str = "table") -> str:
    """Return a request-response answer."""
    return json.dumps({"Results": {"output1": {"type": kind, "value": {"ColumnNames": columns, "Values": rows}}}})


def test_scored_columns_are_the_answer() -> None:
    """Only what the service added counts, as text, for every row in order."""
    text = answer(["age", "Scored Labels", "Scored Probabilities"], [["1", "<=50K", "0.25"], ["2", ">50K", 0.75]])

    read = bes_wire.read_answers(text, ["age"], 2, FAULT)
    assert read.columns == ("Scored Labels", "Scored Probabilities")
    assert read.rows == (("<=50K", "0.25"), (">50K", "0.75"))


def test_other_added_columns_count_where_none_is_called_scored() -> None:
    """A clustering answers with assignments."""
    assert bes_wire.read_answers(answer(["age", "Assignments"], [["1", 3]]), ["age"], 1, FAULT).rows == (("3",),)


@pytest.mark.parametrize(
    "text",
    [
        answer(["Scored Labels", "x"], [["a"]]),
        '{"Results": {}}',
        '{"Results": {"a": {}, "b": {}}}',
        "[]",
        "no",
    ],
)
def test_other_answers_are_refused(text: str) -> None:
    """Ragged rows, no table: the protocol has no such answer, so it may be anybody's."""
    with pytest.raises(BadAnswerError):
        bes_wire.read_answers(text, ["age"], 1, FAULT)


@pytest.mark.parametrize(
    "text",
    [answer(["age"], [["1"]]), answer(["Scored Labels"], []), answer(["Scored Labels"], [["a"], ["b"]])],
)
def test_an_answer_of_the_service_may_be_of_no_use(text: str) -> None:
    """No scored column, another number of rows: the service's own word, and never a comparison."""
    with pytest.raises(UnusableAnswerError):
        bes_wire.read_answers(text, ["age"], 1, FAULT)


@pytest.mark.parametrize("text", ["{}", '{"message": "maintenance"}', "[]", "<html>"])
def test_an_endpoint_shows_that_it_is_one(text: str) -> None:
    """What has no member of an endpoint tells nothing of its resources."""
    with pytest.raises(BadAnswerError):
        bes_wire.read_resources(text, FAULT)
