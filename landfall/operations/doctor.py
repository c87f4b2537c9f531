"""`landfall doctor`: is a local stack, or a deployed app, set up as it must be; and what to do if not."""

import argparse
import json
from pathlib import Path

from landfall.exit_status import ExitStatus
from landfall.operations.checks import Checks, check_health
from landfall.operations.reading import reading_from
from landfall.operations.show import console
from landfall.operations.shown import escape
from landfall.stack.answering import host_runs, studio_runs
from landfall.stack.hints import command
from landfall.stack.state import StateFolder, UsageError


def doctor(options: argparse.Namespace) -> int:
    """Check everything and tell; 0 only if all is well.

    Raises:
        StackError: it is not known what to look at.
    """
    checks = Checks()
    azure = options.azure or options.resource_group
    if options.app and not azure:
        raise UsageError("--app NAME is for an app in Azure: give --azure or --resource-group as well")
    if azure and options.state_given:
        raise UsageError("--state DIR is a local stack, --azure and --resource-group are not: keep one")
    if azure:
        from landfall.azure.cli import azd_value  # noqa: PLC0415 - only here
        from landfall.azure.deployment import check_deployment  # noqa: PLC0415

        check_deployment(checks, options.resource_group or azd_value("AZURE_RESOURCE_GROUP"), options.app)
    else:
        _check_stack(checks, StateFolder(options.state))
    if options.json:
        print(json.dumps({"ok": checks.ok, "checks": [one.to_json() for one in checks.done]}, indent=2))  # noqa: T201
    else:
        _tell(checks, None if azure else options.state)
    return ExitStatus.SUCCESS if checks.ok else ExitStatus.BROKEN


def _check_stack(checks: Checks, state: StateFolder) -> None:
    again = " and ".join(command(word, state=state.path) for word in ("down", "up"))
    do = f"look at its log in {state.path / 'logs'}, then {again}"
    with checks.of("the stack", "start it, if it is the one that is meant"):
        document = state.read_document()
    if not checks.ok:
        return
    with checks.of("the storage", do):
        reading_from(document["storage"])
        checks.add("the storage", "it answers")
    if document["studio"]:
        runs = studio_runs(document["studio"])
        checks.add("the studio", "it answers" if runs else f"{document['studio']} does not answer", "" if runs else do)
    runs = host_runs(document["functions"], document.get("functions_nonce"))
    checks.add(
        "the functions host", "it runs" if runs else f"{document['functions']} does not answer", "" if runs else do
    )
    if runs:
        check_health(checks, document["functions"], document["functions_key"])


def _tell(checks: Checks, state: Path | None) -> None:
    out = console()
    for check in checks.done:
        mark = "[red]wrong[/]" if not check.ok else "[yellow]warn[/] " if check.warning else "[green]ok[/]   "
        out.print(f"{mark}  {escape(check.what)}: {escape(check.said)}")
        if check.do:
            out.print(f"       {escape(check.do)}")
    wrong = sum(not check.ok for check in checks.done)
    audit = command("verify", state=state) if state is not None else "`landfall verify`"
    well = f"all is well; {audit} audits the records"
    out.print(escape(well) if checks.ok else f"{wrong} of {len(checks.done)} wrong")
