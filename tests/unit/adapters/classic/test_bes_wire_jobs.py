"""The bodies of jobs: every documented shape is written or read, and what is no job is refused."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.classic import bes_wire
from shared.errors import BadAnswerError
from shared.ports.blob_location import BlobLocation
from shared.ports.training_service import JobState
from tests.route_parts import a_training
from tests.unit.adapters.classic.wire_examples import FAULT, LOCATION

TRAINING = replace(a_training(), global_parameters={"rate": "0.1"})


def test_a_submit_names_inputs_outputs_and_parameters() -> None:
    """The third generation's body: the input by its SAS, the outputs by connection strings that hold theirs."""
    places = [
        BlobLocation("https://s.example/", path, "?sig=x") for path in ("t/i%20.csv", "t/m.ilearner", "t/%2B.csv")
    ]
    body = bes_wire.submit_body(TRAINING, *places)
    text = "BlobEndpoint=https://s.example/;SharedAccessSignature=sig=x"

    assert body == {
        "Inputs": {
            "input1": {
                "BaseLocation": "https://s.example/",
                "RelativeLocation": "t/i%20.csv",
                "SasBlobToken": "?sig=x",
            }
        },
        "Outputs": {
            "output1": {"ConnectionString": text, "RelativeLocation": "t/m.ilearner"},
            "output2": {"ConnectionString": text, "RelativeLocation": "t/+.csv"},
        },
        "GlobalParameters": {"rate": "0.1"},
    }


def test_a_job_id_is_a_json_string() -> None:
    """With its quotes, and white space around it."""
    assert bes_wire.read_job_id(' "539d0bc2fde945b6ac986b851d0000f0"\n', FAULT) == "539d0bc2fde945b6ac986b851d0000f0"


@pytest.mark.parametrize(
    "text", ["[]", '""', '" "', "{}", '{"error": {}}', "null", "12", '".."', '"../x"', '"a/b"', '"a?b"']
)
def test_no_other_answer_is_a_job_id(text: str) -> None:
    """An object, nothing, or what would change the URL it is put into is refused."""
    with pytest.raises(BadAnswerError, match="job id"):
        bes_wire.read_job_id(text, FAULT)


@pytest.mark.parametrize(
    ("code", "state"),
    [
        (0, JobState.NOT_STARTED),
        (1, JobState.RUNNING),
        (2, JobState.FAILED),
        (3, JobState.CANCELLED),
        (4, JobState.FINISHED),
        ("4", JobState.FINISHED),
        ("NotStarted", JobState.NOT_STARTED),
        ("Not started", JobState.NOT_STARTED),
        ("running", JobState.RUNNING),
        ("Failed", JobState.FAILED),
        ("Cancelled", JobState.CANCELLED),
        ("Canceled", JobState.CANCELLED),
        ("FINISHED", JobState.FINISHED),
        ("Queued", JobState.UNKNOWN),
        (5, JobState.UNKNOWN),
        (-1, JobState.UNKNOWN),
    ],
)
@pytest.mark.parametrize("key", ["StatusCode", "Status Code", "statusCode"])
def test_status_codes(key: str, code: int | str, state: JobState) -> None:
    """Integers and strings, both spellings of cancelled, any case; what is not known is still running."""
    results: dict[str, object] | None = {} if state is JobState.FINISHED else None
    assert bes_wire.read_status(json.dumps({key: code, "Results": results, "Details": None}), FAULT).state is state


def test_outputs_of_a_finished_job() -> None:
    """Locations are normalised so that base, path and token join; extra members do not matter."""
    untidy = {"baselocation": "https://s.example", "RelativeLocation": "/c/e.csv", "SasBlobToken": "sig=y", "X": 1}
    body = {"StatusCode": "Finished", "Results": {"output1": LOCATION, "output2": untidy, "gone": None}, "CreatedAt": 0}

    outputs = bes_wire.read_status(json.dumps(body), FAULT).outputs

    assert outputs == {
        "output1": BlobLocation("https://s.example/", "c/m.ilearner", "?sig=x"),
        "output2": BlobLocation("https://s.example/", "c/e.csv", "?sig=y"),
    }


