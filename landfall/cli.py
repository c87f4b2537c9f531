"""The `landfall` command."""

import sys

try:
    import argparse
    import importlib
    import os
    from collections.abc import Callable, Sequence

    from landfall.errors import CommandError, UsageError
    from landfall.exit_status import ExitStatus
    from landfall.interrupts import interruptible, record_signals
    from landfall.option_types import StoreAndMark, count, path, positive, text, whole
    from landfall.stack.stack_state import DEFAULT_STATE
    from shared.errors import LandfallError
    from shared.visible_text import visible
except KeyboardInterrupt:  # a Ctrl-C in the first moment, before main() can look after it
    sys.exit(130)

type Command = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status (`ExitStatus`, or 130 after Ctrl-C)."""
    try:
        try:
            return _run(arguments)
        finally:
            sys.stdout.flush()  # here, and not at the interpreter's end, a reader that is gone can still be told apart
    except BrokenPipeError:  # who read has seen enough, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitStatus.SUCCESS
    except KeyboardInterrupt:
        return 130


def _run(arguments: Sequence[str] | None) -> int:
    options = _parser().parse_args(arguments)
    try:
        return _command(options.command)(options)
    except BrokenPipeError:
        raise
    except UsageError as error:
        return _failed(options, str(error), ExitStatus.USAGE)
    except (CommandError, LandfallError) as error:
        return _failed(options, str(error), ExitStatus.FAILED)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _failed(options, f"{where}{error.strerror or error}", ExitStatus.FAILED)


def _command(where: str) -> Command:
    """Import a command, as `module:function`, when it is called: `landfall --help` stays quick."""
    module, _, function = where.partition(":")
    with record_signals(), interruptible():  # a Ctrl-C within an import may get lost otherwise
        command: Command = getattr(importlib.import_module(module), function)
    return command


def _failed(options: argparse.Namespace, why: str, status: ExitStatus) -> int:
    said = visible(why, keep="\n")  # several problems of one error stand on lines of their own
    print(f"landfall {options.command_name}: {said}", file=sys.stderr)  # noqa: T201 - this is a command
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="landfall", description="Models retrain when data lands: the local stack.")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def add(name: str, what: str, command: str, *, state: bool = True) -> argparse.ArgumentParser:
        # No option by its beginning: `verify --set` would be `--settings`, and a new option makes old scripts fail.
        one = commands.add_parser(name, help=what, description=what, allow_abbrev=False)
        one.set_defaults(command=command, command_name=name)
        if state:
            one.set_defaults(state_given=False)
            one.add_argument(
                "--state", type=path, action=StoreAndMark, default=DEFAULT_STATE, metavar="DIR", help="default: .local"
            )
        return one

    up = add("up", "start the local stack: Azurite, the studio, the functions host", "landfall.commands.up_down:up")
    up.add_argument(
        "--routes", type=path, metavar="FILE", help="default: as the last time, at first the example's routes.toml"
    )
    up.add_argument("--experiment", type=path, action="append", metavar="FILE", help="publish this; may be repeated")
    up.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="an app setting; may be repeated")
    up.add_argument("--no-studio", action="store_true", help="leave the studio out: the settings name other services")
    up.add_argument(
        "--host",
        choices=("local", "func"),
        help="what runs the app: our own host, or Core Tools; default: the variable LANDFALL_HOST, or local",
    )
    up.add_argument(
        "--replace", action="store_true", help="take what is given in place of what the state folder remembers"
    )
    up.add_argument("--detach", action="store_true", help="return once everything answers")
    add("down", "end the local stack", "landfall.commands.up_down:down")
    _looking(add)
    _operator(add)
    doctor = add(
        "doctor", "tell whether everything is set up as it must be, and what to do", "landfall.commands.doctor:doctor"
    )
    doctor.add_argument("--azure", action="store_true", help="look at the app deployed by azd instead (needs az)")
    doctor.add_argument(
        "--resource-group", type=text, metavar="GROUP", help="look at the app in this one; default: azd's"
    )
    doctor.add_argument("--app", type=text, metavar="NAME", help="the function app, if that group has several")
    doctor.add_argument("--json", action="store_true")
    package = add(
        "package",
        "list what is deployed to Azure, or write it to a zip",
        "landfall.commands.package:package",
        state=False,
    )
    package.add_argument("--out", type=path, metavar="FILE", help="write it to this zip")
    package.add_argument("--json", action="store_true")
    demo = add(
        "demo",
        "watch a CSV land, a model train, the gate decide, the endpoint get updated",
        "landfall.demo.command:demo",
        state=False,
    )
    demo.add_argument("--csv", type=path, metavar="FILE", help="use this data instead of the made-up census")
    demo.add_argument("--label", type=text, metavar="COLUMN", help="the column to predict, with --csv")
    demo.add_argument("--json", action="store_true", help="print one JSON document at the end, and nothing else")
    demo.add_argument("--keep", type=path, metavar="DIR", help="keep the stack's data and logs in this empty folder")
    chaos = add(
        "chaos",
        "torment a stack of its own by faults and kills, and audit it",
        "landfall.chaos.command:chaos",
        state=False,
    )
    chaos.add_argument("--files", type=positive, default=200, metavar="N", help="how many files to drop; default: 200")
    chaos.add_argument("--kills", type=count, default=100, metavar="N", help="how often to kill; default: 100")
    chaos.add_argument("--seed", type=whole, default=7, metavar="N", help="of everything that is drawn; default: 7")
    chaos.add_argument("--state", type=path, metavar="DIR", help="keep the stack's data and logs in this empty folder")
    chaos.add_argument("--json", action="store_true", help="print one JSON document at the end")
    return parser


def _looking(add: Callable[..., argparse.ArgumentParser]) -> None:
    """Add the commands that drop files and look at what became of them."""
    runs = add("runs", "list runs, newest first", "landfall.commands.runs:runs")
    runs.add_argument("--route", type=text, metavar="R", help="only this route's")
    runs.add_argument("--limit", type=positive, default=20, metavar="N", help="how many at most; default: 20")
    runs.add_argument("--json", action="store_true")
    show = add("show", "show one run: its history, metrics and decision", "landfall.commands.runs:show")
    show.add_argument("run", type=text, metavar="RUN", help="a run's id, or how it begins")
    show.add_argument("--links", action="store_true", help="fresh links to its evaluation and model, for 15 minutes")
    show.add_argument("--json", action="store_true")
    explain = add(
        "explain", "tell why a run was or was not promoted, on one screen", "landfall.commands.explain:explain"
    )
    explain.add_argument("run", type=text, metavar="RUN", help="a run's id, or how it begins")
    explain.add_argument("--json", action="store_true")
    gate = add(
        "gate",
        "show what another policy would have decided, from the stored decisions",
        "landfall.commands.replay_gates:gate",
    )
    gate.add_argument("run", type=text, metavar="RUN", nargs="?", help="a run's id, or how it begins")
    gate.add_argument("--route", type=text, metavar="R", help="instead of a run: every decision of this route")
    gate.add_argument("--policy", type=path, required=True, metavar="FILE", help="TOML with a route's policy keys")
    gate.add_argument("--json", action="store_true")
    submit = add("submit", "drop a CSV into a route's folder of the input container", "landfall.commands.submit:submit")
    submit.add_argument("file", type=path, metavar="FILE")
    submit.add_argument("--route", type=text, required=True, metavar="R")
    submit.add_argument(
        "--name", type=text, metavar="BLOB", help="the blob's name; default: the file's, in the route's folder"
    )
    submit.add_argument(
        "--wait", action="store_true", help="follow the run to its end; 3 unless it is promoted or unchanged"
    )
    submit.add_argument("--json", action="store_true")
    verify = add(
        "verify",
        "audit every file: its outcome, what waits, and whether anything breaks the contract",
        "landfall.commands.verify:verify",
    )
    verify.add_argument("--json", action="store_true")
    verify.add_argument(
        "--settings",
        type=path,
        metavar="FILE",
        help="audit the system of these app settings (local.settings.json) instead",
    )
    verify.add_argument(
        "--chain",
        action="store_true",
        help="also check the hash chain of every run's history: nothing removed or edited",
    )


def _operator(add: Callable[..., argparse.ArgumentParser]) -> None:
    """Add the commands by which an operator decides; the app carries them out."""

    def asking(name: str, what: str, command: str, subject: str) -> argparse.ArgumentParser:
        one = add(name, what, command)
        help_ = "a run's id, or how it begins" if subject == "run" else "its name in routes.toml, or ROUTE/NAME"
        one.add_argument(subject, type=text, metavar=subject.upper(), help=help_)
        one.add_argument("--reason", type=text, metavar="TEXT", help="why: it stands in the record")
        one.add_argument("--by", type=text, metavar="NAME", help="who; default: the user of this machine")
        one.add_argument("--json", action="store_true")
        return one

    approve = asking("approve", "approve a held run", "landfall.commands.operate:approve", "run")
    approve.add_argument(
        "--wait", action="store_true", help="follow the run to its end; 3 unless it is promoted or unchanged"
    )
    approve.add_argument(
        "--link", action="store_true", help="instead: a link with which somebody else may decide, once"
    )
    asking("reject", "reject a held run", "landfall.commands.operate:reject", "run")
    retry = asking(
        "retry", "have a run tried again that ended without a promotion", "landfall.commands.operate:retry", "run"
    )
    retry.add_argument("--even-if-running", action="store_true", help="also if the job before may still run")
    retry.add_argument("--wait", action="store_true", help="follow the run to its end; 0 only if it is promoted")
    rollback = asking(
        "rollback",
        "go back to an earlier model, verified as a promotion is",
        "landfall.commands.operate:rollback",
        "endpoint",
    )
    rollback.add_argument(
        "--to", type=text, metavar="RUN", help="whose model; default: the one before the model in service"
    )
    rollback.add_argument("--no-wait", action="store_true", help="do not follow it to its end")
    asking("freeze", "let no new model go to an endpoint", "landfall.commands.operate:freeze", "endpoint")
    asking(
        "unfreeze",
        "let new models go to an endpoint again",
        "landfall.commands.operate:unfreeze",
        "endpoint",
    )
