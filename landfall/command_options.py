"""The command line: each command with its options. A command's module is imported only when it is called."""

import argparse

from landfall.command_parser import Commands
from landfall.operation_options import RUN_HELP, WAIT_HELP, add_operations
from landfall.option_types import count, path, positive, text, whole


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = argparse.ArgumentParser(prog="landfall", description="Models retrain when data lands.")
    commands = Commands(parser)
    _add_stack(commands)
    _add_runs(commands)
    _add_decisions(commands)
    _add_submit(commands)
    _add_verify(commands)
    add_operations(commands)
    _add_outside_clock(commands)
    _add_check(commands)
    _add_doctor(commands)
    _add_package(commands)
    _add_demo(commands)
    _add_chaos(commands)
    return parser


def _add_stack(commands: Commands) -> None:
    up = commands.add_on_stack(
        "up",
        "start the local stack: Azurite, the studio and the functions host",
        "landfall.commands.up_down:up",
        json="",
    )
    up.add_argument(
        "--routes",
        type=path,
        metavar="FILE",
        help="routes file; default: the one of the last start, at first the example's routes.toml",
    )
    up.add_argument(
        "--experiment", type=path, action="append", metavar="FILE", help="experiment to publish; may be repeated"
    )
    up.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="app setting; may be repeated")
    up.add_argument("--no-studio", action="store_true", help="start no studio: the app settings name other services")
    up.add_argument(
        "--host",
        choices=("local", "func"),
        help="functions host: our own (local) or Core Tools (func); default: the variable LANDFALL_HOST, or local",
    )
    up.add_argument(
        "--replace", action="store_true", help="replace what the state folder remembers by the options given now"
    )
    up.add_argument("--detach", action="store_true", help="return once the stack is ready, and leave it running")
    commands.add_on_stack("down", "stop the local stack", "landfall.commands.up_down:down", json="")


def _add_runs(commands: Commands) -> None:
    runs = commands.add_on_stack("runs", "list runs, newest first", "landfall.commands.runs:runs")
    runs.add_argument("--route", type=text, metavar="R", help="only the runs of this route")
    runs.add_argument("--limit", type=positive, default=20, metavar="N", help="maximum number of runs; default: 20")
    show = commands.add_on_stack(
        "show", "show one run: its history, metrics and decision", "landfall.commands.runs:show"
    )
    show.add_argument("run", type=text, metavar="RUN", help=RUN_HELP)
    show.add_argument(
        "--links", action="store_true", help="also print links to its evaluation and model, valid for 15 minutes"
    )


def _add_decisions(commands: Commands) -> None:
    explain = commands.add_on_stack(
        "explain", "explain why a run was or was not promoted, on one screen", "landfall.commands.explain:explain"
    )
    explain.add_argument("run", type=text, metavar="RUN", help=RUN_HELP)
    gate = commands.add_on_stack(
        "gate", "replay stored decisions under another policy", "landfall.commands.replay_gates:gate"
    )
    gate.add_argument("run", type=text, metavar="RUN", nargs="?", help=RUN_HELP)
    gate.add_argument("--route", type=text, metavar="R", help="replay every decision of this route instead of a run's")
    gate.add_argument("--policy", type=path, required=True, metavar="FILE", help="TOML file with a route's policy keys")


def _add_submit(commands: Commands) -> None:
    submit = commands.add_on_stack(
        "submit", "upload a CSV to a route's folder of the input container", "landfall.commands.submit:submit"
    )
    submit.add_argument("file", type=path, metavar="FILE", help="file to upload")
    submit.add_argument("--route", type=text, required=True, metavar="R", help="name of the route")
    submit.add_argument(
        "--name",
        type=text,
        metavar="BLOB",
        help="name of the blob; default: the route's folder, the file's name and the time",
    )
    submit.add_argument("--wait", action="store_true", help=WAIT_HELP)


