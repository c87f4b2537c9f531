"""The JSON bodies of the classic web services, out and in (pure; facts in protocol sections 1 to 3).

The studio has a codec of its own, on purpose: with a shared one both sides could be wrong together.
"""

import json
import re
from collections.abc import Iterable, Sequence
from urllib.parse import unquote

from shared.adapters.http.service_faults import MAX_CODE_LENGTH, lower_names
from shared.column_names import column_names
from shared.errors import BadAnswerError, ServiceFault, UnusableAnswerError
from shared.held_secrets import hide
from shared.plurals import counted
from shared.ports.blob_location import BlobLocation
from shared.ports.scoring_service import Resource, Scored
from shared.ports.training_service import JobState, JobStatus
from shared.redaction import redact
from shared.routes.classic_services import ClassicTraining

MAX_DETAILS_LENGTH = 1000  # characters; the details of a failed job can be many KB (protocol 1.8)
MAX_NOTES_LENGTH = 2000  # characters of a finished job's notes, all lines together
SCORED = "scored "  # the beginning of the names of the columns that a service adds (protocol 2)

# Every endpoint has some of these members (protocol 3.2).
_ENDPOINT_MEMBERS = frozenset({"name", "resources", "webserviceid", "workspaceid", "apilocation", "primarykey"})
# Protocol 0, 4 and 1.6: integer or string, two spellings; "Finished" is 4 and "Failed" is 2.
_JOB_STATES = {
    **dict.fromkeys(("0", "notstarted"), JobState.NOT_STARTED),
    **dict.fromkeys(("1", "running"), JobState.RUNNING),
    **dict.fromkeys(("2", "failed"), JobState.FAILED),
    **dict.fromkeys(("3", "cancelled", "canceled"), JobState.CANCELLED),
    **dict.fromkeys(("4", "finished"), JobState.FINISHED),
}


def submit_body(
    training: ClassicTraining, source: BlobLocation, model: BlobLocation, evaluation: BlobLocation
) -> dict[str, object]:
    """Return the body that submits a job, in its third generation (protocol 1.3).

    An input may be given by a blob's SAS. Outputs can only be given by a connection string, so it holds a SAS.
    """
    return {
        "Inputs": {training.input: _place(source)},
        "Outputs": {training.model_output: _target(model), training.evaluation_output: _target(evaluation)},
        "GlobalParameters": dict(training.global_parameters),
    }


def _place(location: BlobLocation) -> dict[str, str]:
    return {"BaseLocation": location.base, "RelativeLocation": location.relative, "SasBlobToken": location.sas}


def _target(location: BlobLocation) -> dict[str, str]:
    """Return a blob by connection string; beside it the name is not percent-encoded (protocol 1.3, 1.6)."""
    text = f"BlobEndpoint={location.base};SharedAccessSignature={location.sas.removeprefix('?')}"
    return {"ConnectionString": text, "RelativeLocation": unquote(location.relative)}


def read_job_id(text: str, fault: ServiceFault) -> str:
    """Read the answer to a submit: a JSON string (protocol 1.4).

    Raises:
        BadAnswerError: it is no such string, or it is empty.
    """
    value = _json(text, fault)
    if not isinstance(value, str) or not re.fullmatch(r"(?!\.+$)[A-Za-z0-9._-]{1,128}", value.strip()):
        raise BadAnswerError(_because(fault, "the answer to a submit is not a JSON string with a job id"))
    if hide(value) != value:
        raise BadAnswerError(_because(fault, "the job id repeats a key, so it is kept nowhere"))
    return value.strip()


def read_status(text: str, fault: ServiceFault) -> JobStatus:
    """Read a job's status (protocol 1.6); an unknown code is `UNKNOWN`, which counts as still running.

    Raises:
        BadAnswerError: the answer is no object, has no status code, or is Finished without results.
    """
    body = _members(_json(text, fault), fault)
    code = body.get("statuscode")
    if not isinstance(code, str | int) or isinstance(code, bool):
        raise BadAnswerError(_because(fault, "a job's status has no StatusCode"))
    state = _JOB_STATES.get(re.sub(r"\s", "", str(code)).casefold(), JobState.UNKNOWN)
    details = body.get("details")
    outputs: dict[str, BlobLocation] = {}
    if state is JobState.FINISHED:
        results = body.get("results")
        if results is None and body.get("result") is not None:  # the first generation has a single one (protocol 1.6)
            results = {"output1": body["result"]}
        if not isinstance(results, dict):  # null means that the job is not finished (protocol 1.6)
            raise BadAnswerError(_because(fault, "the job is Finished, and the answer has no Results"))
        outputs = {name: _location(value, fault) for name, value in results.items() if value is not None}
    text = details if isinstance(details, str) else ""
    return JobStatus(
        state,
        failure_summary(text) if state is JobState.FAILED and text else "",
        outputs,
        redact(str(code))[:MAX_CODE_LENGTH],
        training_notes(text) if state is JobState.FINISHED else (),
    )


def training_notes(details: str) -> tuple[str, ...]:
    """Return the notes in a finished job's `Details`, one per line, cut at `MAX_NOTES_LENGTH` characters.

    The protocol has Details of failed jobs only (1.6); a service may use those of a finished job for notes.
    """
    text = "\n".join(filter(None, (" ".join(line.split()) for line in redact(details).splitlines())))
    return tuple((text if len(text) <= MAX_NOTES_LENGTH else f"{text[: MAX_NOTES_LENGTH - 1].rstrip()}…").splitlines())


