"""The codec: every documented shape of a body is read, and anything else is an error of our own."""

import contextlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.classic import bes_wire
from shared.adapters.http.service_faults import read_fault
from shared.errors import BadAnswerError, LandfallError, ServiceFault, UnusableAnswerError
from shared.ports import BlobLocation, JobState, Resource
from shared.routes.route import Training

FAULT = ServiceFault("job status", "https://a.example/jobs/1")
TRAINING = Training(
    jobs_url="https://a.example/jobs",
    api_key="k",
    api_key_setting="K",
    input="input1",
    model_output="output1",
    evaluation_output="output2",
    global_parameters={"rate": "0.1"},
)
LOCATION = {"BaseLocation": "https://s.example/", "RelativeLocation": "c/m.ilearner", "SasBlobToken": "?sig=x"}


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


@pytest.mark.parametrize("text", ["", " \n", "null", "{}", '"ok"', '{"Id": 1}'])
def test_what_is_only_done_may_be_answered_with_anything_of_json(text: str) -> None:
    """Nothing at all is the usual answer."""
    bes_wire.read_nothing(text, FAULT)


@pytest.mark.parametrize("text", ["<html>We are down</html>", "OK", '{"error": {"code": "X"}}', '{"Error": null}'])
def test_a_page_does_not_say_that_it_is_done(text: str) -> None:
    """Whether anything was done is not known."""
    with pytest.raises(BadAnswerError):
        bes_wire.read_nothing(text, FAULT)


@pytest.mark.parametrize("text", ["{}", '{"message": "maintenance"}', "[]", "<html>"])
def test_an_endpoint_shows_that_it_is_one(text: str) -> None:
    """What has no member of an endpoint tells nothing of its resources."""
    with pytest.raises(BadAnswerError):
        bes_wire.read_resources(text, FAULT)


@pytest.mark.parametrize(
    ("text", "code", "message", "details"),
    [
        (
            '{"error": {"code": "BadArgument", "message": "m", "details": [{"code": "D", "message": "x", "t": 1}]}}',
            *("BadArgument", "m", (("D", "x"),)),
        ),
        ('{"error": {"code": "C", "message": "m", "details": {"code": "D", "message": "x"}}}', "C", "m", (("D", "x"),)),
        ('{"ErrorCode": "C", "Message": "m", "Details": [{"Code": "D"}]}', "C", "m", (("D", ""),)),
        ('{"error": "plain"}', "", "plain", ()),
        ('"text"', "", "text", ()),
        ("Service   Unavailable\n", "", "Service Unavailable", ()),
        ("<html><style>x</style><body><h1>502</h1> Bad <b>Gateway</b></body></html>", "", "502 Bad Gateway", ()),
        ("", "", "", ()),
        ("null", "", "", ()),
    ],
)
def test_error_bodies(text: str, code: str, message: str, details: tuple[tuple[str, str], ...]) -> None:
    """The documented object in its spellings, plain text, HTML and nothing at all."""
    fault = read_fault("submit job", "https://a.example/jobs", 400, text)

    assert (fault.code, fault.message, fault.details) == (code, message, details)
    assert fault.foreign is not bool(code)


@pytest.mark.parametrize(
    "text",
    [
        '{"statusCode": 404, "message": "Resource not found"}',
        '{"code": 5, "message": "Not Found", "details": []}',
        '{"code": "NotFound", "message": "no such upstream"}',
        '{"error": {"code": 404}}',
        '{"status": 404, "error": "Not Found", "path": "/x"}',
        '{"detail": "Not Found"}',
        '<?xml version="1.0"?><Error><Code>BlobNotFound</Code></Error>',
    ],
)
def test_what_gateways_say_is_not_the_service(text: str) -> None:
    """Each is the error body of some gateway or framework: none has the protocol's code where it belongs."""
    assert read_fault("start job", "https://a.example/jobs", 404, text).foreign


def test_storage_has_a_form_of_its_own() -> None:
    """Where a link leads to storage, its XML is a verdict."""
    text = '\ufeff<?xml version="1.0"?><Error><Code>BlobNotFound</Code><Message>no blob</Message></Error>'
    fault = read_fault("read output", "https://a.example/c/b", 404, text, of_storage=True)

    assert (fault.code, fault.foreign) == ("BlobNotFound", False)


READERS: list[Callable[[str], object]] = [
    lambda text: bes_wire.read_job_id(text, FAULT),
    lambda text: bes_wire.read_status(text, FAULT),
    lambda text: bes_wire.read_resources(text, FAULT),
    lambda text: bes_wire.read_answers(text, ["a"], 1, FAULT),
    lambda text: read_fault("x", "https://a.example/", 500, text),
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["StatusCode", "Results", "Result", "Details", "error", "Resources", "value", "Values", "Location"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("read", READERS)
@given(text=st.text() | JSON.map(json.dumps))
def test_any_body_is_read_or_refused(read: Callable[[str], object], text: str) -> None:
    """No body makes the codec fail in a way that the pipeline would not understand."""
    with contextlib.suppress(LandfallError):
        read(text)
