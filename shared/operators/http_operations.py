"""The HTTP functions for people: operations with the function key, as JSON; approval with a link, as pages."""

import json
from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import parse_qs

from shared.errors import BadRequestError, ConfigError, LandfallError, OperationError, UnknownError
from shared.lifecycle.decision_record import decision_hash
from shared.operators import approval_page, approvals, endpoint_overrides, forget, output_links, retry
from shared.operators.authorization import Caller
from shared.operators.http_answers import Answer, error_answer, status_of
from shared.operators.json_body import read_object
from shared.records.json_codec import Json
from shared.records.run_json import run_to_json
from shared.records.times import iso
from shared.redaction import redact
from shared.services import Services

PAGE_HEADERS = approval_page.HEADERS
MAX_TEXT_CHARACTERS = 500  # of a reason or a name; the rest is cut off

type Request = Mapping[str, str]


class _Operation(NamedTuple):
    """What carries an operation out, and the members that its request must and may have.

    Attributes:
        documents: members that are whole documents, as text or as JSON: they are not cut off.
    """

    perform: Callable[[Services, Request], Json]
    required: frozenset[str]
    optional: frozenset[str]
    documents: frozenset[str] = frozenset()


def _approve(services: Services, request: Request) -> Json:
    decision = request.get("decision", "")
    return {"run": run_to_json(approvals.approve(services, request["run"], request["by"], request["reason"], decision))}


def _reject(services: Services, request: Request) -> Json:
    decision = request.get("decision", "")
    return {"run": run_to_json(approvals.reject(services, request["run"], request["by"], request["reason"], decision))}


def _invite(services: Services, request: Request) -> Json:
    valid_s = request.get("valid_s", str(approvals.DEFAULT_INVITATION_VALID_S))
    max_valid_s = approvals.MAX_INVITATION_VALID_S
    if not valid_s.isascii() or not valid_s.isdigit() or not 1 <= int(valid_s) <= max_valid_s:
        raise BadRequestError(f"valid_s must be a whole number from 1 to {max_valid_s}, not {valid_s!r}")
    invitation = approvals.invite(services, request["run"], int(valid_s))
    return {"link": f"/api/approval#{invitation.code}", "expires_at": iso(invitation.expires_at)}


def _links(services: Services, request: Request) -> Json:
    return output_links.links(services, request["run"])


def _retry(services: Services, request: Request) -> Json:
    even_if_running = _flag(request, "even_if_running")
    run = retry.retry(
        services, request["run"], request["by"], request.get("reason", ""), even_if_running=even_if_running
    )
    return {"run": run_to_json(run)}


def _forget(services: Services, request: Request) -> Json:
    cancel = _flag(request, "cancel")
    return forget.forget(services, request["blob"], request["by"], request["reason"], cancel=cancel).to_json()


def _flag(request: Request, name: str) -> bool:
    """Return an option of a request.

    Raises:
        BadRequestError: it is neither true nor false.
    """
    text = request.get(name, "false").casefold()
    if text not in {"true", "false"}:
        raise BadRequestError(f"{name} must be true or false, not {request[name]!r}")
    return text == "true"


def _schema(services: Services, request: Request) -> Json:
    from shared.operators import schema_operation  # noqa: PLC0415 - it reads CSV files

    return schema_operation.perform(services, request)


def _rollback(services: Services, request: Request) -> Json:
    run = endpoint_overrides.rollback(
        services, request["endpoint"], request["by"], request["reason"], request.get("to", "")
    )
    return {"run": run_to_json(run)}


def _freeze(services: Services, request: Request) -> Json:
    record = endpoint_overrides.freeze(services, request["endpoint"], request["by"], request["reason"])
    return {"endpoint": record.name, "route": record.route, "frozen": True}


def _unfreeze(services: Services, request: Request) -> Json:
    record = endpoint_overrides.unfreeze(services, request["endpoint"], request["by"], request.get("reason", ""))
    return {"endpoint": record.name, "route": record.route, "frozen": False}


