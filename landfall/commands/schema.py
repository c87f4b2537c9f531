"""`landfall schema`: shows a route's schema, puts another in force, or accepts the form of a quarantined file."""

import argparse
from collections.abc import Iterator
from typing import Any

from rich.console import Console

from landfall.command_line import command_line
from landfall.commands.call_operation import call_operation
from landfall.commands.find_run import find_run
from landfall.commands.operator_options import operator_of, require_reason
from landfall.commands.run_outcome import follow_to_end, print_outcome
from landfall.console import console, escape, print_json
from landfall.errors import CommandError, UsageError
from landfall.exit_status import ExitStatus
from landfall.stack.run_store import open_stack_runs
from landfall.times import moment

MAX_VALUES = 8  # of a list that are printed; the JSON has all
_DEFAULT_FORMAT = "default"


def schema(options: argparse.Namespace) -> int:
    """Show the schema in force or an older version, or change it.

    Raises:
        UsageError: options contradict each other, or a change has no reason.
        CommandError: the app refuses, with its reason.
    """
    chosen = [
        name
        for name, value in (("--version", options.version), ("--from", options.source), ("--accept", options.accept))
        if value is not None
    ]
    if len(chosen) > 1:
        raise UsageError(f"{' and '.join(chosen)} exclude each other: keep one")
    if options.wait and options.accept is None:
        raise UsageError("--wait follows the run of --accept, which is missing")
    if options.accept is not None:
        return _accept(options)
    if options.source is not None:
        return _replace(options)
    version = str(options.version) if options.version is not None else None
    answer = call_operation(options.state, "schema", route=options.route, version=version)
    if options.json:
        print_json(answer)
    else:
        _print_schema(console(), dict(answer))
    return ExitStatus.SUCCESS


def _replace(options: argparse.Namespace) -> int:
    require_reason(options)
    try:
        text = options.source.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise CommandError(f"{options.source} is not UTF-8 text: {error}") from error
    if not text.strip():
        raise CommandError(f"{options.source} is empty: it must hold a Table Schema as JSON")
    document = {"from": text}  # a keyword of Python
    answer = call_operation(
        options.state, "schema", route=options.route, reason=options.reason, by=operator_of(options), **document
    )
    if options.json:
        print_json(answer)
    else:
        console().print(f"schema {answer['version']} of route {escape(options.route)} is in force")
    return ExitStatus.SUCCESS


def _accept(options: argparse.Namespace) -> int:
    """Accept the form of a run's file; without a reason only say what that would lead to."""
    store = open_stack_runs(options.state)
    run = find_run(store, options.accept, options.state).run
    decides = bool((options.reason or "").strip())
    if options.wait and not decides:
        require_reason(options)
    answer = call_operation(
        options.state,
        "schema",
        route=options.route,
        accept=run.run_id,
        reason=options.reason,
        by=operator_of(options) if decides else None,
    )
    out = console(quiet=options.json)
    for line in _acceptance_lines(options, answer):
        out.print(escape(line))
    if not decides:
        accept = command_line(
            "schema", options.route, "--accept", run.run_id[:8], "--reason", "WHY", state=options.state
        )
        out.print(escape(f"nothing was changed; to accept it: {accept}"))
    if decides and options.wait:
        key = (run.route, run.run_id)
        end = follow_to_end(out, store, key, options.state, skip=run.revision + 1)
        return print_outcome(out, end, options.state, as_json=options.json)
    if options.json:
        print_json(answer)
    return ExitStatus.SUCCESS


def _acceptance_lines(options: argparse.Namespace, answer: Any) -> Iterator[str]:
    run, version = answer["run_id"][:8], answer["version"]
    if answer["accepted"]:
        yield f"schema {version} of route {answer['route']} is in force; run {run} begins its next attempt"
    else:
        yield f"schema {version} of route {answer['route']} would be the form of run {run}'s file:"
    for change in answer["changes"]:
        yield f"  {change}"
    for consequence in answer["leads_to"]:
        yield f"  {consequence}"
    for alike in answer["alike"]:
        again = f": {command_line('retry', alike['run_id'][:8], state=options.state)}" if answer["accepted"] else ""
        yield f"  quarantined for the same: {alike['blob']} (run {alike['run_id'][:8]}){again}"


def _print_schema(out: Console, answer: dict[str, Any]) -> None:
    if answer["schema"] is None:
        out.print(f"route {escape(answer['route'])} has no schema yet: the first file that passes teaches it")
        return
    number, in_force = answer["version"], answer["in_force"]
    force = "in force" if number == in_force else f"{in_force} is in force"
    out.print(f"schema {number} of route {escape(answer['route'])}, {force}{escape(_origin(answer['schema']))}")
    for field in answer["schema"]["fields"]:
        out.print(f"  {escape(_field(field))}")


def _origin(schema: dict[str, Any]) -> str:
    origin = schema.get("landfall")
    if not origin:
        return ""
    at = moment(origin["at"])
    if not origin.get("by"):
        return f", learnt from run {origin['run'][:8]} at {at}"
    source = f"accepted from run {origin['run'][:8]}" if origin.get("run") else "given"
    return f", {source} by {origin['by']} at {at}: {origin['reason']}"


def _field(field: dict[str, Any]) -> str:
    """Return a line on a field: its name, its type, and every member of the schema beside them."""
    kind = str(field.get("type", "string"))
    if field.get("format", _DEFAULT_FORMAT) != _DEFAULT_FORMAT:
        kind += f" ({field['format']})"
    rest = [
        f"{name} {_value(value)}"
        for name, value in {**field, **field.get("constraints", {})}.items()
        if name not in {"name", "type", "format", "constraints", "landfall"}
    ]
    notes = [f"{name} {_value(value)}" for name, value in field.get("landfall", {}).items()]
    noted = f"; noted: {', '.join(notes)}" if notes else ""
    return f"{field['name']}: {', '.join([kind, *rest])}{noted}"


def _value(value: object) -> str:
    if isinstance(value, list):
        shown = ", ".join(repr(item) for item in value[:MAX_VALUES])
        rest = len(value) - MAX_VALUES
        return f"{shown} and {rest} more" if rest > 0 else shown
    return str(value).lower() if isinstance(value, bool) else str(value)
