"""The JSON bodies of the classic web services, out and in (pure; facts in protocol sections 1 to 3).

The studio has a codec of its own, on purpose: if one were shared, both could be wrong together.
"""

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import unquote

from shared.adapters.http.service_faults import CODE_LIMIT, lower_names
from shared.column_names import column_names
from shared.errors import BadAnswerError, ServiceFault, UnusableAnswerError
from shared.held_secrets import hide
from shared.plurals import counted
from shared.ports import BlobLocation, JobState, JobStatus, Resource, Scored
from shared.redaction import redact
from shared.routes.route import Training

DETAILS_LIMIT = 1000  # characters of a failed job's details that are kept; the text can be many KB (protocol 1.8)
NOTES_LIMIT = 2000  # characters of what a finished job says of its training that are kept, all lines together
SCORED = "scored "  # how the columns begin that a service adds (protocol 2)

# Of these every endpoint has some (protocol 3.2).
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
    training: Training, source: BlobLocation, model: BlobLocation, evaluation: BlobLocation
) -> dict[str, Any]:
    """Return the body that submits a job, in its third generation (protocol 1.3).

    An input may be given by a blob's SAS; outputs are known by connection string only, so theirs holds a SAS.
    """
    return {
        "Inputs": {training.input: _place(source)},
        "Outputs": {training.model_output: _target(model), training.evaluation_output: _target(evaluation)},
        "GlobalParameters": dict(training.global_parameters),
    }


def _place(location: BlobLocation) -> dict[str, str]:
    return {"BaseLocation": location.base, "RelativeLocation": location.relative, "SasBlobToken": location.sas}


def _target(location: BlobLocation) -> dict[str, str]:
    """Return a blob by connection string, beside which its name stands as it is, not as a part of a URL (1.3, 1.6)."""
    text = f"BlobEndpoint={location.base};SharedAccessSignature={location.sas.removeprefix('?')}"
    return {"ConnectionString": text, "RelativeLocation": unquote(location.relative)}


def read_job_id(text: str, fault: ServiceFault) -> str:
    """Read the answer to a submit: a JSON string (protocol 1.4).

    Raises:
        BadAnswerError: it is something else, or empty.
    """
    value = _json(text, fault)
    if not isinstance(value, str) or not re.fullmatch(r"(?!\.+$)[A-Za-z0-9._-]{1,128}", value.strip()):
        raise BadAnswerError(_because(fault, "the answer to a submit is not a JSON string with a job id"))
    if hide(value) != value:
        raise BadAnswerError(_because(fault, "the job id repeats a key, so it is kept nowhere"))
    return value.strip()


def read_status(text: str, fault: ServiceFault) -> JobStatus:
    """Read a job's status (protocol 1.6); a code that is not known is `UNKNOWN`, which means still running.

    Raises:
        BadAnswerError: the answer is no object, has no status code, or says Finished and where nothing is.
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
        if not isinstance(results, dict):  # null belongs to a job that is not finished (protocol 1.6)
            raise BadAnswerError(_because(fault, "the job is Finished, and the answer has no Results"))
        outputs = {name: _location(value, fault) for name, value in results.items() if value is not None}
    said = details if isinstance(details, str) else ""
    return JobStatus(
        state,
        failure_summary(said) if state is JobState.FAILED and said else "",
        outputs,
        redact(str(code))[:CODE_LIMIT],
        training_notes(said) if state is JobState.FINISHED else (),
    )


def training_notes(details: str) -> tuple[str, ...]:
    """Return what a finished job's `Details` say of its training, one note a line; cut at `NOTES_LIMIT` characters.

    The protocol knows Details of failed jobs only (1.6). A service may use those of a finished one for notes.
    """
    text = "\n".join(filter(None, (" ".join(line.split()) for line in redact(details).splitlines())))
    return tuple((text if len(text) <= NOTES_LIMIT else f"{text[: NOTES_LIMIT - 1].rstrip()}…").splitlines())


def failure_summary(details: str) -> str:
    """Return what people need of a failed job's `Details`: the innermost message and the request id (protocol 1.8)."""
    message = details.strip()
    start = details.find('{"Exception"')
    if start >= 0:
        try:
            exception: Any = json.JSONDecoder().raw_decode(details, start)[0]["Exception"]
            while isinstance(exception, dict):
                message = str(exception.get("Message") or message)
                exception = exception.get("Exception")
        except (ValueError, KeyError):
            pass  # cut off or not JSON after all: the text itself is what there is
    request = re.search(r"requestId = ([0-9a-f-]+)", details)
    tail = f" (requestId {request[1]})" if request and request[1] not in message else ""
    return redact(message)[: DETAILS_LIMIT - len(tail)] + tail


