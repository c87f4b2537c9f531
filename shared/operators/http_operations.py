"""What the HTTP functions do for people: operations by key, as JSON; approval by a link, as pages."""

import json
from collections.abc import Callable, Mapping
from urllib.parse import parse_qs

from shared.errors import BadRequestError, ConfigError, LandfallError, NotNowError, OperationError, UnknownError
from shared.lifecycle.decision_record import decision_hash
from shared.operators import approval_page, approvals, endpoint_overrides, output_links, retry
from shared.operators.authorization import Caller, Denied
from shared.operators.http_queries import Answer
from shared.records.run import Json, iso, run_to_json
from shared.redaction import redact
from shared.services import Services

PAGE_HEADERS = approval_page.HEADERS
TEXT_LIMIT = 500  # characters of a reason or a name
_STATUS: Mapping[type[OperationError], int] = {BadRequestError: 400, UnknownError: 404, NotNowError: 409}


def _approve(services: Services, asked: Mapping[str, str]) -> Json:
    run = approvals.approve(services, asked["run"], asked["by"], asked["reason"], asked.get("decision", ""))
    return {"run": run_to_json(run)}


def _reject(services: Services, asked: Mapping[str, str]) -> Json:
    run = approvals.reject(services, asked["run"], asked["by"], asked["reason"], asked.get("decision", ""))
    return {"run": run_to_json(run)}


def _invite(services: Services, asked: Mapping[str, str]) -> Json:
    valid = asked.get("valid_s", str(approvals.DEFAULT_INVITATION_VALID_S))
    if not valid.isascii() or not valid.isdigit() or not 1 <= int(valid) <= approvals.MAX_INVITATION_VALID_S:
        raise BadRequestError(
            f"valid_s must be a whole number from 1 to {approvals.MAX_INVITATION_VALID_S}, not {valid!r}"
        )
    invitation = approvals.invite(services, asked["run"], int(valid))
    return {"link": f"/api/approval#{invitation.code}", "expires_at": iso(invitation.expires_at)}


def _links(services: Services, asked: Mapping[str, str]) -> Json:
    return output_links.links(services, asked["run"])


def _retry(services: Services, asked: Mapping[str, str]) -> Json:
    running = asked.get("even_if_running", "false")
    if running.casefold() not in {"true", "false"}:
        raise BadRequestError(f"even_if_running must be true or false, not {running!r}")
    even_if_running = running.casefold() == "true"
    run = retry.retry(services, asked["run"], asked["by"], asked.get("reason", ""), even_if_running=even_if_running)
    return {"run": run_to_json(run)}


def _rollback(services: Services, asked: Mapping[str, str]) -> Json:
    run = endpoint_overrides.rollback(services, asked["endpoint"], asked["by"], asked["reason"], asked.get("to", ""))
    return {"run": run_to_json(run)}


def _freeze(services: Services, asked: Mapping[str, str]) -> Json:
    record = endpoint_overrides.freeze(services, asked["endpoint"], asked["by"], asked["reason"])
    return {"endpoint": record.name, "route": record.route, "frozen": True}


def _unfreeze(services: Services, asked: Mapping[str, str]) -> Json:
    record = endpoint_overrides.unfreeze(services, asked["endpoint"], asked["by"], asked.get("reason", ""))
    return {"endpoint": record.name, "route": record.route, "frozen": False}


# Each operation, what it must be given, and what it may be given.
_OPERATIONS: Mapping[str, tuple[Callable[[Services, Mapping[str, str]], Json], frozenset[str], frozenset[str]]] = {
    "approve": (_approve, frozenset({"run", "reason", "by"}), frozenset({"decision"})),
    "reject": (_reject, frozenset({"run", "reason", "by"}), frozenset({"decision"})),
    "invite": (_invite, frozenset({"run", "by"}), frozenset({"valid_s"})),
    "links": (_links, frozenset({"run"}), frozenset({"by"})),
    "retry": (_retry, frozenset({"run", "by"}), frozenset({"reason", "even_if_running"})),
    "rollback": (_rollback, frozenset({"endpoint", "reason", "by"}), frozenset({"to"})),
    "freeze": (_freeze, frozenset({"endpoint", "reason", "by"}), frozenset()),
    "unfreeze": (_unfreeze, frozenset({"endpoint", "by"}), frozenset({"reason"})),
}


