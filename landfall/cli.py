"""The `landfall` command."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from landfall.stack.state import DEFAULT_STATE, StackError

type Command = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status, 0 only on success."""
    options = _parser().parse_args(arguments)
    command: Command = options.command
    try:
        return command(options)
    except StackError as error:
        print(f"landfall {options.command_name}: {error}", file=sys.stderr)  # noqa: T201 - this is a command
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="landfall", description="Models retrain when data lands: the local stack.")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def add(name: str, what: str, command: Command, *, state: bool = True) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=what, description=what)
        one.set_defaults(command=command, command_name=name)
        if state:
            one.add_argument("--state", type=Path, default=DEFAULT_STATE, metavar="DIR", help="default: .local")
        return one

    up = add("up", "start the local stack: Azurite, the studio, the functions host", _up)
    up.add_argument("--routes", type=Path, metavar="FILE", help="default: the example's routes.toml")
    up.add_argument("--experiment", type=Path, action="append", metavar="FILE", help="publish this; may be repeated")
    up.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="an app setting; may be repeated")
    up.add_argument("--no-studio", action="store_true", help="leave the studio out: the settings name other services")
    up.add_argument("--detach", action="store_true", help="return once everything answers")
    add("down", "end the local stack", _down)
    runs = add("runs", "list runs, newest first", _runs)
    runs.add_argument("--route", metavar="R", help="only this route's")
    runs.add_argument("--limit", type=int, default=20, metavar="N", help="default: 20")
    runs.add_argument("--json", action="store_true")
    show = add("show", "show one run: its history, metrics and decision", _show)
    show.add_argument("run", metavar="RUN", help="a run's id, or how it begins")
    show.add_argument("--json", action="store_true")
    explain = add("explain", "tell why a run was or was not promoted, on one screen", _explain)
    explain.add_argument("run", metavar="RUN", help="a run's id, or how it begins")
    explain.add_argument("--json", action="store_true")
    gate = add("gate", "show what another policy would have decided, from the stored decisions", _gate)
    gate.add_argument("run", metavar="RUN", nargs="?", help="a run's id, or how it begins")
    gate.add_argument("--route", metavar="R", help="instead of a run: every decision of this route")
    gate.add_argument("--policy", type=Path, required=True, metavar="FILE", help="TOML with a route's policy keys")
    gate.add_argument("--json", action="store_true")
    submit = add("submit", "drop a CSV into a route's folder of the input container", _submit)
    submit.add_argument("file", type=Path, metavar="FILE")
    submit.add_argument("--route", required=True, metavar="R")
    submit.add_argument("--name", metavar="BLOB", help="the blob's name; default: the file's, in the route's folder")
    submit.add_argument("--wait", action="store_true", help="follow the run to its end; 0 only if it is promoted")
    submit.add_argument("--json", action="store_true")
    verify = add(
        "verify", "audit every file: its outcome, what waits, and whether anything breaks the contract", _verify
    )
    verify.add_argument("--json", action="store_true")
    verify.add_argument(
        "--settings",
        type=Path,
        metavar="FILE",
        help="audit the system of these app settings (local.settings.json) instead",
    )
    verify.add_argument(
        "--chain",
        action="store_true",
        help="also check the hash chain of every run's history: nothing removed or edited",
    )
    demo = add("demo", "watch a CSV land, a model train, the gate decide, the endpoint get updated", _demo, state=False)
    demo.add_argument("--csv", type=Path, metavar="FILE", help="use this data instead of the made-up census")
    demo.add_argument("--label", metavar="COLUMN", help="the column to predict, with --csv")
    demo.add_argument("--json", action="store_true", help="print one JSON document at the end, and nothing else")
    demo.add_argument("--keep", type=Path, metavar="DIR", help="keep the stack's data and logs there")
    chaos = add("chaos", "torment a stack of its own by faults and kills, and audit it", _chaos, state=False)
    chaos.add_argument("--files", type=_positive, default=200, metavar="N", help="how many files to drop; default: 200")
    chaos.add_argument("--kills", type=_count, default=100, metavar="N", help="how often to kill; default: 100")
    chaos.add_argument("--seed", type=int, default=7, metavar="N", help="of everything that is drawn; default: 7")
    chaos.add_argument("--state", type=Path, metavar="DIR", help="keep the stack's data and logs in this empty folder")
    chaos.add_argument("--json", action="store_true", help="print one JSON document at the end")
    return parser


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"{number} is less than 0")
    return number


def _positive(text: str) -> int:
    number = _count(text)
    if not number:
        raise argparse.ArgumentTypeError("0 is less than 1")
    return number


# Each command's module is imported when it is called: `landfall --help` stays quick.


def _up(options: argparse.Namespace) -> int:
    from landfall.operations.stack import up  # noqa: PLC0415

    return up(options)


def _down(options: argparse.Namespace) -> int:
    from landfall.operations.stack import down  # noqa: PLC0415

    return down(options)


def _runs(options: argparse.Namespace) -> int:
    from landfall.operations.runs import runs  # noqa: PLC0415

    return runs(options)


def _show(options: argparse.Namespace) -> int:
    from landfall.operations.runs import show  # noqa: PLC0415

    return show(options)


def _explain(options: argparse.Namespace) -> int:
    from landfall.operations.explain import explain  # noqa: PLC0415

    return explain(options)


def _gate(options: argparse.Namespace) -> int:
    from landfall.operations.gate import gate  # noqa: PLC0415

    return gate(options)


def _submit(options: argparse.Namespace) -> int:
    from landfall.operations.submit import submit  # noqa: PLC0415

    return submit(options)


def _verify(options: argparse.Namespace) -> int:
    from landfall.operations.verify import verify  # noqa: PLC0415

    return verify(options)


def _demo(options: argparse.Namespace) -> int:
    from landfall.demo.command import demo  # noqa: PLC0415

    return demo(options)


def _chaos(options: argparse.Namespace) -> int:
    from landfall.chaos.command import chaos  # noqa: PLC0415

    return chaos(options)
