"""The codec of typed records: what is written comes back, and what is missing or of another kind is refused."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.records.decision import DecisionData, GateRecord, MeasuredOn, Verdict
from shared.records.golden_answers import GoldenAnswers
from shared.records.json_codec import reader_of, to_json_value
from shared.records.models import AnswerPart, Challenger, HoldoutMeasurement, HoldoutProgress
from shared.records.times import iso_time

PART = AnswerPart("training/a/1/holdout/x.json", 500)
RECORDS = [
    Challenger("m", {"AUC": 0.9, "F1": None}, measured=HoldoutMeasurement("i", "e", {}, (PART,)), archived_model="k"),
    GoldenAnswers("g", "e", before=(("no", "0.1"), ("yes", "0.9")), staged=()),
    HoldoutProgress("p", "e", "i", {"challenger": (PART, PART)}, use_recorded=False),
    DecisionData(None, same=False, note="n", challenger=MeasuredOn("b", "e", 0, 1, None)),
]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_what_is_written_comes_back(record: Any) -> None:
    """Every record, however deep, through JSON text."""
    text = json.dumps(to_json_value(record, with_defaults=True))
    kind: Any = type(record)
    assert reader_of(kind)(json.loads(text)) == record


def test_other_tools_read_no_defaults_and_the_fixed_names() -> None:
    """A member that says nothing is left out, but one without a default is null; two members have other names."""
    challenger = Challenger("m", {}, own_metrics={"AUC": 0.8}, archived_model="k")
    assert to_json_value(challenger) == {"model": "m", "metrics": {}, "own": {"AUC": 0.8}, "kept": "k"}
    assert to_json_value(DecisionData(None, same=True, note="n")) == {"champion": None, "same": True, "note": "n"}


def test_times_are_written_as_asked() -> None:
    """Rows keep microseconds; people and other tools read milliseconds."""
    when = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)
    assert to_json_value([when]) == ["2026-11-23T12:00:00.123456+00:00"]
    assert to_json_value([when], iso_time) == ["2026-11-23T12:00:00.123Z"]


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ({"metric": "AUC", "passed": True}, "reason is missing"),
        ({"metric": "AUC", "passed": 1, "reason": ""}, "1 is no bool"),
        ({"metric": None, "passed": True, "reason": ""}, "None is no str"),
        (["AUC", True, ""], "is no object"),
    ],
)
def test_what_is_no_such_record_is_refused(value: object, says: str) -> None:
    """Nothing is made up, and nothing is taken for another kind."""
    with pytest.raises(ValueError, match=says):
        reader_of(GateRecord)(value)


def test_an_unknown_word_of_an_enumeration_is_refused() -> None:
    """A verdict that this release does not know is none."""
    with pytest.raises(ValueError, match="perhaps"):
        reader_of(Verdict)("perhaps")


def test_a_kind_that_no_record_may_hold_is_a_mistake() -> None:
    """In writing as in reading."""
    with pytest.raises(TypeError, match="set"):
        to_json_value({1, 2})
    with pytest.raises(TypeError):
        reader_of(str | int)