def operate(services: Callable[[], Services], operation: str, body: bytes, caller: Caller) -> Answer:
    """Carry out an operator's request: `operation` with a JSON object of texts.

    `by` is who the caller says to be; a caller who is signed in may leave it out, and records name both.
    """
    known = _OPERATIONS.get(operation)
    if known is None:
        return _error(404, f"there is no operation {operation!r}; there are: {', '.join(_OPERATIONS)}")
    act, needed, allowed = known
    try:
        asked = _read(body, needed, needed | allowed, caller)
        actor = f"operator {asked['by']}" if "by" in asked else "operator"
        return 200, json.dumps(act(services().acting_as(actor), asked))
    except ConfigError as error:
        return 500, json.dumps({"error": "the app is misconfigured", "problems": error.problems})
    except OperationError as error:
        return _error(_STATUS[type(error)], str(error))
    except LandfallError as error:
        return _error(503, str(error))


def show_approval() -> str:
    """Return the page that an approval link leads to. It shows nothing of any run, and changes nothing."""
    return approval_page.opening()


def refuse_approval(refused: Denied) -> Answer:
    """Answer as a page while the app lets nobody in."""
    return refused.status, approval_page.saying(refused.reason)


def answer_approval(services: Callable[[], Services], body: bytes, caller: Caller) -> Answer:
    """Answer a form of the approval page: show what the link is for, or carry out what was chosen."""
    form = {name: values[0].strip() for name, values in parse_qs(body.decode(errors="replace")).items()}
    code, action = form.get("code", ""), form.get("action", "show")
    by = redact(form.get("by", ""))[:TEXT_LIMIT]
    reason = redact(form.get("reason", ""))[:TEXT_LIMIT]
    try:
        if action not in {"approve", "reject"}:
            run = approvals.find_invited_run(services(), code)
            return 200, approval_page.deciding(run, code, decision_hash(run.decision or {}))
        if not by or not reason:
            run = approvals.find_invited_run(services(), code)
            missing = " and ".join(name for name, text in (("your name", by), ("a reason", reason)) if not text)
            page = approval_page.deciding(run, code, decision_hash(run.decision or {}), f"Please give {missing}.")
            return 400, page
        by = caller.display_name(by)
        act = approvals.approve_by_invitation if action == "approve" else approvals.reject_by_invitation
        run = act(services().acting_as(f"approval link ({by})"), code, by, reason)
    except ConfigError:
        return 500, approval_page.saying("The app is misconfigured: its health check tells what is wrong.")
    except OperationError as error:
        return _STATUS[type(error)], approval_page.saying(str(error))
    except LandfallError:
        return 503, approval_page.saying("The storage does not answer. Nothing was changed; please try again.")
    return 200, approval_page.saying(f"Run {run.run_id[:8]} of {run.blob}: {run.reason}")


def _read(body: bytes, needed: frozenset[str], allowed: frozenset[str], caller: Caller) -> dict[str, str]:
    """Read the body of a request.

    Raises:
        BadRequestError: it is no JSON object of texts, something is missing or unknown: all problems at once.
    """
    try:
        found = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        raise BadRequestError("the body is not JSON") from None
    if not isinstance(found, dict):
        raise BadRequestError("the body must be a JSON object")
    asked = {str(name): redact(str(value).strip())[:TEXT_LIMIT] for name, value in found.items() if value is not None}
    if "by" in allowed and (asked.get("by") or caller.signed_in):
        asked["by"] = caller.display_name(asked.get("by", ""))
    problems = [f"{name} is missing" for name in sorted(needed) if not asked.get(name)]
    problems += [
        f"{name} is not known; known are {', '.join(sorted(allowed))}" for name in sorted(set(asked) - allowed)
    ]
    if problems:
        raise BadRequestError("; ".join(problems))
    return asked


def _error(status: int, text: str) -> Answer:
    return status, json.dumps({"error": text})
