"""`landfall doctor`: checks a local stack or an app in Azure, and says how to repair each problem."""

import argparse
from pathlib import Path

from landfall.command_line import command_line
from landfall.console import console, escape, print_json
from landfall.doctor.azure_cli import azd_value
from landfall.doctor.checks import Checks
from landfall.doctor.deployment import check_deployment
from landfall.doctor.local_stack import check_stack
from landfall.errors import UsageError
from landfall.exit_status import ExitStatus
from landfall.stack.stack_state import StateFolder


def doctor(options: argparse.Namespace) -> int:
    """Print every check; returns 0 only if none failed.

    Raises:
        UsageError: the options contradict each other.
        CommandError: azd does not name a resource group.
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
        print_json({"ok": checks.ok, "checks": [check.to_json() for check in checks.done]})
    else:
        _print(checks, None if azure else options.state)
    return ExitStatus.SUCCESS if checks.ok else ExitStatus.BROKEN


def _print(checks: Checks, state: Path | None) -> None:
    out = console()
    for line in checks.lines():
        out.print(line)
    if checks.ok:
        verify = command_line("verify", state=state) if state is not None else "`landfall verify`"
        out.print(escape(f"all is well; {verify} audits the records"))
    else:
        out.print(f"{sum(not check.ok for check in checks.done)} of {len(checks.done)} wrong")