def failure_summary(details: str) -> str:
    """Return the innermost message and the request id of a failed job's `Details` (protocol 1.8)."""
    message = details.strip()
    start = details.find('{"Exception"')
    if start >= 0:
        try:
            exception: object = json.JSONDecoder().raw_decode(details, start)[0]["Exception"]
            while isinstance(exception, dict):
                message = str(exception.get("Message") or message)
                exception = exception.get("Exception")
        except (ValueError, KeyError):
            pass  # cut off or no JSON: keep the text itself
    request = re.search(r"requestId = ([0-9a-f-]+)", details)
    tail = f" (requestId {request[1]})" if request and request[1] not in message else ""
    return redact(message)[: MAX_DETAILS_LENGTH - len(tail)] + tail


def patch_body(resource: str, location: BlobLocation) -> dict[str, object]:
    """Return the body of UpdateResource (protocol 3.3)."""
    return {"Resources": [{"Name": resource, "Location": _place(location)}]}


def read_nothing(text: str, fault: ServiceFault) -> None:
    """Check the answer to a call without a result: an empty body, or any JSON (protocol 1.5, 1.7, 3.3).

    Raises:
        BadAnswerError: it is something else, for example a page: the call may have had no effect.
    """
    if text.strip() and isinstance(value := _json(text, fault), dict) and "error" in lower_names(value):
        raise BadAnswerError(_because(fault, "the answer has a status of success, and holds an error"))


def read_resources(text: str, fault: ServiceFault) -> list[Resource]:
    """Read the updatable resources of an endpoint; `{}`, null or no member means none (protocol 3.2).

    Raises:
        BadAnswerError: the answer is no object, or has no member of an endpoint.
    """
    members = _members(_json(text, fault), fault)
    if not _ENDPOINT_MEMBERS & members.keys():
        raise BadAnswerError(_because(fault, "the answer has no member of an endpoint"))
    listed = members.get("resources")
    resources: list[Resource] = []
    for entry in listed if isinstance(listed, list) else []:
        members = _members(entry, fault)
        location = members.get("location")
        relative = _members(location, fault).get("relativelocation") if isinstance(location, dict) else ""
        resources.append(Resource(str(members.get("name") or ""), str(relative or "").lstrip("/")))
    return resources


def score_body(columns: Sequence[str], rows: Iterable[Sequence[str]], input_name: str) -> dict[str, object]:
    """Return a request-response body in the array form (protocol 2)."""
    table = {"ColumnNames": list(columns), "Values": [list(row) for row in rows]}
    return {"Inputs": {input_name: table}, "GlobalParameters": {}}


def read_answers(text: str, columns: Sequence[str], row_count: int, fault: ServiceFault) -> Scored:
    """Read the scored columns of a request-response answer, per row and as text (protocol 2).

    Those are the columns called "Scored ..."; if there are none, the columns that the request did not have.

    Raises:
        BadAnswerError: there is no table, or its rows are ragged.
        UnusableAnswerError: the table has another number of rows, or no scored column.
    """
    results = _members(_json(text, fault), fault).get("results")
    tables = list(results.values()) if isinstance(results, dict) else []
    table = _members(tables[0], fault) if len(tables) == 1 and isinstance(tables[0], dict) else {}
    value = _members(table.get("value", table), fault)
    listed, rows = value.get("columnnames"), value.get("values")
    if not isinstance(listed, list) or not isinstance(rows, list):
        raise BadAnswerError(_because(fault, "the answer holds no table with ColumnNames and Values"))
    names = column_names([str(name) for name in listed])
    if any(not isinstance(row, list) or len(row) != len(names) for row in rows):
        raise BadAnswerError(_because(fault, "the rows of the answer's table are not as long as its ColumnNames"))
    if len(rows) != row_count:
        sent_rows = counted(row_count, "row was", "rows were")
        raise UnusableAnswerError(_because(fault, f"{sent_rows} sent, the answer has {len(rows):,}"))
    scored = [index for index, name in enumerate(names) if name.casefold().startswith(SCORED)]
    sent = column_names(columns)
    scored = scored or [index for index, name in enumerate(names) if name not in sent]
    if not scored:
        raise UnusableAnswerError(_because(fault, "the answer has no scored column"))
    answers = tuple(tuple("" if row[index] is None else str(row[index]) for index in scored) for row in rows)
    return Scored(tuple(names[index] for index in scored), answers)


def _json(text: str, fault: ServiceFault) -> object:
    try:
        value: object = json.loads(text)
    except ValueError:
        raise BadAnswerError(_because(fault, "the answer is not JSON")) from None
    return value


def _members(value: object, fault: ServiceFault) -> dict[str, object]:
    """Return an object's members by lower-case name, since spellings differ between services (protocol 0, 6, 1.3)."""
    if not isinstance(value, dict):
        raise BadAnswerError(_because(fault, "the answer holds something else where a JSON object belongs"))
    return lower_names(value)


def _location(value: object, fault: ServiceFault) -> BlobLocation:
    """Read a location, so that base and relative part fit by plain concatenation (protocol 1.6)."""
    members = _members(value, fault)
    base = str(members.get("baselocation") or "")
    relative, _, query = str(members.get("relativelocation") or "").lstrip("/").partition("?")
    token = str(members.get("sasblobtoken") or query)  # never a part of the name, which is stored
    return BlobLocation(
        base if base.endswith("/") or not base else base + "/",
        relative,
        token if token.startswith("?") or not token else "?" + token,
    )


def _because(fault: ServiceFault, message: str) -> ServiceFault:
    return ServiceFault(fault.operation, fault.url, fault.status, "", message)
