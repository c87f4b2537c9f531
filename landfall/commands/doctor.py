"""`landfall doctor`: is a local stack, or a deployed app, set up as it must be; and what to do if not."""

import argparse
import json
from pathlib import Path

from landfall.command_line import command
from landfall.console import console, escape
from landfall.doctor.azure_cli import azd_value
from landfall.doctor.checks import Checks
from landfall.doctor.deployment import check_deployment
from landfall.doctor.local_stack import check_stack
from landfall.errors import UsageError
from landfall.exit_status import ExitStatus
from landfall.stack.stack_state import StateFolder


def doctor(options: argparse.Namespace) -> int:
    """Check everything and tell; 0 only if all is well.

    Raises:
        CommandError: it is not known what to look at.
    """
    checks = Checks()
    azure = options.azure or options.resource_group
    if options.app and not azure:
        raise UsageError("--app NAME is for an app in Azure: give --azure or --resource-group as well")
    if azure and options.state_given:
        raise UsageError("--state DIR is a local stack, --azure and --resource-group are not: keep one")
    if azure:
        check_deployment(checks, options.resource_group or azd_value("AZURE_RESOURCE_GROUP"), options.app)
    else:
        check_stack(checks, StateFolder(options.state))
    if options.json:
        print(json.dumps({"ok": checks.ok, "checks": [one.to_json() for one in checks.done]}, indent=2))  # noqa: T201
    else:
        _tell(checks, None if azure else options.state)
    return ExitStatus.SUCCESS if checks.ok else ExitStatus.BROKEN


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