def patch_body(resource: str, location: BlobLocation) -> dict[str, Any]:
    """Return the body of UpdateResource (protocol 3.3)."""
    return {"Resources": [{"Name": resource, "Location": _place(location)}]}


def read_nothing(text: str, fault: ServiceFault) -> None:
    """Read the answer to what is only done: an empty body, or JSON of whatever kind (protocol 1.5, 1.7, 3.3).

    Raises:
        BadAnswerError: it is something else, such as a page: whether anything was done is not known.
    """
    if text.strip() and isinstance(value := _json(text, fault), dict) and "error" in lower_names(value):
        raise BadAnswerError(_because(fault, "the answer says that it is well, and holds an error"))


def read_resources(text: str, fault: ServiceFault) -> list[Resource]:
    """Read the updatable resources of an endpoint; `{}`, null or no member means that there are none (protocol 3.2).

    Raises:
        BadAnswerError: the answer is no object, or has nothing of an endpoint's.
    """
    members = _members(_json(text, fault), fault)
    if not _ENDPOINT_MEMBERS & members.keys():
        raise BadAnswerError(_because(fault, "the answer has no member of an endpoint"))
    listed = members.get("resources")
    found: list[Resource] = []
    for entry in listed if isinstance(listed, list) else []:
        members = _members(entry, fault)
        location = members.get("location")
        relative = _members(location, fault).get("relativelocation") if isinstance(location, dict) else ""
        found.append(Resource(str(members.get("name") or ""), str(relative or "").lstrip("/")))
    return found


def score_body(columns: Sequence[str], rows: Iterable[Sequence[str]], input_name: str) -> dict[str, Any]:
    """Return a request-response body in the array form (protocol 2)."""
    table = {"ColumnNames": list(columns), "Values": [list(row) for row in rows]}
    return {"Inputs": {input_name: table}, "GlobalParameters": {}}


def read_answers(text: str, columns: Sequence[str], row_count: int, fault: ServiceFault) -> Scored:
    """Read the scored columns of a request-response answer, per row and as text (protocol 2).

    These are the columns called "Scored ..."; if there are none, those that the request did not have.

    Raises:
        BadAnswerError: no table, or ragged rows.
        UnusableAnswerError: a table of another number of rows, or without a scored column.
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


def _json(text: str, fault: ServiceFault) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise BadAnswerError(_because(fault, "the answer is not JSON")) from None


def _members(value: Any, fault: ServiceFault) -> dict[str, Any]:
    """Return an object's members by lower-case name: spellings differ between services (protocol 0, 6 and 1.3)."""
    if not isinstance(value, dict):
        raise BadAnswerError(_because(fault, "the answer is not a JSON object where one belongs"))
    return lower_names(value)


def _location(value: Any, fault: ServiceFault) -> BlobLocation:
    """Read a location; base and relative part are made to fit by plain concatenation (protocol 1.6)."""
    members = _members(value, fault)
    base = str(members.get("baselocation") or "")
    relative, _, query = str(members.get("relativelocation") or "").lstrip("/").partition("?")
    token = str(members.get("sasblobtoken") or query)  # never a part of the name, which is written down
    return BlobLocation(
        base if base.endswith("/") or not base else base + "/",
        relative,
        token if token.startswith("?") or not token else "?" + token,
    )


def _because(fault: ServiceFault, message: str) -> ServiceFault:
    return ServiceFault(fault.operation, fault.url, fault.status, "", message)
