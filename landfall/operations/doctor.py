"""`landfall doctor`: is a local stack, or a deployed app, set up as it must be; and what to do if not."""

import argparse
import json

from rich.markup import escape

from landfall.operations.checks import Checks, check_health
from landfall.operations.reading import reading_from
from landfall.operations.show import console
from landfall.stack.answering import host_runs, studio_runs
from landfall.stack.state import StateFolder

_LOG = "look at its log in the state folder, then `landfall down` and `landfall up`"


def doctor(options: argparse.Namespace) -> int:
    """Check everything and tell; 0 only if all is well.

    Raises:
        StackError: it is not known what to look at.
    """
    checks = Checks()
    if options.azure or options.resource_group:
        from landfall.azure.cli import azd_value  # noqa: PLC0415 - only here
        from landfall.azure.deployment import check_deployment  # noqa: PLC0415

        check_deployment(checks, options.resource_group or azd_value("AZURE_RESOURCE_GROUP"), options.app)
    else:
        _check_stack(checks, StateFolder(options.state))
    if options.json:
        print(json.dumps({"ok": checks.ok, "checks": [one.to_json() for one in checks.done]}, indent=2))  # noqa: T201
    else:
        _tell(checks)
    return 0 if checks.ok else 1


def _check_stack(checks: Checks, state: StateFolder) -> None:
    document = state.read_document()
    with checks.of("the storage", _LOG):
        reading_from(document["storage"])
        checks.add("the storage", "it answers")
    if document["studio"]:
        runs = studio_runs(document["studio"])
        checks.add(
            "the studio", "it answers" if runs else f"{document['studio']} does not answer", "" if runs else _LOG
        )
    runs = host_runs(document["functions"], document.get("functions_nonce"))
    checks.add(
        "the functions host", "it runs" if runs else f"{document['functions']} does not answer", "" if runs else _LOG
    )
    if runs:
        check_health(checks, document["functions"], document["functions_key"])


def _tell(checks: Checks) -> None:
    out = console()
    for check in checks.done:
        mark = "[green]ok[/]   " if check.ok else "[red]wrong[/]"
        out.print(f"{mark}  {escape(check.what)}: {escape(check.said)}")
        if check.do:
            out.print(f"       {escape(check.do)}")
    wrong = sum(not check.ok for check in checks.done)
    out.print(
        "all is well; `landfall verify` audits the records" if checks.ok else f"{wrong} of {len(checks.done)} wrong"
    )
