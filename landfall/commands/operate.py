"""Operations that the app carries out: the command only asks for them, so an operator needs no key of any endpoint."""

import argparse
import getpass
import json
from collections.abc import Callable, Mapping
from typing import Any

from landfall.app_client import AppUnreachableError, call_app
from landfall.commands.find_run import find_run
from landfall.commands.run_outcome import exit_status, outcome_hint
from landfall.console import console, escape
from landfall.errors import CommandError, UsageError
from landfall.exit_status import ExitStatus
from landfall.follow_run import follow_run
from landfall.run_display import step_lines
from landfall.stack.run_store import open_stack_runs
from landfall.stack.stack_state import StateFolder
from landfall.times import moment
from shared.lifecycle.decision_record import decision_hash
from shared.records.run import Run, run_to_json

type Body = Mapping[str, Any]


def _tells_run(body: Body, asked: Mapping[str, str]) -> bool:
    """Tell whether an answer is about a run: the one that was asked about, if one was."""
    run = body.get("run")
    return isinstance(run, dict) and isinstance(run.get("run_id"), str) and asked.get("run") in {None, run["run_id"]}


def _tells_endpoint(body: Body, asked: Mapping[str, str], *, frozen: bool) -> bool:
    """Tell whether an answer says that the endpoint that was named is in the state that was asked for."""
    names = {str(body.get("endpoint")), f"{body.get('route')}/{body.get('endpoint')}"}
    return body.get("frozen") is frozen and asked["endpoint"] in names


# How the app's own answer to each operation is known from whatever else answers 200; of others: they are about a run.
_OWN_ANSWERS: Mapping[str, Callable[[Body, Mapping[str, str]], bool]] = {
    "invite": lambda body, _: str(body.get("link")).startswith("/api/approval#") and "expires_at" in body,
    "links": lambda body, asked: body.get("run_id") == asked["run"] and "valid_s" in body,
    "freeze": lambda body, asked: _tells_endpoint(body, asked, frozen=True),
    "unfreeze": lambda body, asked: _tells_endpoint(body, asked, frozen=False),
}


def approve(options: argparse.Namespace) -> int:
    """Approve a held run, or make a link with which somebody else may.

    Raises:
        CommandError: the app refuses, with its reason.
    """
    ignored = [name for name, given in (("--reason", options.reason), ("--wait", options.wait)) if given]
    if options.link and ignored:
        raise UsageError(
            f"--link decides nothing yet, so {' and '.join(ignored)} would be ignored: whoever opens the link decides,"
            " and gives the reason"
        )
    if not options.link:
        _need_reason(options)
    run = find_run(open_stack_runs(options.state), options.run, options.state).run
    if options.link:
        body = ask(options, "invite", run=run.run_id, by=_who(options))
        link = _base(options) + body["link"]
        if options.json:
            print(json.dumps({"run_id": run.run_id, "link": link, "expires_at": body["expires_at"]}))  # noqa: T201
        else:
            out = console()
            out.print(escape(link))
            out.print(f"works once, until {moment(body['expires_at'])}, for this decision only; earlier links are void")
        return 0
    known = decision_hash(run.decision) if run.decision else ""
    ask(options, "approve", run=run.run_id, reason=options.reason, by=_who(options), decision=known)
    return _followed(options, run, f"approved: run {run.run_id[:8]} goes on")


def reject(options: argparse.Namespace) -> int:
    """Reject a held run.

    Raises:
        CommandError: the app refuses, with its reason.
    """
    _need_reason(options)
    run = find_run(open_stack_runs(options.state), options.run, options.state).run
    known = decision_hash(run.decision) if run.decision else ""
    body = ask(options, "reject", run=run.run_id, reason=options.reason, by=_who(options), decision=known)
    if options.json:
        print(json.dumps(body["run"], indent=2))  # noqa: T201 - this is a command
    else:
        console().print(f"run {run.run_id[:8]} is rejected")
    return 0