_OPERATIONS: Mapping[str, _Operation] = {
    "approve": _Operation(_approve, frozenset({"run", "reason", "by"}), frozenset({"decision"})),
    "reject": _Operation(_reject, frozenset({"run", "reason", "by"}), frozenset({"decision"})),
    "invite": _Operation(_invite, frozenset({"run", "by"}), frozenset({"valid_s"})),
    "links": _Operation(_links, frozenset({"run"}), frozenset({"by"})),
    "retry": _Operation(_retry, frozenset({"run", "by"}), frozenset({"reason", "even_if_running"})),
    "forget": _Operation(_forget, frozenset({"blob", "reason", "by"}), frozenset({"cancel"})),
    "schema": _Operation(
        _schema, frozenset({"route"}), frozenset({"version", "from", "accept", "reason", "by"}), frozenset({"from"})
    ),
    "rollback": _Operation(_rollback, frozenset({"endpoint", "reason", "by"}), frozenset({"to"})),
    "freeze": _Operation(_freeze, frozenset({"endpoint", "reason", "by"}), frozenset()),
    "unfreeze": _Operation(_unfreeze, frozenset({"endpoint", "by"}), frozenset({"reason"})),
}


def operate(services: Callable[[], Services], name: str, body: bytes, caller: Caller) -> Answer:
    """Carry out the operation `name`; the body is a JSON object of texts.

    The member `by` is the name that the caller states. A signed-in caller may leave it out; records have both.
    """
    try:
        operation = _OPERATIONS.get(name)
        if operation is None:
            raise UnknownError(f"there is no operation {name!r}; the operations are {', '.join(_OPERATIONS)}")
        request = _read(body, operation, caller)
        actor = f"operator {request['by']}" if "by" in request else "operator"
        return 200, json.dumps(operation.perform(services().acting_as(actor), request))
    except LandfallError as error:
        return error_answer(error)


def show_approval() -> str:
    """Return the page that an approval link opens. It shows nothing of any run, and changes nothing."""
    return approval_page.link_page()


def approval_error(error: LandfallError) -> Answer:
    """Return an error as a page."""
    if isinstance(error, ConfigError):
        text = "The app is misconfigured. GET /api/health lists the problems."
    elif isinstance(error, OperationError):
        text = str(error)
    else:
        text = "The storage does not answer. Nothing was changed. Please try again."
    return status_of(error), approval_page.message_page(text)


def answer_approval(services: Callable[[], Services], body: bytes) -> Answer:
    """Answer a form of the approval page: show the decision that the link is for, or carry out the person's choice.

    The record has the name that the person states, and that the link decided: nothing proves the name.
    """
    form = {name: values[0].strip() for name, values in parse_qs(body.decode(errors="replace")).items()}
    try:
        return _answer_form(services, form)
    except LandfallError as error:
        return approval_error(error)


def _answer_form(services: Callable[[], Services], form: Request) -> Answer:
    code, action = form.get("code", ""), form.get("action", "show")
    by, reason = _kept_text(form.get("by", "")), _kept_text(form.get("reason", ""))
    if action not in {"approve", "reject"}:
        run = approvals.find_invited_run(services(), code)
        return 200, approval_page.decision_page(run, code, decision_hash(run.decision))
    missing = [label for label, text in (("your name", by), ("a reason", reason)) if not text]
    if missing:
        run = approvals.find_invited_run(services(), code)
        problem = f"Please give {' and '.join(missing)}."
        return 400, approval_page.decision_page(run, code, decision_hash(run.decision), problem)
    decide = approvals.approve_by_invitation if action == "approve" else approvals.reject_by_invitation
    run = decide(services().acting_as(f"approval link ({by})"), code, f"{by} (by approval link)", reason)
    return 200, approval_page.message_page(f"Run {run.run_id[:8]} of {run.blob}: {run.reason}")


def _read(body: bytes, operation: _Operation, caller: Caller) -> Request:
    """Read the body of a request.

    Raises:
        BadRequestError: it is no JSON object of texts, or members are missing or unknown; it lists all problems.
    """
    members = read_object(body)
    request = {
        name: _document(value) if name in operation.documents else _kept_text(str(value).strip())
        for name, value in members.items()
        if value is not None
    }
    allowed = operation.required | operation.optional
    if "by" in allowed and (request.get("by") or caller.signed_in):
        request["by"] = caller.display_name(request.get("by", ""))
    problems = [f"{name} is missing" for name in sorted(operation.required) if not request.get(name)]
    problems += [
        f"{name} is unknown; allowed are {', '.join(sorted(allowed))}" for name in sorted(set(request) - allowed)
    ]
    if problems:
        raise BadRequestError("; ".join(problems))
    return request


def _document(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _kept_text(text: str) -> str:
    """Return a person's text as records may hold it."""
    return redact(text)[:MAX_TEXT_CHARACTERS]
