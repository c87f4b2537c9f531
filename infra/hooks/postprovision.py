"""Finishes a provision: removes the roles of earlier operators, and renews the Event Grid subscription. Idempotent.

A deployment adds role assignments and removes none. So whoever was the operator once would keep the rights. The
template marks its assignments with a description; this script deletes the marked ones of everybody else.

If the host got another storage account, it has new keys, and Event Grid must be given the new one. Without code the
host has no keys yet, and the hook after the deployment of the code does that.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from azure_cli import CliError, az_json, run

MARK = "Landfall operator"  # operatorDescription in app/roles.bicep
NEEDED = ("AZURE_SUBSCRIPTION_ID", "AZURE_RESOURCE_GROUP", "AZURE_FUNCTION_APP_NAME", "AZURE_OPERATOR_PRINCIPAL_ID")
EVENT_TRIES = "4"  # a minute: if the app's present code cannot start, its next deployment repeats this


def old_assignments(subscription: str, group: str, operator: str) -> list[dict[str, Any]]:
    """Return the operator's role assignments in the group whose principal is not the operator.

    Raises:
        CliError: `az` is missing or fails.
    """
    prefix = f"/subscriptions/{subscription}/resourceGroups/{group}/".casefold()
    assignments = az_json("role", "assignment", "list", "--all", "--subscription", subscription)
    return [
        assignment
        for assignment in assignments
        if assignment.get("description") == MARK
        and str(assignment.get("scope", "")).casefold().startswith(prefix)
        and str(assignment.get("principalId", "")).casefold() != operator.casefold()
    ]


def remove_old_operators(subscription: str, group: str, operator: str) -> None:
    """Delete the role assignments of earlier operators: all that can be.

    Raises:
        CliError: `az` is missing, or some could not be deleted. The text has each problem.
    """
    problems = []
    for assignment in old_assignments(subscription, group, operator):
        role = (
            f"'{assignment.get('roleDefinitionName')}' of {assignment.get('principalId')}"
            f" at {str(assignment.get('scope')).rsplit('/', 1)[-1]}"
        )
        try:
            run("az", "role", "assignment", "delete", "--ids", assignment["id"], "--subscription", subscription)
        except CliError as error:
            problems.append(f"{role} was not removed: {error}")
            continue
        print(f"postprovision: removed {role}: no longer the operator.", flush=True)
    if any("ScopeLocked" in problem for problem in problems):
        problems.append("A lock (deleteLock) protects role assignments too: remove it first (docs/azure-resources.md).")
    if problems:
        raise CliError("\n".join(problems))


def has_functions(subscription: str, group: str, app: str) -> bool:
    """Return whether the host has loaded code. An app without code has no functions, or does not answer."""
    arguments = ("--subscription", subscription, "--resource-group", group, "--name", app)
    try:
        return bool(az_json("functionapp", "function", "list", *arguments))
    except CliError as error:
        print(
            f"postprovision: the app did not say whether it has code: {error}\nA new app has none. If yours has, and"
            " 'azd deploy' does not follow, run 'azd hooks run postdeploy'.",
            file=sys.stderr,
            flush=True,
        )
        return False


def main() -> int:
    """Do both; returns the exit status."""
    missing = [name for name in NEEDED if not os.environ.get(name)]
    if missing:
        print(f"postprovision: not set: {' '.join(missing)}. Run 'azd provision', which sets them.", file=sys.stderr)
        return 1
    subscription, group, app, operator = (os.environ[name] for name in NEEDED)
    try:
        remove_old_operators(subscription, group, operator)
    except CliError as error:
        print(
            f"postprovision: {error}\nAn earlier operator may still have rights. Mend the error above, then run"
            " 'azd hooks run postprovision'.",
            file=sys.stderr,
            flush=True,
        )
        return 1
    if has_functions(subscription, group, app):
        script = Path(__file__).with_name("postdeploy.py")
        environment = {**os.environ, "LANDFALL_HOOK_TRIES": os.environ.get("LANDFALL_HOOK_TRIES") or EVENT_TRIES}
        if subprocess.run([sys.executable, str(script)], env=environment, check=False).returncode != 0:
            print(
                "postprovision: the Event Grid subscription was not renewed. 'azd deploy' repeats it; so does"
                " 'azd hooks run postdeploy'.",
                file=sys.stderr,
                flush=True,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