def retry(options: argparse.Namespace) -> int:
    """Have a run that ended without a promotion tried again.

    Raises:
        CommandError: the app refuses, with its reason.
    """
    run = find_run(open_stack_runs(options.state), options.run, options.state).run
    running = "true" if options.even_if_running else None
    body = ask(options, "retry", run=run.run_id, reason=options.reason, by=_who(options), even_if_running=running)
    return _followed(options, run, f"run {run.run_id[:8]} begins attempt {body['run']['attempt']}")


def rollback(options: argparse.Namespace) -> int:
    """Go back to an earlier model, and follow that to its end.

    Raises:
        CommandError: the app refuses, with its reason.
    """
    _need_reason(options)
    to = find_run(open_stack_runs(options.state), options.to, options.state).run.run_id if options.to else None
    body = ask(options, "rollback", endpoint=options.endpoint, reason=options.reason, by=_who(options), to=to)
    run = find_run(open_stack_runs(options.state), body["run"]["run_id"], options.state).run
    return _followed(options, run, f"asked for: run {run.run_id[:8]}", wait=not options.no_wait)


def freeze(options: argparse.Namespace) -> int:
    """Let no new model go to an endpoint.

    Raises:
        CommandError: the app refuses, with its reason.
    """
    _need_reason(options)
    body = ask(options, "freeze", endpoint=options.endpoint, reason=options.reason, by=_who(options))
    return _told(options, body, f"endpoint {options.endpoint} is frozen: new models wait")


def unfreeze(options: argparse.Namespace) -> int:
    """Let new models go to an endpoint again.

    Raises:
        CommandError: the app refuses, with its reason.
    """
    body = ask(options, "unfreeze", endpoint=options.endpoint, reason=options.reason, by=_who(options))
    return _told(options, body, f"endpoint {options.endpoint} is not frozen")


def ask(options: argparse.Namespace, operation: str, **asked: str | None) -> Any:
    """Ask the app for an operation and return its answer.

    Raises:
        CommandError: it refuses or does not answer, or what answers is not the app.
    """
    state = StateFolder(options.state)
    document = state.read_document()
    url = f"{document['functions']}/api/operations/{operation}"
    given = {name: value for name, value in asked.items() if value}
    try:
        answer = call_app("POST", url, document["functions_key"], given)
    except AppUnreachableError as error:
        raise CommandError(f"{error}\n  {state.advice()}") from error
    if answer.status != 200:
        problems = "".join(f"\n  {problem}" for problem in answer.body.get("problems", []))
        raise CommandError(f"{answer.body.get('error', f'the app answered {answer.status}')}{problems}")
    if not _OWN_ANSWERS.get(operation, _tells_run)(answer.body, given):
        raise CommandError(
            f"the answer to {operation} is not one of the app, so whether it was done is not known: is {url} it?"
        )
    return answer.body


def _followed(options: argparse.Namespace, run: Run, said: str, *, wait: bool | None = None) -> int:
    """Show how a run goes on; returns the exit status, which tells its end if that was waited for."""
    out = console(quiet=options.json)
    out.print(said)
    store = open_stack_runs(options.state)
    if options.wait if wait is None else wait:

        def alive() -> None:
            StateFolder(options.state).read_document()  # raises once the stack has ended

        before = 0 if wait is not None else run.revision + 1
        for number, line in enumerate(step_lines(follow_run(store, run.route, run.run_id, alive))):
            if number >= before:
                out.print(line)
    found = store.get(run.route, run.run_id)
    now = found.run if found is not None else run
    if options.json:
        print(json.dumps(run_to_json(now), indent=2))  # noqa: T201 - this is a command
    if not (options.wait if wait is None else wait):
        return ExitStatus.SUCCESS
    if said := outcome_hint(now, options.state):
        out.print(said)
    return exit_status(now.state)


def _told(options: argparse.Namespace, body: Any, said: str) -> int:
    if options.json:
        print(json.dumps(body, indent=2))  # noqa: T201 - this is a command
    else:
        console().print(escape(said))
    return 0


def _need_reason(options: argparse.Namespace) -> None:
    if not (options.reason or "").strip():
        raise UsageError("give a --reason: it stands in the record for whoever looks later")


def _who(options: argparse.Namespace) -> str:
    return str(options.by or getpass.getuser())


def _base(options: argparse.Namespace) -> str:
    return str(StateFolder(options.state).read_document()["functions"])