def test_a_token_within_a_name_is_no_part_of_it() -> None:
    """Names are written down, tokens never; and whatever a state is called is short and holds no secret."""
    place = {"BaseLocation": "https://s.example/", "RelativeLocation": "c/m.ilearner?sig=CANARY"}
    status = bes_wire.read_status(json.dumps({"StatusCode": 4, "Results": {"output1": place}}), FAULT)
    assert status.outputs["output1"] == BlobLocation("https://s.example/", "c/m.ilearner", "?sig=CANARY")
    odd = bes_wire.read_status(json.dumps({"StatusCode": "sig=CANARY " + "x" * 9999}), FAULT)
    assert "CANARY" not in odd.code
    assert len(odd.code) <= 100


def test_the_single_result_of_the_first_generation() -> None:
    """`Result` instead of `Results` is an output as well."""
    body = {"StatusCode": 4, "Result": LOCATION, "Details": None}

    assert bes_wire.read_status(json.dumps(body), FAULT).outputs["output1"].relative == "c/m.ilearner"


@pytest.mark.parametrize(
    "text",
    [
        *("", "<html>", "[]", "null", "{}", '{"StatusCode": true}', '{"StatusCode": null}'),
        '{"StatusCode": "Finished", "Results": null}',
        '{"StatusCode": 4}',
        '{"StatusCode": 4, "Results": []}',
    ],
)
def test_an_answer_without_a_status_is_refused(text: str) -> None:
    """It is an error, not a state; a finished job has results, so without them it is not known to be one."""
    with pytest.raises(BadAnswerError):
        bes_wire.read_status(text, FAULT)


def test_details_of_a_failed_job_are_boiled_down() -> None:
    """The innermost message and the request id are kept; keys in the text are not."""
    inner = {"Message": "All rows must have the same number of elements. AccountKey=CANARY;"}
    exception = {"Exception": {"ErrorId": "X", "Message": "outer", "Exception": inner}}
    details = (
        "Module: Reader; requestId = 01234567-89ab-cdef-0123-456789abcdef errorComponent=Module. taskStatusCode=400. "
        + json.dumps(exception)
        + "Error: Error 1000 … Record Starts at UTC 05/06/2016"
    )

    summary = bes_wire.read_status(json.dumps({"StatusCode": 2, "Details": details}), FAULT).details

    assert summary.startswith("All rows must have the same number of elements.")
    assert "01234567-89ab-cdef-0123-456789abcdef" in summary
    assert "CANARY" not in summary


def test_a_finished_job_tells_of_its_training() -> None:
    """Each line of its details is a note; keys in them are taken out, a failed job's are its reason instead."""
    details = "column 'id' was dropped: an identifier\r\n\n  column 'when'\tis a date; sig=CANARY&x\n"

    finished = bes_wire.read_status(json.dumps({"StatusCode": 4, "Results": {}, "Details": details}), FAULT)
    failed = bes_wire.read_status(json.dumps({"StatusCode": 2, "Details": details}), FAULT)

    assert finished.notes == ("column 'id' was dropped: an identifier", "column 'when' is a date; sig=***&x")
    assert finished.details == ""
    assert failed.notes == ()


@pytest.mark.parametrize("details", [None, 7, {"Message": "m"}, "", " \n "])
def test_a_finished_job_need_not_tell(details: object) -> None:
    """The protocol promises no details of a finished job."""
    text = json.dumps({"StatusCode": "Finished", "Results": {}, "Details": details})

    assert bes_wire.read_status(text, FAULT).notes == ()


@given(st.text(max_size=5000) | st.just("a note\n" * 900))
def test_notes_are_capped(details: str) -> None:
    """However many they are, together they fit into a row; what was cut off shows."""
    notes = bes_wire.read_status(json.dumps({"StatusCode": 4, "Results": {}, "Details": details}), FAULT).notes

    assert len("\n".join(notes)) <= bes_wire.MAX_NOTES_LENGTH
    assert all(note.strip() for note in notes)
    assert len(" ".join(details.split())) <= bes_wire.MAX_NOTES_LENGTH or notes[-1].endswith("…")


@given(st.text(max_size=5000))
def test_any_details_are_capped(details: str) -> None:
    """However long and strange the text is, it fits into a row."""
    text = json.dumps({"StatusCode": "Failed", "Details": details})

    assert len(bes_wire.read_status(text, FAULT).details) <= bes_wire.MAX_DETAILS_LENGTH