def _add_verify(commands: Commands) -> None:
    verify = commands.add_on_stack(
        "verify",
        "audit every file: its outcome, the runs that wait, and violated invariants",
        "landfall.commands.verify:verify",
    )
    verify.add_argument(
        "--settings",
        type=path,
        metavar="FILE",
        help="audit the system of these app settings (local.settings.json) instead of the local stack",
    )
    verify.add_argument(
        "--chain",
        action="store_true",
        help="also check the hash chain of every run's history: no entry was removed or edited",
    )


def _add_outside_clock(commands: Commands) -> None:
    target = "landfall.commands.outside_clock"
    tick = commands.add_on_stack("tick", "take every due step now, without waiting for the timer", f"{target}:tick")
    sweep = commands.add_on_stack(
        "sweep", "land the files that no event reported, and check the endpoints, now", f"{target}:sweep"
    )
    sweep.add_argument("--full", action="store_true", help="begin at the first file, not where the last sweep stopped")
    for parser in (tick, sweep):
        parser.add_argument(
            "--url",
            type=text,
            metavar="URL",
            help="an app in Azure instead of the local stack; its function key is in LANDFALL_KEY",
        )


def _add_doctor(commands: Commands) -> None:
    doctor = commands.add_on_stack(
        "doctor", "check the set-up, and say how to repair each problem", "landfall.commands.doctor:doctor"
    )
    doctor.add_argument(
        "--azure", action="store_true", help="check the app that azd deployed instead (needs the Azure CLI)"
    )
    doctor.add_argument(
        "--resource-group", type=text, metavar="GROUP", help="resource group of the app in Azure; default: azd's"
    )
    doctor.add_argument("--app", type=text, metavar="NAME", help="name of the function app, if the group has several")


def _add_check(commands: Commands) -> None:
    check = commands.add_on_stack(
        "check",
        "check routes.toml and the files that it names, without a call to any service",
        "landfall.commands.check:check",
    )
    check.add_argument(
        "--routes", type=path, metavar="FILE", help="routes file; default: the one that the stack or the settings name"
    )
    check.add_argument(
        "--settings",
        type=path,
        metavar="FILE",
        help="check with these app settings (local.settings.json) instead of the local stack's",
    )
    check.add_argument("--strict", action="store_true", help="exit status 4 also if there are only warnings")


def _add_package(commands: Commands) -> None:
    package = commands.add(
        "package",
        "list the files that are deployed to Azure, or write them to a zip",
        "landfall.commands.package:package",
    )
    package.add_argument("--out", type=path, metavar="FILE", help="zip to write")


def _add_demo(commands: Commands) -> None:
    demo = commands.add(
        "demo",
        "show how a CSV lands, a model trains, the gate decides and the endpoint is updated",
        "landfall.demo.command:demo",
        json="print one JSON document at the end, and nothing else",
    )
    demo.add_argument("--csv", type=path, metavar="FILE", help="use this data instead of the synthetic census")
    demo.add_argument("--label", type=text, metavar="COLUMN", help="column to predict, with --csv")
    demo.add_argument("--keep", type=path, metavar="DIR", help="keep the stack's data and logs in this empty folder")


def _add_chaos(commands: Commands) -> None:
    chaos = commands.add(
        "chaos",
        "inject faults and kills into a stack of its own, and audit it",
        "landfall.chaos.command:chaos",
        json="print one JSON document at the end",
    )
    chaos.add_argument(
        "--files", type=positive, default=200, metavar="N", help="number of files to upload; default: 200"
    )
    chaos.add_argument("--kills", type=count, default=100, metavar="N", help="number of kills; default: 100")
    chaos.add_argument("--seed", type=whole, default=7, metavar="N", help="seed of the schedule; default: 7")
    chaos.add_argument(
        "--training-set",
        choices=("file", "batch", "accumulate", "window"),
        help="have the route read its files and gather them so; default: each file is trained unread",
    )
    chaos.add_argument("--state", type=path, metavar="DIR", help="keep the stack's data and logs in this empty folder")
