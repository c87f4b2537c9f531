"""`landfall forget`: deletes every copy of a file and everything derived of it, and names the models it was part of."""

import argparse
from typing import Any

from rich.console import Console

from landfall.command_line import command_line
from landfall.commands.call_operation import call_operation
from landfall.commands.operator_options import operator_of, require_reason
from landfall.console import console, escape, print_json
from landfall.exit_status import ExitStatus
from shared.plurals import counted


def forget(options: argparse.Namespace) -> int:
    """Have every version of a file forgotten; a call that was interrupted is simply repeated.

    Raises:
        UsageError: there is no reason.
        CommandError: the app refuses, with its reason: for example while a job reads the file.
    """
    require_reason(options)
    answer = call_operation(
        options.state,
        "forget",
        blob=options.blob,
        reason=options.reason,
        by=operator_of(options),
        cancel="true" if options.cancel else None,
    )
    if options.json:
        print_json(answer)
    else:
        _print(console(), options, dict(answer))
    return ExitStatus.SUCCESS


def _print(out: Console, options: argparse.Namespace, answer: dict[str, Any]) -> None:
    versions, blobs = counted(len(answer["runs"]), "version"), counted(len(answer["deleted"]), "blob")
    out.print(f"forgotten: {escape(options.blob)}, {versions}; {blobs} deleted; no training set has it from now on")
    for path in answer["deleted"]:
        out.print(f"  deleted  {escape(path)}")
    for name in answer["same_bytes"]:
        again = command_line("forget", name, "--reason", "WHY", state=options.state)
        out.print(escape(f"  not forgotten: {name}, which landed with the same bytes: {again}"))
    for path in answer["schemas"]:
        out.print(f"  kept: schema {escape(path)}, whose notes may hold values of the file")
    for run_id in answer["cancelled"]:
        retry = command_line("retry", run_id[:8], state=options.state)
        out.print(escape(f"  run {run_id} was cancelled: {retry} trains on what is left of its set"))
    for model in answer["models"]:
        serves = ", which is in service" if model["serves"] else ""
        out.print(f"  trained on it: {escape(model['model'])} of run {model['run_id']} ({model['state']}){serves}")
    if answer["models"]:
        out.print("The models stay. Train a new one and promote it, or roll back, where they must go as well.")
    else:
        out.print("No model was trained on it.")
