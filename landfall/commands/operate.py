"""The operator's commands: approve, reject, retry, rollback, freeze and unfreeze."""

import argparse

from landfall.commands.call_operation import Body, call_operation
from landfall.commands.find_run import find_run
from landfall.commands.operator_options import operator_of, require_reason
from landfall.commands.run_outcome import follow_to_end, print_outcome
from landfall.console import console, escape, print_json
from landfall.errors import UsageError
from landfall.exit_status import ExitStatus
from landfall.stack.run_store import open_stack_runs
from landfall.stack.stack_state import StateFolder
from landfall.times import moment
from shared.lifecycle.decision_record import decision_hash
from shared.records.run import Run
from shared.records.run_json import run_to_json


def approve(options: argparse.Namespace) -> int:
    """Approve a held run, or make a link with which another person decides.

    Raises:
        CommandError: the app refuses, with its reason.
    """
    if options.link:
        return _invite(options)
    run, _ = _decide(options, "approve")
    started = f"approved: run {run.run_id[:8]} continues"
    return _follow(options, run, started, wait=options.wait, skip=run.revision + 1)


def _invite(options: argparse.Namespace) -> int:
    ignored = [name for name, value in (("--reason", options.reason), ("--wait", options.wait)) if value]
    if ignored:
        raise UsageError(
            f"--link decides nothing, so {' and '.join(ignored)} would be ignored: whoever opens the link decides"
            " and gives the reason. Leave out one or the other."
        )
    run = _find(options, options.run)
    body = call_operation(options.state, "invite", run=run.run_id, by=operator_of(options))
    link = str(StateFolder(options.state).read_document()["functions"]) + body["link"]
    if options.json:
        print_json({"run_id": run.run_id, "link": link, "expires_at": body["expires_at"]}, indent=None)
    else:
        out = console()
        out.print(escape(link))
        out.print(f"works once, until {moment(body['expires_at'])}, for this decision only; earlier links are void")
    return ExitStatus.SUCCESS


def reject(options: argparse.Namespace) -> int:
    """Reject a held run.

    Raises:
        CommandError: the app refuses, with its reason.
    """
    run, body = _decide(options, "reject")
    return _print_result(options, body["run"], f"run {run.run_id[:8]} is rejected")


def retry(options: argparse.Namespace) -> int:
    """Start another attempt of a run that ended without a promotion.

    Raises:
        CommandError: the app refuses, with its reason.
    """
    run = _find(options, options.run)
    body = _call(options, "retry", run=run.run_id, even_if_running="true" if options.even_if_running else None)
    started = f"run {run.run_id[:8]} begins attempt {body['run']['attempt']}"
    return _follow(options, run, started, wait=options.wait, skip=run.revision + 1)


def rollback(options: argparse.Namespace) -> int:
    """Return to an earlier model, and follow the rollback to its end.

    Raises:
        CommandError: the app refuses, with its reason.
    """
    require_reason(options)
    to = _find(options, options.to).run_id if options.to else None
    body = _call(options, "rollback", endpoint=options.endpoint, to=to)
    run = _find(options, body["run"]["run_id"])
    return _follow(options, run, f"rollback requested: run {run.run_id[:8]}", wait=not options.no_wait)


def freeze(options: argparse.Namespace) -> int:
    """Stop promotions to an endpoint.

    Raises:
        CommandError: the app refuses, with its reason.
    """
    require_reason(options)
    body = _call(options, "freeze", endpoint=options.endpoint)
    return _print_result(options, body, f"endpoint {options.endpoint} is frozen: new models wait")


def unfreeze(options: argparse.Namespace) -> int:
    """Allow promotions to an endpoint again.

    Raises:
        CommandError: the app refuses, with its reason.
    """
    body = _call(options, "unfreeze", endpoint=options.endpoint)
    return _print_result(options, body, f"endpoint {options.endpoint} is not frozen")


def _decide(options: argparse.Namespace, verb: str) -> tuple[Run, Body]:
    """Approve or reject a held run, with the decision that the operator saw; returns the run and the app's answer."""
    require_reason(options)
    run = _find(options, options.run)
    decision = decision_hash(run.decision) if run.decision else ""
    return run, _call(options, verb, run=run.run_id, decision=decision)


def _call(options: argparse.Namespace, operation: str, **arguments: str | None) -> Body:
    """Call an operation with the reason and the name of the operator."""
    return call_operation(options.state, operation, reason=options.reason, by=operator_of(options), **arguments)


def _find(options: argparse.Namespace, beginning: str) -> Run:
    return find_run(open_stack_runs(options.state), beginning, options.state).run


def _follow(options: argparse.Namespace, run: Run, started: str, *, wait: bool, skip: int = 0) -> int:
    """Print what has started; with `wait` follow the run, and return the exit status that its end has."""
    out = console(quiet=options.json)
    out.print(started)
    store = open_stack_runs(options.state)
    if wait:
        end = follow_to_end(out, store, (run.route, run.run_id), options.state, skip=skip)
        return print_outcome(out, end, options.state, as_json=options.json)
    if options.json:
        stored = store.get(run.route, run.run_id)
        print_json(run_to_json(stored.run if stored is not None else run))
    return ExitStatus.SUCCESS


def _print_result(options: argparse.Namespace, body: Body, sentence: str) -> int:
    if options.json:
        print_json(body)
    else:
        console().print(escape(sentence))
    return ExitStatus.SUCCESS
