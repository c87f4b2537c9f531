"""Ticks and sweeps that somebody asks for over HTTP: an operator, or a clock outside the app if its timers do not fire.

They do what the functions of the timers do, for at most a minute: the platform ends a request after 230 s. A caller
repeats a call that answers 202, since more is left. Two calls at once, or a call beside a timer, do no harm: every
write is conditional, as between the workers of one timer.
"""

import json
from collections.abc import Callable, Mapping
from typing import NamedTuple

from shared.errors import BadRequestError, LandfallError
from shared.operators.http_answers import Answer, error_answer
from shared.operators.json_body import read_object
from shared.operators.query_parameters import query_problems
from shared.pipeline.erasing import erase_again
from shared.pipeline.polling import Ticker
from shared.pipeline.reconciling import sweep_endpoints
from shared.pipeline.sweeping import sweep_files
from shared.services import Services

# A call is to end within 60 s. So it begins nothing in the last part of that time: whatever it began may take a while.
TICK_BUDGET_S = 40  # for the steps of runs
FILES_BUDGET_S = 30  # of a sweep, for files
SWEEP_BUDGET_S = 45  # for files and endpoints together,
MIN_ENDPOINTS_S = 5  # of which the endpoints have at least this much, however long the listing of the files took


class Request(NamedTuple):
    """A request as the host hands it over."""

    url: str
    query: Mapping[str, str]
    body: bytes


class Announce(NamedTuple):
    """The queues that runs are announced in: each is given its messages."""

    evaluations: Callable[[list[str]], None]
    intake: Callable[[list[str]], None]


def tick(services: Callable[[], Services], ticker: Ticker, request: Request, announce: Announce) -> Answer:
    """Take one tick: 200 if nothing due is left, 202 if more is left, 503 if runs could not be read."""
    try:
        _read(request, ())
        built = services()
        result = ticker.tick(built, TICK_BUDGET_S)
    except LandfallError as error:
        return error_answer(error)
    announce.evaluations([message.to_text() for message in result.messages])
    announce.intake([message.to_text() for message in built.announced])
    body: dict[str, object] = {
        "done": not result.left and not result.unread,
        "active": result.active,
        "due": result.due,
        "left": len(result.left),
        "trained": len(result.messages),
    }
    if result.unread:
        body["error"] = f"the runs of {', '.join(result.unread)} could not be read: repeat the request"
        return 503, json.dumps(body)
    return 202 if result.left else 200, json.dumps(body)


def sweep(services: Callable[[], Services], request: Request, announce: Callable[[list[str]], None]) -> Answer:
    """Sweep files and endpoints: 200 if the end of both lists was reached, 202 if more is left.

    A call continues where the last sweep stopped, or with `full` at the first file and endpoint: one call with `full`
    and then calls without it, until one is done, look at everything. `announce` gets the
    messages of the queue `intake`.
    """
    try:
        full = bool(_read(request, ("full",)).get("full", False))
        built = services()
        began_s = built.clock.elapsed_s()
        files = sweep_files(built, FILES_BUDGET_S, to_end=True, from_first=full)
        announce([message.to_text() for message in built.announced])
        left_s = max(MIN_ENDPOINTS_S, SWEEP_BUDGET_S - (built.clock.elapsed_s() - began_s))
        endpoints = sweep_endpoints(built, left_s, to_end=True, from_first=full)
        erase_again(built)
    except LandfallError as error:
        return error_answer(error)
    done = not files.left and not endpoints.left
    body = {
        "done": done,
        "files_checked": files.checked,
        "files_landed": files.changed,
        "files_left": files.left,
        "endpoints_checked": endpoints.checked,
        "endpoints_repaired": endpoints.changed,
        "endpoints_left": endpoints.left,
    }
    return 200 if done else 202, json.dumps(body)


def _read(request: Request, allowed: tuple[str, ...]) -> Mapping[str, object]:
    """Read the body of a request: nothing, or a JSON object of truth values.

    Raises:
        BadRequestError: the query or the body is wrong; it lists all problems.
    """
    problems = query_problems(request.url, request.query, ())
    try:
        members = read_object(request.body)
    except BadRequestError as error:
        raise BadRequestError("; ".join([*problems, str(error)])) from None
    hint = f"allowed are {', '.join(allowed)}" if allowed else "no members are allowed here"
    problems += [f"the body's member {name!r} is unknown; {hint}" for name in sorted(members) if name not in allowed]
    problems += [
        f"the body's member {name!r} must be true or false, not {json.dumps(members[name])}"
        for name in allowed
        if not isinstance(members.get(name, False), bool)
    ]
    if problems:
        raise BadRequestError("; ".join(problems))
    return members
