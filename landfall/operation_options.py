"""The commands that decide or change something through the app, with their options."""

from landfall.command_parser import Commands
from landfall.option_types import path, positive, text

RUN_HELP = "id of a run, or its beginning"
WAIT_HELP = "follow the run to its end; exit status 3 unless it is promoted or unchanged"


def add_operations(commands: Commands) -> None:
    """Add the commands on held runs, on endpoints, and on what lands."""
    _add_approvals(commands)
    _add_rollback(commands)
    _add_intake(commands)


def _add_approvals(commands: Commands) -> None:
    approve = commands.add_operation("approve", "approve a held run", "run", RUN_HELP)
    approve.add_argument("--wait", action="store_true", help=WAIT_HELP)
    approve.add_argument(
        "--link",
        action="store_true",
        help="instead of approving, print a link with which another person decides, once",
    )
    commands.add_operation("reject", "reject a held run", "run", RUN_HELP)
    retry = commands.add_operation(
        "retry", "start another attempt of a run that ended without a promotion", "run", RUN_HELP
    )
    retry.add_argument(
        "--even-if-running", action="store_true", help="also if the job of the previous attempt may still run"
    )
    retry.add_argument("--wait", action="store_true", help=WAIT_HELP)


def _add_rollback(commands: Commands) -> None:
    endpoint_help = "the endpoint's name in routes.toml, or ROUTE/NAME"
    rollback = commands.add_operation(
        "rollback", "return to an earlier model, verified like a promotion", "endpoint", endpoint_help
    )
    rollback.add_argument(
        "--to",
        type=text,
        metavar="RUN",
        help="run whose model to return to; default: the one before the model in service",
    )
    rollback.add_argument("--no-wait", action="store_true", help="do not follow the rollback to its end")
    commands.add_operation("freeze", "stop promotions to an endpoint", "endpoint", endpoint_help)
    commands.add_operation("unfreeze", "allow promotions to an endpoint again", "endpoint", endpoint_help)


def _add_intake(commands: Commands) -> None:
    schema = commands.add_operation(
        "schema",
        "show the schema of a route's files, or change it",
        "route",
        "name of the route",
        module="schema",
    )
    schema.add_argument("--version", type=positive, metavar="N", help="show this version; default: the one in force")
    schema.add_argument(
        "--from", type=path, dest="source", metavar="FILE", help="put the Table Schema in this file in force"
    )
    schema.add_argument(
        "--accept",
        type=text,
        metavar="RUN",
        help="accept the form of a quarantined file, and try its run again; without --reason: say what that leads to",
    )
    schema.add_argument("--wait", action="store_true", help=f"with --accept: {WAIT_HELP}")
    forget = commands.add_operation(
        "forget",
        "delete every copy of a file and what was derived of it, and list the models that were trained on it",
        "blob",
        "name of the file in the input container",
        module="forget",
    )
    forget.add_argument("--cancel", action="store_true", help="cancel the jobs that read it")
